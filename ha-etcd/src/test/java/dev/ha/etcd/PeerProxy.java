package dev.ha.etcd;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the other servers of a cluster take for one of them. Silences single connections by who has opened them: etcd's servers say so in the head of their first
 * request. Without this header (leases are passed on so) they are silenced by whom they are for.
 */
final class PeerProxy implements AutoCloseable {
    private static final Pattern FROM = Pattern.compile("(?i)X-Server-From: ([0-9a-f]+)");

    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final int target;
    /** Ids of servers whose connections are silent; {@code *} for all. */
    private final Set<String> silenced = ConcurrentHashMap.newKeySet();

    private final List<Socket> sockets = new ArrayList<>();
    private volatile boolean closed;

    PeerProxy(int target) throws IOException {
        this.target = target;
        daemon(this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    /** Nothing of {@code server} comes through; {@code *} for all. */
    void silence(String server) {
        silenced.add(server);
    }

    /** All is well again, on new connections. */
    void heal() {
        silenced.clear();
        synchronized (sockets) {
            sockets.forEach(PeerProxy::close);
            sockets.clear();
        }
    }

    private static void daemon(Runnable work) {
        Thread thread = new Thread(work, "peer-proxy");
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        while (!closed) {
            try {
                Socket from = listener.accept();
                daemon(() -> serve(from));
            } catch (IOException done) {
                return;
            }
        }
    }

    private void serve(Socket from) {
        try {
            Socket to = new Socket(InetAddress.getLoopbackAddress(), target);
            synchronized (sockets) {
                sockets.add(from);
                sockets.add(to);
            }
            byte[] first = new byte[16 * 1024];
            int length = from.getInputStream().read(first);
            String head = new String(first, 0, Math.max(0, length), StandardCharsets.ISO_8859_1);
            Matcher named = FROM.matcher(head);
            String who = named.find() ? named.group(1) : "";
            daemon(() -> pump(to, from, who));
            if (length > 0 && !isSilent(who)) {
                to.getOutputStream().write(first, 0, length);
                pump(from, to, who);
            } else if (length <= 0) {
                close(to);
            }
        } catch (IOException refused) {
            close(from);
        }
    }

    private boolean isSilent(String who) {
        return silenced.contains("*") || silenced.contains(who);
    }

    /** What comes while it is silenced is lost, and the connection with it. */
    private void pump(Socket from, Socket to, String who) {
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] buffer = new byte[64 * 1024];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                if (isSilent(who)) {
                    return; // both sockets stay open, and nobody reads them
                }
                out.write(buffer, 0, read);
            }
            close(to);
        } catch (IOException broken) {
            close(from);
            close(to);
        }
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException gone) {
            // Good.
        }
    }

    @Override
    public void close() throws IOException {
        closed = true;
        listener.close();
        heal();
    }
}
