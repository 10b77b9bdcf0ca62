package dev.ha.kubernetes;

import dev.ha.tck.FaultProxy;
import dev.ha.tck.FaultProxy.Direction;
import dev.ha.tck.FaultProxy.Hold;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ServerSocketFactory;
import javax.net.SocketFactory;

/**
 * A way to the API server, TLS at both ends, on which requests are readable for a {@link FaultProxy} in the middle, and come one after the other on each connection:
 * it speaks HTTP/1.1 only. The server is not told when a client hangs up, so a request that is held back and delivered when its sender is long gone is carried out.
 */
final class ClearWay implements AutoCloseable {
    private final Relay exit;
    private final FaultProxy proxy;
    private final Relay entrance;

    ClearWay(KubeServers servers) throws Exception {
        exit = new Relay(
                ServerSocketFactory.getDefault(),
                servers.trusting().getSocketFactory(),
                servers.api().address(),
                false);
        proxy = FaultProxy.before(exit.address());
        entrance =
                new Relay(servers.posing().getServerSocketFactory(), SocketFactory.getDefault(), proxy.address(), true);
    }

    /** Where clients connect. */
    InetSocketAddress address() {
        return entrance.address();
    }

    FaultProxy proxy() {
        return proxy;
    }

    /** How many requests the server has answered so far, whether anybody was there to hear it or not. */
    long answered() {
        return exit.answers.get();
    }

    /** Holds back the next PUT or POST of a Lease, by its body, which may come apart from its head: what is caught is all there. */
    Hold hold(boolean put) {
        return proxy.hold(Direction.TO_SERVER, message -> {
            String text = new String(message, StandardCharsets.ISO_8859_1);
            return text.contains("\"kind\":\"Lease\"") && text.contains("\"resourceVersion\"") == put;
        });
    }

    @Override
    public void close() throws IOException {
        entrance.close();
        proxy.close();
        exit.close();
    }

    /** Takes bytes off one kind of connection and puts them on another. */
    private static final class Relay implements AutoCloseable {
        private final ServerSocket listener;
        private final SocketFactory onward;
        private final InetSocketAddress next;
        private final boolean tellsEnds;
        private final AtomicLong answers = new AtomicLong();
        private final List<Socket> open = new CopyOnWriteArrayList<>();

        /** {@code tellsEnds}: whether whoever is next hears that the one before has said all. */
        Relay(ServerSocketFactory inward, SocketFactory onward, InetSocketAddress next, boolean tellsEnds)
                throws IOException {
            this.listener = inward.createServerSocket(0, 50, InetAddress.getLoopbackAddress());
            this.onward = onward;
            this.next = next;
            this.tellsEnds = tellsEnds;
            begin(this::accept);
        }

        InetSocketAddress address() {
            return new InetSocketAddress(listener.getInetAddress(), listener.getLocalPort());
        }

        private void begin(Runnable work) {
            Thread thread = new Thread(work, "relay-" + listener.getLocalPort());
            thread.setDaemon(true);
            thread.start();
        }

        private void accept() {
            try {
                while (true) {
                    Socket from = listener.accept();
                    open.add(from);
                    begin(() -> connect(from));
                }
            } catch (IOException listenerClosed) {
                // The only way to end accept().
            }
        }

        private void connect(Socket from) {
            try {
                Socket to = onward.createSocket(next.getAddress(), next.getPort());
                open.add(to);
                from.setTcpNoDelay(true);
                to.setTcpNoDelay(true);
                begin(() -> pump(to, from, true));
                pump(from, to, tellsEnds);
            } catch (IOException nobodyThere) {
                end(from);
            }
        }

        private void pump(Socket from, Socket to, boolean tellsEnd) {
            byte[] buffer = new byte[64 * 1024];
            try {
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream();
                for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                    if (new String(buffer, 0, read, StandardCharsets.ISO_8859_1).startsWith("HTTP/1.1 ")) {
                        answers.incrementAndGet(); // not an event of a watch
                    }
                    out.write(buffer, 0, read);
                    out.flush();
                }
            } catch (IOException broken) {
                // As good as an end.
            }
            if (tellsEnd) {
                end(to);
            }
        }

        private void end(Socket socket) {
            try {
                socket.close();
            } catch (IOException alreadyBroken) {
                // There is nothing left to close.
            }
            open.remove(socket);
        }

        @Override
        public void close() throws IOException {
            listener.close();
            open.forEach(this::end);
        }
    }
}
