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
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ServerSocketFactory;
import javax.net.SocketFactory;

/**
 * A way to the API server, TLS at both ends, on which requests are readable for a {@link FaultProxy} in the middle, and come one after the other on each connection:
 * it speaks HTTP/1.1 only. The server is not told when a client hangs up, so a request that is held back and delivered when its sender is long gone is carried out.
 */
final class ClearWay implements AutoCloseable {
    private static final Pattern LENGTH = Pattern.compile("(?i)content-length: *(\\d+)");

    private static final Pattern REQUEST = Pattern.compile("(GET|PUT|POST) /.* HTTP/1.1");

    private final List<Refusal> refusals = new CopyOnWriteArrayList<>();
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private final Relay exit;
    private final FaultProxy proxy;
    private final Relay entrance;

    ClearWay(KubeServers servers) throws Exception {
        this(servers, false);
    }

    /** {@code tellsEnds}: whether the server hears of it after all when a client hangs up, so that many may. */
    ClearWay(KubeServers servers, boolean tellsEnds) throws Exception {
        exit = new Relay(
                ServerSocketFactory.getDefault(),
                servers.trusting().getSocketFactory(),
                servers.api().address(),
                tellsEnds);
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

    /** How many requests that begin with {@code line} have come so far. */
    long requests(String line) {
        return requests.stream().filter(each -> each.startsWith(line)).count();
    }

    /** Holds back the next request that begins with {@code line}, such as {@code "GET /api/"}; of one with a body, perhaps its head only. */
    Hold hold(String line) {
        return proxy.hold(
                Direction.TO_SERVER, message -> new String(message, StandardCharsets.ISO_8859_1).startsWith(line));
    }

    /** Holds back the next PUT or POST of a Lease, by its body, which may come apart from its head: what is caught is all there. */
    Hold hold(boolean put) {
        return proxy.hold(Direction.TO_SERVER, message -> {
            String text = new String(message, StandardCharsets.ISO_8859_1);
            return text.contains("\"kind\":\"Lease\"") && text.contains("\"resourceVersion\"") == put;
        });
    }

    /** From now on answers each request that begins with {@code line} with {@code code} and {@code message}, and the server hears nothing of it. */
    Refusal refuse(String line, int code, String message) {
        return refuse(line, code, message, "");
    }

    /** The same with more headers: each a line with its end. */
    Refusal refuse(String line, int code, String message, String headers) {
        Refusal refusal = new Refusal(line, code, message, headers);
        refusals.add(refusal);
        return refusal;
    }

    /** From now on keeps each request that begins with {@code line} and never answers it. */
    Refusal swallow(String line) {
        Refusal refusal = new Refusal(line);
        refusals.add(refusal);
        return refusal;
    }

    /** Requests that somebody on the way answers: a webhook, a server that is out of space. */
    final class Refusal implements AutoCloseable {
        private final String line;
        private final byte[] answer;
        private final List<Long> times = new CopyOnWriteArrayList<>();

        private Refusal(String line) {
            this.line = line;
            this.answer = new byte[0];
        }

        private Refusal(String line, int code, String message, String headers) {
            this.line = line;
            String status =
                    "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"code\":%d,\"message\":\"%s\"}"
                            .formatted(code, message);
            this.answer = ("HTTP/1.1 " + code + " Refused\r\n" + headers
                            + "Content-Type: application/json\r\nContent-Length: " + status.length() + "\r\n\r\n"
                            + status)
                    .getBytes(StandardCharsets.ISO_8859_1);
        }

        /** How many there were. */
        int count() {
            return times.size();
        }

        /** When they came. */
        List<Long> times() {
            return times;
        }

        @Override
        public void close() {
            refusals.remove(this);
        }
    }

    /** Whether {@code head}, which begins with a request, is answered here, its body read. */
    private boolean isRefused(byte[] head, InputStream in, OutputStream back) throws IOException {
        String text = new String(head, StandardCharsets.ISO_8859_1);
        String first = text.lines().findFirst().orElse("");
        if (REQUEST.matcher(first).matches()) {
            requests.add(first);
        }
        for (Refusal refusal : refusals) {
            if (text.startsWith(refusal.line)) {
                refusal.times.add(System.nanoTime());
                int end = text.indexOf("\r\n\r\n") + 4;
                Matcher length = LENGTH.matcher(text.substring(0, end));
                int body = length.find() ? Integer.parseInt(length.group(1)) : 0;
                in.readNBytes(Math.max(0, body - (text.length() - end)));
                back.write(refusal.answer);
                back.flush();
                return true;
            }
        }
        return false;
    }

    @Override
    public void close() throws IOException {
        entrance.close();
        proxy.close();
        exit.close();
    }

    /** Takes bytes off one kind of connection and puts them on another. */
    private final class Relay implements AutoCloseable {
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
                    if (!tellsEnd
                            || this != entrance
                            || !isRefused(Arrays.copyOf(buffer, read), in, from.getOutputStream())) {
                        out.write(buffer, 0, read);
                        out.flush();
                    }
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
