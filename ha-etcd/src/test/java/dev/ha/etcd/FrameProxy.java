package dev.ha.etcd;

import java.io.DataInputStream;
import java.io.DataOutputStream;
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

/**
 * A way to one server that does harm to single streams of a connection, which no proxy of bytes can: a message is lost, or its stream is reset, and all else on the
 * connection goes on. Knows no more than the heads of HTTP/2 frames.
 */
final class FrameProxy implements AutoCloseable {
    private static final int DATA = 0;
    private static final int RST_STREAM = 3;
    private static final int INTERNAL_ERROR = 2;
    private static final int HEAD = 9;

    /** What becomes of a frame with data. */
    enum Fate {
        PASS,
        LOSE,
        RESET
    }

    /** Decides on a frame with data from the server. */
    interface Judge {
        /** {@code stream} is the id of the stream, which no two of one connection share; {@code text} has a character for each byte. */
        Fate of(int stream, String text);
    }

    private final InetSocketAddress server;
    private final Judge judge;
    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();

    FrameProxy(InetSocketAddress server, Judge judge) throws IOException {
        this.server = server;
        this.judge = judge;
        daemon(this::accept);
    }

    String endpoint() {
        return "127.0.0.1:" + listener.getLocalPort();
    }

    /** How many connections there have been. */
    int connections() {
        return sockets.size() / 2;
    }

    private static void daemon(Runnable work) {
        Thread thread = new Thread(work, "frame-proxy");
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        try {
            while (true) {
                Socket from = listener.accept();
                Socket to = new Socket(server.getAddress(), server.getPort());
                from.setTcpNoDelay(true);
                to.setTcpNoDelay(true);
                sockets.addAll(List.of(from, to));
                daemon(() -> pump(from, to, this::bytes));
                daemon(() -> pump(to, from, this::frames));
            }
        } catch (IOException closed) {
            // The only way to end it.
        }
    }

    private interface Way {
        void go(InputStream in, OutputStream out) throws IOException;
    }

    private static void pump(Socket from, Socket to, Way way) {
        try (from;
                to) {
            way.go(from.getInputStream(), to.getOutputStream());
        } catch (IOException broken) {
            // Both are closed.
        }
    }

    private void bytes(InputStream in, OutputStream out) throws IOException {
        in.transferTo(out);
    }

    private void frames(InputStream in, OutputStream out) throws IOException {
        DataInputStream from = new DataInputStream(in);
        DataOutputStream to = new DataOutputStream(out);
        byte[] head = new byte[HEAD];
        while (true) {
            from.readFully(head);
            byte[] body = new byte[(head[0] & 0xff) << 16 | (head[1] & 0xff) << 8 | (head[2] & 0xff)];
            from.readFully(body);
            int stream = (head[5] & 0x7f) << 24 | (head[6] & 0xff) << 16 | (head[7] & 0xff) << 8 | (head[8] & 0xff);
            Fate fate = head[3] == DATA ? judge.of(stream, new String(body, StandardCharsets.ISO_8859_1)) : Fate.PASS;
            if (fate == Fate.PASS) {
                to.write(head);
                to.write(body);
            } else if (fate == Fate.RESET) {
                to.write(new byte[] {0, 0, 4, RST_STREAM, 0});
                to.writeInt(stream);
                to.writeInt(INTERNAL_ERROR);
            }
            to.flush();
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
