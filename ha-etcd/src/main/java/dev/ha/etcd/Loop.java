package dev.ha.etcd;

import dev.ha.spi.BackendContext;
import dev.ha.spi.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The one thread of a backend: all channels do their I/O on it too. */
final class Loop extends EventLoop {
    private static final AtomicInteger COUNT = new AtomicInteger();

    Loop(BackendContext context) {
        super(context);
    }

    /** For channels. */
    EventLoopGroup group() {
        return (EventLoopGroup) thread();
    }

    @Override
    protected ExecutorService start() {
        int number = COUNT.incrementAndGet();
        return new NioEventLoopGroup(1, task -> {
            Thread thread = new Thread(task, "ha-etcd-" + number);
            thread.setDaemon(true);
            return thread;
        });
    }

    @Override
    protected CompletableFuture<Void> stop(ExecutorService thread) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        ((EventLoopGroup) thread).shutdownGracefully(0, 1, TimeUnit.SECONDS).addListener(ended -> done.complete(null));
        return done;
    }
}
