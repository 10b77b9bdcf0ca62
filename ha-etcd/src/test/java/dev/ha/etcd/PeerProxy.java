package dev.ha.etcd;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the other servers of a cluster take for one of them. Holds bytes back by who has opened the connection: etcd's servers say so in the head of their first
 * request. Without this header (leases are passed on so) they are held back only with those of all.
 */
final class PeerProxy implements AutoCloseable {
    private static final Pattern FROM = Pattern.compile("(?i)X-Server-From: ([0-9a-f]+)");

    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final int target;
    /** Ids of servers whose requests are held back; {@code *} for all. */
    private final Set<String> requests = new HashSet<>();

    /** Ids of servers that get no answers; {@code *} for all. */
    private final Set<String> answers = new HashSet<>();

    private final List<Socket> sockets = new ArrayList<>();
    private volatile boolean closed;

    PeerProxy(int target) throws IOException {
        this.target = target;
        daemon(this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    /** Nothing that {@code server} sends on its connections comes through; {@code *} for all. */
    synchronized void holdRequests(String server) {
        requests.add(server);
    }

    /** Nothing comes back on the connections of {@code server}; {@code *} for all. */
    synchronized void holdAnswers(String server) {
        answers.add(server);
    }

    /** What was held back is delivered. */
    synchronized void heal() {
        requests.clear();
        answers.clear();
        notifyAll();
    }

    private synchronized void awaitFree(Set<String> held, String who) throws IOException {
        while (!closed && (held.contains("*") || held.contains(who))) {
            try {
                wait();
            } catch (InterruptedException end) {
                throw new IOException(end);
            }
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
            daemon(() -> pump(to, from, answers, who));
            if (length > 0) {
                awaitFree(requests, who);
                to.getOutputStream().write(first, 0, length);
                pump(from, to, requests, who);
            } else {
                close(to);
            }
        } catch (IOException refused) {
            close(from);
        }
    }

    private void pump(Socket from, Socket to, Set<String> held, String who) {
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] buffer = new byte[64 * 1024];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                awaitFree(held, who);
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
        synchronized (sockets) {
            sockets.forEach(PeerProxy::close);
        }
    }
}
