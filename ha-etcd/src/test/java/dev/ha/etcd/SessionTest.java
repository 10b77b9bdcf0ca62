package dev.ha.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ha.tck.FaultProxy;
import dev.ha.tck.FaultProxy.Direction;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;

/** What a session believes and tells, without an engine around it that would hide it. */
@TestInstance(Lifecycle.PER_CLASS)
class SessionTest {
    private static final Duration TTL = Duration.ofSeconds(10);
    private EtcdServers server;
    private TestContext context = new TestContext();
    private Loop loop = new Loop(context);

    @BeforeAll
    void start() throws Exception {
        server = EtcdServers.start(1);
    }

    @AfterAll
    void stop() throws Exception {
        server.close();
    }

    @AfterEach
    void endContext() throws Exception {
        loop.close().join();
        context.close();
        context = new TestContext();
        loop = new Loop(context);
    }

    private Session session(Settings settings) {
        return new Session(settings, context, loop, new Keys("/ha", "session"));
    }

    private static boolean says(byte[] message, String text) {
        return new String(message, StandardCharsets.ISO_8859_1).contains(text);
    }

    @Test
    void aSuspensionWhileTheFirstLeaseIsAskedForIsNoTimeGained() throws Exception {
        try (FaultProxy proxy = FaultProxy.before(server.addresses().get(0))) {
            FaultProxy.Hold request =
                    proxy.hold(Direction.TO_SERVER, message -> says(message, "etcdserverpb.Lease/LeaseGrant"));
            Session session =
                    session(TestContext.settings("127.0.0.1:" + proxy.address().getPort(), TTL, Optional.empty()));
            loop.execute(session::tenure);
            assertThat(request.awaitCaught(Waiting.PATIENCE)).isTrue();
            context.suspended(Duration.ofSeconds(20));
            request.release();
            Waiting.until(() -> !context.leases.isEmpty(), () -> "a lease");
            assertThat(context.leases.get(0).isValid()).isFalse();
        }
    }
}
