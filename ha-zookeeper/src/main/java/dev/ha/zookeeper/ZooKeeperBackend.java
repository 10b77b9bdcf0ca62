package dev.ha.zookeeper;

import dev.ha.spi.BackendContext;
import dev.ha.spi.Candidacy;
import dev.ha.spi.Diagnosable;
import dev.ha.spi.Following;
import dev.ha.spi.HighAvailabilityBackend;
import dev.ha.spi.LeaderElectionDriver;
import dev.ha.spi.LeaderRetrievalDriver;
import dev.ha.spi.MetadataStore;
import dev.ha.zookeeper.Paths.ElectionPaths;
import java.util.List;
import java.util.concurrent.CompletionStage;

/** Mode {@code zookeeper}; the parts are put together here, and nothing else happens. */
final class ZooKeeperBackend implements HighAvailabilityBackend, Diagnosable {
    private final BackendContext context;
    private final Paths paths;
    private final Sessions sessions;
    private final Reaper reaper;
    private final Checks checks;

    ZooKeeperBackend(Settings settings, BackendContext context) {
        this(settings, context, Sessions.LIMIT);
    }

    /** {@code limit} is how many bytes of ephemeral paths a session may have. */
    ZooKeeperBackend(Settings settings, BackendContext context, int limit) {
        this.context = context;
        this.paths = new Paths(Paths.chroot(settings.quorum()), settings.root(), context.clusterId());
        this.sessions = new Sessions(settings, context, paths, limit);
        this.checks = new Checks(settings, paths, sessions);
        this.reaper = new Reaper(context);
    }

    @Override
    public LeaderElectionDriver elect(Candidacy candidacy) {
        ElectionPaths election = paths.election(candidacy.election());
        Session session = sessions.forCandidate(election.candidateBytes());
        CandidateDriver driver = new CandidateDriver(candidacy, election, session, sessions, reaper, context);
        session.join(driver);
        return driver;
    }

    @Override
    public LeaderRetrievalDriver retrieve(Following following) {
        FollowDriver driver = new FollowDriver(following, paths.election(following.election()), sessions, context);
        driver.start();
        return driver;
    }

    @Override
    public MetadataStore metadataStore(String election) {
        return new ZooKeeperEntries(paths.election(election), sessions);
    }

    @Override
    public List<Check> checks() {
        return checks.all();
    }

    /** How many candidates were given up and are not known to be gone. */
    int orphans() {
        return reaper.count();
    }

    @Override
    public CompletionStage<Void> close() {
        reaper.close();
        return sessions.close();
    }
}
