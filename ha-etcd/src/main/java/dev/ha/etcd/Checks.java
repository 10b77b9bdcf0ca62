package dev.ha.etcd;

import com.google.protobuf.ByteString;
import dev.ha.HighAvailabilityException;
import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.spi.Diagnosable.Check;
import dev.ha.spi.Nonce;
import io.etcd.jetcd.api.LeaseGrantRequest;
import io.etcd.jetcd.api.LeaseGrantResponse;
import io.etcd.jetcd.api.LeaseGrpc;
import io.etcd.jetcd.api.LeaseRevokeRequest;
import io.etcd.jetcd.api.TxnRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/** What this backend must meet, for {@code ha doctor}. Each check is bounded by a few request timeouts. */
final class Checks {
    private static final Duration PROBE_TTL = Duration.ofMinutes(1);

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

    /** Of each server, for any of them may lead etcd; one that does not answer is no reason to fail as long as another does. */
    private String version() throws Exception {
        List<String> found = new ArrayList<>();
        HighAvailabilityException silent = null;
        boolean old = false;
        for (Endpoint server : settings.endpoints()) {
            try {
                String version = await("asking " + server + " for its version", () -> session.connection()
                        .version(server));
                old |= !ServerVersion.of(version).keepsLeases();
                found.add(server + " " + version);
            } catch (HighAvailabilityException failure) {
                silent = failure;
                found.add(server + " does not answer");
            }
        }
        String all = String.join(", ", found);
        if (old) {
            throw new UnavailableException(all + ": older than " + ServerVersion.NEEDED, Reason.INITIAL, null);
        }
        if (silent != null && settings.endpoints().size() == 1) {
            throw silent;
        }
        return all;
    }

    /** On a lease, so that nothing stays if only half of it succeeds. */
    private String rights() throws Exception {
        ByteString probe = ByteString.copyFromUtf8(session.keys().cluster() + "probe-" + Nonce.fresh());
        LeaseGrantResponse lease = await("asking for a lease", () -> lease(PROBE_TTL));
        try {
            await("writing", () -> session.connection()
                    .txn(TxnRequest.newBuilder()
                            .addSuccess(Requests.put(probe, ByteString.EMPTY, lease.getID()))
                            .build())
                    .thenCompose(put -> session.connection()
                            .txn(TxnRequest.newBuilder()
                                    .addSuccess(Requests.get(probe))
                                    .addSuccess(Requests.delete(probe))
                                    .build())));
        } finally {
            await("revoking a lease", () -> revocation(lease).exceptionally(failure -> null)); // else it runs out
        }
        return "wrote, read and deleted";
    }

    private CompletableFuture<LeaseGrantResponse> lease(Duration ttl) {
        return session.connection()
                .call(
                        LeaseGrpc.getLeaseGrantMethod(),
                        LeaseGrantRequest.newBuilder().setTTL(ttl.toSeconds()).build(),
                        settings.requestTimeout());
    }

    private CompletableFuture<Void> revocation(LeaseGrantResponse lease) {
        return session.connection()
                .call(
                        LeaseGrpc.getLeaseRevokeMethod(),
                        LeaseRevokeRequest.newBuilder().setID(lease.getID()).build(),
                        settings.requestTimeout())
                .thenAccept(revoked -> {});
    }

    private String ttl() throws Exception {
        long asked = settings.leaseTtl().toSeconds();
        long granted = await("asking for a lease", () -> lease(settings.leaseTtl())
                .thenCompose(lease -> revocation(lease).thenApply(revoked -> lease.getTTL())));
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
