package dev.ha.zookeeper;

import dev.ha.UnavailableException;
import dev.ha.spi.Diagnosable.Check;
import dev.ha.zookeeper.ZooKeeperOptions.Acl;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.Watcher;

/** What this backend must meet, for {@code ha doctor}. Each check is bounded by a few request timeouts. */
final class Checks {
    private final Settings settings;
    private final Paths paths;
    private final Sessions sessions;

    Checks(Settings settings, Paths paths, Sessions sessions) {
        this.settings = settings;
        this.paths = paths;
        this.sessions = sessions;
    }

    List<Check> all() {
        return List.of(
                new Check(
                        "ZooKeeper session",
                        this::session,
                        "Check high-availability.zookeeper.quorum, that its hosts can be resolved and reached, and the"
                                + " credentials; a server that asks for TLS answers nothing without"
                                + " high-availability.zookeeper.tls.enabled."),
                new Check(
                        "ZooKeeper commits writes",
                        this::commits,
                        "The ensemble has no quorum, or it is too slow: look at its servers' logs and disks."),
                new Check(
                        "ZooKeeper version",
                        this::version,
                        "Servers must be 3.6 or later: older ones have no persistent recursive watches."),
                new Check(
                        "rights below " + paths.cluster(),
                        this::rights,
                        "The credentials need all rights there: the nodes were created by somebody else, perhaps with"
                                + " high-availability.zookeeper.client.acl = creator."),
                new Check(
                        "session timeout",
                        this::timeout,
                        "Servers negotiate 2 to 20 of their ticks: change maxSessionTimeout or minSessionTimeout there,"
                                + " or high-availability.zookeeper.client.session-timeout here."));
    }

    private String session() throws Exception {
        long id = await(
                sessions.main(), "session", connection -> CompletableFuture.completedFuture(connection.sessionId()));
        return "0x" + Long.toHexString(id) + " at " + settings.quorum()
                + (settings.tls().isPresent() ? ", TLS" : "");
    }

    private String commits() throws Exception {
        Session main = sessions.main();
        await(main, "write", connection -> main.commit());
        return "a write of the session was committed";
    }

    private String version() throws Exception {
        Watcher nobody = event -> {};
        await(sessions.main(), "watch", connection -> connection
                .addWatch(paths.members(), nobody)
                .thenCompose(done -> connection.removeWatches(paths.members()))
                .thenCompose(done -> connection.multi(List.of(Op.getData(paths.members())))));
        return "3.6 or later";
    }

    private String rights() throws Exception {
        String probe = paths.members() + "/probe-" + CandidateName.newNonce();
        Session main = sessions.main();
        await(main, "probe", connection -> main.nodes()
                .createAll(paths.elections())
                .thenCompose(done -> connection.create(probe, new byte[0], CreateMode.EPHEMERAL))
                .thenCompose(node -> connection.setData(probe, new byte[0], 0))
                .thenCompose(stat -> connection.delete(probe)));
        return settings.acl() == Acl.OPEN
                ? "created, wrote and deleted; acl = open: anybody who reaches the servers can do so"
                : "created, wrote and deleted; acl = creator";
    }

    private String timeout() throws Exception {
        Session main = sessions.main();
        Duration negotiated = await(main, "timeout", connection -> CompletableFuture.completedFuture(main.timeout()));
        String detail = negotiated.toMillis() + " ms, asked for "
                + settings.sessionTimeout().toMillis() + " ms";
        if (negotiated.compareTo(settings.sessionTimeout()) > 0) {
            throw new UnavailableException("longer than wanted: " + detail, dev.ha.Reason.CONNECTION_LOST, null);
        }
        return detail;
    }

    private <T> T await(Session session, String act, Function<Connection, CompletableFuture<T>> request)
            throws Exception {
        CompletableFuture<T> answer = session.whenUsable(act, request);
        try {
            return answer.get(settings.connectionTimeout().toMillis() * 3, TimeUnit.MILLISECONDS);
        } catch (ExecutionException failure) {
            throw Failures.ofRead(failure.getCause() == null ? failure : failure.getCause(), act);
        } catch (TimeoutException late) {
            throw new UnavailableException(
                    act + ": no answer from " + settings.quorum(), dev.ha.Reason.CONNECTION_LOST, late);
        }
    }
}
