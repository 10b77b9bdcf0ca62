package dev.ha.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ha.tck.FaultProxy;
import dev.ha.tck.FaultProxy.Direction;
import dev.ha.tck.FaultProxy.Hold;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Two ways to one server. The first request that contains some text is held back on the way on which it is sent, so that its sender hears nothing, gives it up and
 * goes the other way; it arrives when it is told to, and nothing after it, such as that it was cancelled.
 */
final class LateRequest implements AutoCloseable {
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
        AtomicBoolean caught = new AtomicBoolean();
        ways = List.of(new Way(server, text, caught), new Way(server, text, caught));
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

    /** Lets it arrive, and waits until the server has answered. */
    void arrive() throws InterruptedException {
        Way way = taken();
        long answers = way.proxy.delivered(Direction.TO_CLIENT);
        long requests = way.proxy.delivered(Direction.TO_SERVER);
        way.released.set(true);
        way.hold.release();
        Waiting.until(() -> way.proxy.delivered(Direction.TO_SERVER) > requests, () -> "the request to arrive");
        Waiting.until(() -> way.proxy.delivered(Direction.TO_CLIENT) > answers, () -> "an answer to it");
    }

    @Override
    public void close() {
        ways.forEach(way -> way.proxy.close());
    }
}
