package dev.ha.etcd;

import dev.ha.etcd.Keys.ElectionKeys;
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

/** Mode {@code etcd}; the parts are put together here, and nothing else happens. */
final class EtcdBackend implements HighAvailabilityBackend, Diagnosable {
    private final Keys keys;
    private final Loop loop;
    private final Session session;
    private final Checks checks;

    EtcdBackend(Settings settings, BackendContext context) {
        this.keys = new Keys(settings.namespace(), context.clusterId());
        this.loop = new Loop(context);
        this.session = new Session(settings, context, loop, keys, Watches.REREAD);
        this.checks = new Checks(settings, session);
    }

    @Override
    public LeaderElectionDriver elect(Candidacy candidacy) {
        ElectionKeys election = keys.election(candidacy.election());
        CandidateDriver driver = new CandidateDriver(candidacy, election, session);
        loop.execute(driver::start);
        return driver;
    }

    @Override
    public LeaderRetrievalDriver retrieve(Following following) {
        FollowDriver driver = new FollowDriver(following, keys.election(following.election()), session);
        loop.execute(driver::start);
        return driver;
    }

    @Override
    public MetadataStore metadataStore(String election) {
        return new EtcdEntries(keys.election(election), session);
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
