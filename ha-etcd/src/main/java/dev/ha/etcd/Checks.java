package dev.ha.etcd;

import com.google.protobuf.ByteString;
import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.spi.Diagnosable.Check;
import io.etcd.jetcd.api.LeaseGrantRequest;
import io.etcd.jetcd.api.LeaseGrpc;
import io.etcd.jetcd.api.LeaseRevokeRequest;
import io.etcd.jetcd.api.TxnRequest;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/** What this backend must meet, for {@code ha doctor}. Each check is bounded by a few request timeouts. */
final class Checks {
    private final Settings settings;
    private final Session session;

    Checks(Settings settings, Session session) {
        this.settings = settings;
        this.session = session;
    }

    List<Check> all() {
        return List.of(
                new Check(
                        "etcd answers, with a quorum",
                        this::answers,
                        "Check high-availability.etcd.endpoints, that its hosts can be resolved and reached, https:// and tls.* where the servers speak"
                                + " TLS, username and password where authentication is on, and that most of the servers run."),
                new Check(
                        "etcd version",
                        this::version,
                        "Upgrade the servers to " + ServerVersion.NEEDED
                                + " or later: older ones may revoke a lease that was renewed when etcd changes its leader, and two"
                                + " contenders may lead (rule 1.3)."),
                new Check(
                        "rights below " + session.keys().cluster(),
                        this::rights,
                        "The user's role needs readwrite there: etcdctl role grant-permission ROLE --prefix=true readwrite "
                                + session.keys().cluster()),
                new Check(
                        "lease TTL",
                        this::ttl,
                        "etcd raises TTLs below one and a half election timeouts: change --election-timeout there, or"
                                + " high-availability.etcd.lease-ttl here."));
    }

    private String answers() throws Exception {
        long revision = await("reading", () -> session.connection()
                .prove(settings.requestTimeout())
                .thenApply(answer -> answer.getHeader().getRevision()));
        return settings.servers() + " at revision " + revision
                + (settings.tls().isPresent() ? ", TLS" : "")
                + settings.login().map(login -> ", as " + login.username()).orElse("");
    }

    private String version() throws Exception {
        String version =
                await("asking for the version", () -> session.connection().version());
        if (!ServerVersion.of(version).keepsLeases()) {
            throw new UnavailableException(version + " is older than " + ServerVersion.NEEDED, Reason.INITIAL, null);
        }
        return version;
    }

    private String rights() throws Exception {
        ByteString probe = ByteString.copyFromUtf8(session.keys().cluster() + "probe-" + Nonce.fresh());
        await("writing", () -> session.connection()
                .txn(TxnRequest.newBuilder()
                        .addSuccess(Requests.put(probe, ByteString.EMPTY))
                        .build())
                .thenCompose(put -> session.connection()
                        .txn(TxnRequest.newBuilder()
                                .addSuccess(Requests.get(probe))
                                .addSuccess(Requests.delete(probe))
                                .build())));
        return "wrote, read and deleted";
    }

    private String ttl() throws Exception {
        long asked = settings.leaseTtl().toSeconds();
        long granted = await("asking for a lease", () -> session.connection()
                .call(
                        LeaseGrpc.getLeaseGrantMethod(),
                        LeaseGrantRequest.newBuilder().setTTL(asked).build(),
                        settings.requestTimeout())
                .thenCompose(lease -> session.connection()
                        .call(
                                LeaseGrpc.getLeaseRevokeMethod(),
                                LeaseRevokeRequest.newBuilder()
                                        .setID(lease.getID())
                                        .build(),
                                settings.requestTimeout())
                        .thenApply(revoked -> lease.getTTL())));
        if (granted > asked) {
            throw new UnavailableException(
                    "longer than wanted: " + granted + " s, asked for " + asked + " s", Reason.INITIAL, null);
        }
        return granted + " s";
    }

    private <T> T await(String act, Supplier<CompletableFuture<T>> request) throws Exception {
        CompletableFuture<T> answer =
                session.loop().submit(() -> session.whenUp(act).thenCompose(up -> request.get()));
        try {
            return answer.get(settings.requestTimeout().toMillis() * 3, TimeUnit.MILLISECONDS);
        } catch (ExecutionException failure) {
            throw Failures.ofRead(failure.getCause() == null ? failure : failure.getCause(), act);
        } catch (TimeoutException late) {
            throw new UnavailableException(
                    act + ": no answer from " + settings.servers(), Reason.CONNECTION_LOST, late);
        }
    }
}
