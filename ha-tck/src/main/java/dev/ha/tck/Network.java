package dev.ha.tck;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** The network between one process and all servers of a backend: one proxy before each, failing together. */
final class Network implements AutoCloseable {
    private final List<FaultProxy> proxies;

    Network(List<InetSocketAddress> servers) {
        proxies = servers.stream().map(FaultProxy::before).toList();
    }

    List<InetSocketAddress> addresses() {
        return proxies.stream().map(FaultProxy::address).toList();
    }

    void cut() {
        proxies.forEach(FaultProxy::cut);
    }

    void partition() {
        proxies.forEach(FaultProxy::partition);
    }

    void stall(FaultProxy.Direction direction) {
        proxies.forEach(proxy -> proxy.stall(direction));
    }

    void freeze(FaultProxy.Direction direction) {
        proxies.forEach(proxy -> proxy.freeze(direction));
    }

    void hangUp() {
        proxies.forEach(FaultProxy::hangUp);
    }

    void delay(FaultProxy.Direction direction, Duration delay) {
        proxies.forEach(proxy -> proxy.delay(direction, delay));
    }

    void resume() {
        proxies.forEach(FaultProxy::resume);
    }

    /** Holds back the message to a server that comes after {@code passed} others, and whatever follows it on its connection. */
    Held holdAfter(int passed) {
        AtomicInteger seen = new AtomicInteger();
        return new Held(proxies.stream()
                .map(proxy -> proxy.hold(FaultProxy.Direction.TO_SERVER, message -> seen.getAndIncrement() == passed))
                .toList());
    }

    /** One message that is held back. */
    static final class Held {
        private final List<FaultProxy.Hold> holds;

        private Held(List<FaultProxy.Hold> holds) {
            this.holds = holds;
        }

        boolean isCaught() {
            return holds.stream().anyMatch(FaultProxy.Hold::isCaught);
        }

        /** Delivers it, and what came after it. */
        void release() {
            holds.forEach(FaultProxy.Hold::release);
        }
    }

    long delivered(FaultProxy.Direction direction) {
        return proxies.stream().mapToLong(proxy -> proxy.delivered(direction)).sum();
    }

    int connections() {
        return proxies.stream().mapToInt(FaultProxy::connections).sum();
    }

    @Override
    public void close() {
        Consumer<FaultProxy> close = FaultProxy::close;
        proxies.forEach(close);
    }
}
