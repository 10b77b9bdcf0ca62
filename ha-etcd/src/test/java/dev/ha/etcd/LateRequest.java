package dev.ha.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ha.tck.FaultProxy;
import dev.ha.tck.FaultProxy.Direction;
import dev.ha.tck.FaultProxy.Hold;
import dev.ha.tck.support.Waiting;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Two ways to one server. The first request that contains some text is held back on the way on which it is sent, so that its sender hears nothing, gives it up and
 * goes the other way; it arrives when it is told to, and nothing after it, such as that it was cancelled.
 */
final class LateRequest implements AutoCloseable {
    private final EtcdServers server;
    private final List<Way> ways;

    private static final class Way {
        private final FaultProxy proxy;
        private final AtomicBoolean released = new AtomicBoolean();
        private final Hold hold;

        Way(EtcdServers server, String text, AtomicBoolean caught) {
            proxy = FaultProxy.before(server.addresses().get(0));
            hold = proxy.hold(
                    Direction.TO_SERVER,
                    message -> new String(message, StandardCharsets.ISO_8859_1).contains(text)
                            && caught.compareAndSet(false, true));
            proxy.hold(Direction.TO_SERVER, message -> released.get());
        }
    }

    LateRequest(EtcdServers server, String text) {
        this.server = server;
        AtomicBoolean caught = new AtomicBoolean();
        this.ways = List.of(new Way(server, text, caught), new Way(server, text, caught));
    }

    String endpoints() {
        return "127.0.0.1:" + ways.get(0).proxy.address().getPort() + ",127.0.0.1:"
                + ways.get(1).proxy.address().getPort();
    }

    private Way taken() throws InterruptedException {
        Way[] found = new Way[1];
        Waiting.until(
                () -> {
                    for (Way way : ways) {
                        if (way.hold.awaitCaught(Duration.ZERO)) {
                            found[0] = way;
                        }
                    }
                    return found[0] != null;
                },
                () -> "the request");
        return found[0];
    }

    /** Waits until the request is under way. */
    void awaitSent() throws InterruptedException {
        assertThat(taken()).isNotNull();
    }

    /** Lets it arrive, and waits until the server has dealt with it. */
    void arrive() throws Exception {
        Way way = taken();
        long before = server.get(0).handled("Txn");
        way.released.set(true);
        way.hold.release();
        Waiting.until(() -> server.get(0).handled("Txn") > before, () -> "the request to be dealt with");
    }

    @Override
    public void close() {
        ways.forEach(way -> way.proxy.close());
    }
}
