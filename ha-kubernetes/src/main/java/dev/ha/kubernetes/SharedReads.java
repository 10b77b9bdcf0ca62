package dev.ha.kubernetes;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What users read, each thing by few requests however many ask. All who ask while those are under way share the next one, which is sent after the last of them
 * has asked: so it is as good as one of their own, and never the answer to an earlier question. On the loop only.
 */
final class SharedReads<K, T> {
    /** Two, so that nobody waits for a request that got lost. */
    private static final int AT_ONCE = 2;

    private final Map<K, Line> lines = new HashMap<>();

    private final class Line {
        private final K what;
        private int running;
        private @Nullable CompletableFuture<T> next;
        private Supplier<CompletableFuture<T>> request;

        Line(K what, Supplier<CompletableFuture<T>> request) {
            this.what = what;
            this.request = request;
        }

        CompletableFuture<T> ask() {
            if (running < AT_ONCE) {
                return send();
            }
            CompletableFuture<T> shared = next;
            if (shared == null) {
                shared = new CompletableFuture<>();
                next = shared;
            }
            return shared;
        }

        private CompletableFuture<T> send() {
            running++;
            CompletableFuture<T> sent = request.get();
            Loop.whenDone(sent, (value, failure) -> done());
            return sent;
        }

        private void done() {
            running--;
            CompletableFuture<T> shared = next;
            next = null;
            if (shared != null) {
                Loop.whenDone(send(), (value, failure) -> {
                    if (failure == null) {
                        shared.complete(value);
                    } else {
                        shared.completeExceptionally(failure);
                    }
                });
            } else if (running == 0) {
                lines.remove(what, this);
            }
        }
    }

    /** What {@code request} gives, sent now or later, by this one or another one who asks for {@code what}. */
    CompletableFuture<T> read(K what, Supplier<CompletableFuture<T>> request) {
        Line line = lines.computeIfAbsent(what, key -> new Line(key, request));
        line.request = request;
        return line.ask();
    }
}
