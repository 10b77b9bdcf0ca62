package dev.ha.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Lines in both directions between two processes. Ends for one as soon as the other has ended, in whatever way. One
 * thread may receive while others send, which streams over a channel don't allow.
 */
final class LineSocket implements AutoCloseable {
    private final SocketChannel channel;
    private final ByteBuffer received = ByteBuffer.allocate(1024).flip();

    LineSocket(SocketChannel channel) {
        this.channel = channel;
    }

    synchronized void send(String line) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /** The next line, or null when there will be none. For one thread. */
    @Nullable
    String receive() {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        try {
            while (true) {
                while (received.hasRemaining()) {
                    byte b = received.get();
                    if (b == '\n') {
                        return line.toString(StandardCharsets.UTF_8);
                    }
                    line.write(b);
                }
                received.clear();
                int count = channel.read(received);
                received.flip();
                if (count < 0) {
                    return null;
                }
            }
        } catch (IOException broken) {
            return null;
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
