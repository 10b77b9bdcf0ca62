package dev.ha.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ha.spi.Moment;
import dev.ha.tck.support.TestContext;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Nobody who asks for a committed write waits for ever, and one is in flight at a time. */
class CommitsTest {
    private final TestContext context = new TestContext("", "commits", Map.of());
    private final Deque<Supplier<CompletableFuture<Void>>> writes = new ArrayDeque<>();
    private final List<Moment> committed = new ArrayList<>();
    private final Commits commits = new Commits(context, () -> writes.remove().get(), committed::add);

    @AfterEach
    void close() {
        context.close();
    }

    @Test
    void whoAsksWhileOneIsInFlightSharesTheNext() {
        CompletableFuture<Void> first = new CompletableFuture<>();
        CompletableFuture<Void> second = new CompletableFuture<>();
        writes.add(() -> first);
        writes.add(() -> second);
        CompletableFuture<Void> a = commits.next();
        CompletableFuture<Void> b = commits.next();
        CompletableFuture<Void> c = commits.next();
        assertThat(b).isSameAs(c);
        first.complete(null);
        assertThat(a).isCompleted();
        assertThat(b).isNotDone();
        second.complete(null);
        assertThat(b).isCompleted();
        assertThat(committed).hasSize(2);
        assertThat(commits.isInFlight()).isFalse();
    }

    @Test
    void aWriteThatThrowsFailsForThoseWhoWaitAndTheNextOneIsSent() {
        CompletableFuture<Void> first = new CompletableFuture<>();
        writes.add(() -> first);
        writes.add(() -> {
            throw new IllegalStateException("no client");
        });
        writes.add(() -> CompletableFuture.completedFuture(null));
        CompletableFuture<Void> a = commits.next();
        CompletableFuture<Void> b = commits.next();
        first.completeExceptionally(new IllegalStateException("lost"));
        assertThatThrownBy(a::join).hasMessageContaining("lost");
        assertThatThrownBy(b::join).hasMessageContaining("no client");
        assertThat(commits.next()).isCompleted();
        assertThat(committed).hasSize(1);
    }

    @Test
    void aThrowFromWhoIsToldFailsForThoseWhoWait() {
        Commits deaf = new Commits(context, () -> CompletableFuture.completedFuture(null), moment -> {
            throw new IllegalStateException("deaf");
        });
        assertThatThrownBy(() -> deaf.next().join()).hasMessageContaining("deaf");
        assertThat(deaf.isInFlight()).isFalse();
    }
}
