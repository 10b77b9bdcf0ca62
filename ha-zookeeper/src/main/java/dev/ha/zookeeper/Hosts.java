package dev.ha.zookeeper;

import dev.ha.spi.Moment;
import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.zookeeper.client.HostProvider;

/** Tells when the connection attempt that is going on began, and when all servers have been tried in vain. */
final class Hosts implements HostProvider {
    private final HostProvider servers;
    private final Supplier<Moment> clock;
    private final Consumer<String> inVain;
    private volatile Moment attempt;
    private int tried;
    private String unresolved = "";

    /** {@code inVain} is told after each round through all servers. */
    Hosts(HostProvider servers, Supplier<Moment> clock, Consumer<String> inVain) {
        this.servers = servers;
        this.clock = clock;
        this.inVain = inVain;
        this.attempt = clock.get();
    }

    /** Before the connection that exists or is attempted was opened: a session was created later than this. */
    Moment attempt() {
        return attempt;
    }

    @Override
    public int size() {
        return servers.size();
    }

    @Override
    public InetSocketAddress next(long spinDelay) {
        if (tried >= size()) {
            inVain.accept(
                    unresolved.isEmpty()
                            ? "none of the " + size() + " server(s) could be reached"
                            : "unknown host " + unresolved + ", and no other server could be reached");
            tried = 0;
        }
        InetSocketAddress next = servers.next(spinDelay);
        tried++;
        if (next.isUnresolved()) {
            unresolved = next.getHostString();
        }
        attempt = clock.get();
        return next;
    }

    @Override
    public void onConnected() {
        tried = 0;
        unresolved = "";
        servers.onConnected();
    }

    @Override
    public boolean updateServerList(Collection<InetSocketAddress> serverAddresses, InetSocketAddress currentHost) {
        return servers.updateServerList(serverAddresses, currentHost);
    }
}
