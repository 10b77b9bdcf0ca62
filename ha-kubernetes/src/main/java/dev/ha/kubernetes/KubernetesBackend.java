package dev.ha.kubernetes;

import dev.ha.spi.BackendContext;
import dev.ha.spi.Candidacy;
import dev.ha.spi.Diagnosable;
import dev.ha.spi.Following;
import dev.ha.spi.HighAvailabilityBackend;
import dev.ha.spi.LeaderElectionDriver;
import dev.ha.spi.LeaderRetrievalDriver;
import dev.ha.spi.MetadataStore;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Mode {@code kubernetes}; the parts are put together here, and nothing else happens. */
final class KubernetesBackend implements HighAvailabilityBackend, Diagnosable {
    private final BackendContext context;
    private final Loop loop;
    private final Session session;
    private final Checks checks;

    KubernetesBackend(Settings settings, BackendContext context) {
        this.context = context;
        this.loop = new Loop(context);
        this.session = new Session(settings, context, loop);
        this.checks = new Checks(session);
    }

    @Override
    public LeaderElectionDriver elect(Candidacy candidacy) {
        // Asking for the process looks its host up, which must not happen on the loop.
        CandidateDriver driver = new CandidateDriver(candidacy, session, context.processId());
        loop.execute(driver::start);
        return driver;
    }

    @Override
    public LeaderRetrievalDriver retrieve(Following following) {
        FollowDriver driver = new FollowDriver(following, session);
        loop.execute(driver::start);
        return driver;
    }

    @Override
    public MetadataStore metadataStore(String election) {
        return new KubernetesEntries(election, session);
    }

    @Override
    public List<Check> checks() {
        return checks.all();
    }

    @Override
    public CompletionStage<Void> close() {
        CompletableFuture<Void> closing = loop.isStarted()
                ? loop.submit(session::close).exceptionally(failure -> null)
                : CompletableFuture.completedFuture(null);
        return closing.thenCompose(done -> loop.close());
    }
}
