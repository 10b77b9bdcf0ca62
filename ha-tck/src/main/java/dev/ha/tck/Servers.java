package dev.ha.tck;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.stream.IntStream;

/** The server processes of a backend in the hands of one test. */
final class Servers {
    private static final String FIXTURE = "this is the fixture's work, or the machine is too slow for these servers";

    private final HighAvailabilityFixture fixture;
    private final Expect expect;
    private final List<ServerProcess> all;

    Servers(HighAvailabilityFixture fixture, Expect expect) {
        this.fixture = fixture;
        this.expect = expect;
        this.all = fixture.serverProcesses();
        if (all.size() != fixture.servers().size()) {
            throw new IllegalStateException("the fixture has " + all.size() + " server processes for "
                    + fixture.servers().size() + " servers");
        }
        awaitAllWell();
    }

    /** What a test does to a server. */
    interface Harm {
        void run() throws Exception;
    }

    /** Does what only the fixture can. */
    void harm(Harm deed) {
        try {
            deed.run();
        } catch (Exception e) {
            throw new IllegalStateException("the fixture could not do that to its servers", e);
        }
    }

    int count() {
        return all.size();
    }

    /** The one that decides. */
    ServerProcess deciding() {
        return all.stream()
                .filter(ServerProcess::leads)
                .findFirst()
                .orElseThrow(() -> expect.broken("one of the servers decides", "none says so", FIXTURE));
    }

    /** One that does not decide. */
    ServerProcess following() {
        ServerProcess deciding = deciding();
        return all.stream().filter(server -> server != deciding).findFirst().orElseThrow();
    }

    /** Where clients reach that server, and no other. */
    List<InetSocketAddress> only(ServerProcess server) {
        return List.of(fixture.servers().get(all.indexOf(server)));
    }

    /** Where clients reach the others. */
    List<InetSocketAddress> allBut(ServerProcess server) {
        return IntStream.range(0, all.size())
                .filter(i -> all.get(i) != server)
                .mapToObj(fixture.servers()::get)
                .toList();
    }

    /** Waits until all serve, and one decides. */
    void awaitAllWell() {
        expect.within(
                TckTimeouts.servers(),
                () -> all.stream().allMatch(ServerProcess::serves)
                        && all.stream().anyMatch(ServerProcess::leads),
                "all servers serve",
                Expect.lazily(() -> all.stream().map(ServerProcess::serves).toList()),
                FIXTURE);
    }

    /** As if all machines lost their power at once, and got it back. */
    void killAndStartAll() {
        harm(() -> {
            for (ServerProcess server : all) {
                server.kill();
            }
            for (ServerProcess server : all) {
                server.start();
            }
        });
        awaitAllWell();
    }

    /** Ends all harm that was done, whatever it was, and waits until it has passed. */
    void repair() {
        harm(() -> {
            if (fixture.serverNetwork().isPresent()) {
                fixture.serverNetwork().get().heal();
            }
            for (ServerProcess server : all) {
                server.resume();
                server.start();
            }
        });
        awaitAllWell();
    }
}
