package dev.ha.etcd;

import dev.ha.tck.ServerData;
import dev.ha.tck.ServerNetwork;
import dev.ha.tck.ServerProcess;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the TCK is run on, and what it may do to it; nothing where it has only an address. */
interface TestedServers extends AutoCloseable {
    /** System property: servers of yours, {@code host:port} with commas between. They keep what tests write, below {@code /ha/tck-}. */
    String ADDRESS = "ha.test.etcd";

    List<InetSocketAddress> addresses();

    default List<ServerProcess> processes() {
        return List.of();
    }

    default Optional<ServerNetwork> network() {
        return Optional.empty();
    }

    default Optional<ServerData> data() {
        return Optional.empty();
    }

    @Override
    void close() throws IOException;

    /** One server: at the address that is given, else of the programs in the cache, else in a container. */
    static TestedServers find() throws Exception {
        Logger log = LoggerFactory.getLogger(TestedServers.class);
        String address = System.getProperty(ADDRESS);
        if (address != null) {
            log.info("The TCK runs on etcd at {} (-D{})", address, ADDRESS);
            return at(address);
        }
        if (EtcdServers.isInstalled(EtcdServers.NEW)) {
            log.info("The TCK runs on {}", EtcdServers.binaries(EtcdServers.NEW));
            return EtcdServers.start(1);
        }
        Optional<String> obstacle = EtcdContainer.obstacle();
        if (obstacle.isEmpty()) {
            log.info("The TCK runs on etcd in a container of {}", EtcdContainer.IMAGE);
            return EtcdContainer.create();
        }
        throw new IllegalStateException("no etcd to test on. Run bin/test-servers, which brings one into "
                + EtcdServers.binaries(EtcdServers.NEW) + "; or give -D" + ADDRESS + "=host:port; or use Docker, but "
                + obstacle.get());
    }

    /** Servers that are none of ours. */
    private static TestedServers at(String address) {
        List<InetSocketAddress> addresses = Stream.of(address.split(",", -1))
                .map(each -> URI.create("none://" + each.strip()))
                .peek(each -> {
                    if (each.getHost() == null || each.getPort() < 0) {
                        throw new IllegalArgumentException("-D" + ADDRESS + "=" + address
                                + " must be host:port, several with commas between, without http://");
                    }
                })
                .map(each -> new InetSocketAddress(each.getHost(), each.getPort()))
                .toList();
        return new TestedServers() {
            @Override
            public List<InetSocketAddress> addresses() {
                return addresses;
            }

            @Override
            public void close() {}
        };
    }
}
