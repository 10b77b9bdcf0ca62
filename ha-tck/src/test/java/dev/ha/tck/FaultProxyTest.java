package dev.ha.tck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ha.tck.FaultProxy.Direction;
import dev.ha.tck.FaultProxy.Hold;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FaultProxyTest {
    private static final Duration SHORT = Duration.ofMillis(150);

    private final Echo server = new Echo();
    private final FaultProxy proxy = FaultProxy.before(server.address());

    @AfterEach
    void close() throws IOException {
        proxy.close();
        server.close();
    }

    @Test
    void passesOnInBothDirections() throws IOException {
        try (Client client = new Client(proxy)) {
            assertThat(client.ask("one")).isEqualTo("one");
            assertThat(client.ask("two")).isEqualTo("two");
        }
        assertThat(proxy.connections()).isEqualTo(1);
        assertThat(proxy.delivered(Direction.TO_SERVER)).isEqualTo(2);
        // An answer may be heard before it is counted.
        assertThat(Expect.await(TckTimeouts.patience(), () -> proxy.delivered(Direction.TO_CLIENT) == 2))
                .isTrue();
    }

    @Test
    void cutClosesAndRefusesUntilResumed() throws IOException {
        try (Client client = new Client(proxy)) {
            client.ask("one");
            proxy.cut();
            assertThat(client.hasEnded()).isTrue();
        }
        try (Client refused = new Client(proxy)) {
            assertThat(refused.hasEnded()).isTrue();
        }
        proxy.resume();
        try (Client client = new Client(proxy)) {
            assertThat(client.ask("two")).isEqualTo("two");
        }
    }

    @Test
    void patientlyWaitsForAServerThatComesUpLate() throws IOException {
        InetSocketAddress late;
        try (ServerSocket reserved = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            late = new InetSocketAddress(reserved.getInetAddress(), reserved.getLocalPort());
        }
        try (FaultProxy patient = FaultProxy.before(late, Duration.ofSeconds(30));
                Client client = new Client(patient)) {
            assertThat(client.isSilent()).as("connected, and not hung up on").isTrue();
            try (ServerSocket server = new ServerSocket(late.getPort(), 1, late.getAddress());
                    Socket accepted = server.accept()) {
                accepted.getOutputStream().write("at last\n".getBytes(StandardCharsets.UTF_8));
                assertThat(client.hear()).isEqualTo("at last");
            }
        }
    }

    @Test
    void greetsInOtherWordsAndRepeatsTheRest() throws IOException {
        proxy.greet(said -> "changed\n".getBytes(StandardCharsets.UTF_8));
        try (Client client = new Client(proxy)) {
            assertThat(client.ask("one")).isEqualTo("changed");
            assertThat(client.ask("two")).isEqualTo("two");
        }
    }

    @Test
    void stallToTheServerHoldsRequestsBack() throws IOException {
        try (Client client = new Client(proxy)) {
            client.ask("one");
            proxy.stall(Direction.TO_SERVER);
            client.say("two");
            assertThat(client.isSilent()).isTrue();
            assertThat(server.heard).containsExactly("one");
            proxy.resume();
            assertThat(client.hear()).isEqualTo("two");
        }
    }

    @Test
    void stallToTheClientHoldsAnswersBack() throws IOException {
        try (Client client = new Client(proxy)) {
            client.ask("one");
            proxy.stall(Direction.TO_CLIENT);
            client.say("two");
            assertThat(Expect.await(TckTimeouts.patience(), () -> server.heard.contains("two")))
                    .isTrue();
            assertThat(client.isSilent()).isTrue();
            proxy.resume();
            assertThat(client.hear()).isEqualTo("two");
        }
    }

    @Test
    void partitionStallsNewConnectionsToo() throws IOException {
        proxy.partition();
        try (Client client = new Client(proxy)) {
            client.say("one");
            assertThat(client.isSilent()).isTrue();
            proxy.resume();
            assertThat(client.hear()).isEqualTo("one");
        }
    }

    @Test
    void freezeLeavesNewConnectionsAlone() throws IOException {
        try (Client frozen = new Client(proxy)) {
            frozen.ask("one");
            proxy.freeze(Direction.TO_SERVER);
            frozen.say("late");
            try (Client other = new Client(proxy)) {
                assertThat(other.ask("two")).isEqualTo("two");
            }
            assertThat(server.heard).containsExactly("one", "two");
        }
    }

    @Test
    void whatIsHeldBackArrivesThoughTheClientIsGone() throws IOException {
        try (Client frozen = new Client(proxy)) {
            frozen.ask("one");
            proxy.freeze(Direction.TO_SERVER);
            frozen.say("late");
            assertThat(frozen.isSilent()).isTrue();
            proxy.hangUp();
            assertThat(frozen.hasEnded()).isTrue();
        }
        try (Client other = new Client(proxy)) {
            other.ask("two");
        }
        proxy.resume();
        assertThat(Expect.await(TckTimeouts.patience(), () -> server.heard.equals(List.of("one", "two", "late"))))
                .as("heard: %s", server.heard)
                .isTrue();
    }

    @Test
    void delayHoldsEachMessageBackForAWhile() throws IOException {
        try (Client client = new Client(proxy)) {
            client.ask("one");
            proxy.delay(Direction.TO_CLIENT, Duration.ofMillis(300));
            long before = System.nanoTime();
            client.ask("two");
            assertThat(Duration.ofNanos(System.nanoTime() - before)).isGreaterThanOrEqualTo(Duration.ofMillis(300));
        }
    }

    @Test
    void holdCatchesOneMessageAndWhatFollowsIt() throws IOException, InterruptedException {
        Hold hold =
                proxy.hold(Direction.TO_SERVER, bytes -> new String(bytes, StandardCharsets.UTF_8).contains("secret"));
        try (Client client = new Client(proxy);
                Client other = new Client(proxy)) {
            client.ask("one");
            client.say("secret");
            assertThat(hold.awaitCaught(TckTimeouts.patience())).isTrue();
            client.say("after");
            assertThat(other.ask("two")).isEqualTo("two");
            assertThat(server.heard).containsExactly("one", "two");
            hold.release();
            assertThat(client.hear()).isEqualTo("secret");
            assertThat(client.hear()).isEqualTo("after");
            assertThat(client.ask("secret again")).isEqualTo("secret again");
        }
    }

    @Test
    void holdSaysWhenNothingCame() throws InterruptedException {
        assertThat(proxy.hold(Direction.TO_SERVER, bytes -> true).awaitCaught(SHORT))
                .isFalse();
    }

    @Test
    void closeEndsAllThreads() throws IOException {
        String prefix = "tck-proxy-" + proxy.address().getPort();
        try (Client client = new Client(proxy)) {
            client.ask("one");
            assertThat(threads(prefix)).isPositive();
            proxy.close();
            assertThat(Expect.await(TckTimeouts.patience(), () -> threads(prefix) == 0))
                    .isTrue();
        }
        assertThatThrownBy(() -> new Client(proxy)).isInstanceOf(IOException.class);
    }

    private static long threads(String prefix) {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith(prefix))
                .count();
    }

    /** Says what it hears, line by line. */
    private static final class Echo {
        private final ServerSocket listener;
        private final List<String> heard = new CopyOnWriteArrayList<>();

        Echo() {
            try {
                listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            daemon(this::accept);
        }

        InetSocketAddress address() {
            return new InetSocketAddress(listener.getInetAddress(), listener.getLocalPort());
        }

        private void accept() {
            try {
                while (true) {
                    Socket socket = listener.accept();
                    daemon(() -> serve(socket));
                }
            } catch (IOException closed) {
                // The only way to end accept().
            }
        }

        private void serve(Socket socket) {
            try (BufferedReader in =
                            new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
                    PrintStream out = new PrintStream(socket.getOutputStream(), true, StandardCharsets.UTF_8)) {
                for (String line = in.readLine(); line != null; line = in.readLine()) {
                    heard.add(line);
                    out.println(line);
                }
            } catch (IOException clientIsGone) {
                // Nobody is there to answer.
            }
        }

        private static void daemon(Runnable work) {
            Thread thread = new Thread(work, "echo");
            thread.setDaemon(true);
            thread.start();
        }

        void close() throws IOException {
            listener.close();
        }
    }

    private static final class Client implements AutoCloseable {
        private final Socket socket;
        private final BufferedReader in;
        private final PrintStream out;

        Client(FaultProxy proxy) throws IOException {
            socket = new Socket(proxy.address().getAddress(), proxy.address().getPort());
            socket.setSoTimeout((int) TckTimeouts.patience().toMillis());
            in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            out = new PrintStream(socket.getOutputStream(), true, StandardCharsets.UTF_8);
        }

        void say(String line) {
            out.println(line);
        }

        String hear() throws IOException {
            return String.valueOf(in.readLine());
        }

        String ask(String line) throws IOException {
            say(line);
            return hear();
        }

        boolean isSilent() throws IOException {
            socket.setSoTimeout((int) SHORT.toMillis());
            try {
                in.mark(1);
                return in.read() < 0;
            } catch (SocketTimeoutException silent) {
                return true;
            } finally {
                socket.setSoTimeout((int) TckTimeouts.patience().toMillis());
            }
        }

        boolean hasEnded() {
            try {
                return in.readLine() == null;
            } catch (SocketTimeoutException open) {
                return false;
            } catch (IOException reset) {
                return true;
            }
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
