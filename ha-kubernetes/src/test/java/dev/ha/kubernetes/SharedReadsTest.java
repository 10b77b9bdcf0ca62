package dev.ha.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class SharedReadsTest {
    private final SharedReads<String, String> reads = new SharedReads<>();
    private final List<CompletableFuture<String>> sent = new ArrayList<>();

    private CompletableFuture<String> read() {
        return reads.read("x", () -> {
            CompletableFuture<String> request = new CompletableFuture<>();
            sent.add(request);
            return request;
        });
    }

    @Test
    void whoAsksWhileRequestsAreUnderWayIsAnsweredByALaterOne() {
        List<CompletableFuture<String>> asked = List.of(read(), read(), read(), read());
        assertThat(sent).hasSize(2);
        sent.get(1).complete("old");
        assertThat(asked.get(1)).isCompletedWithValue("old");
        assertThat(asked.get(2)).isNotDone();
        assertThat(sent).hasSize(3);
        sent.get(0).complete("older");
        assertThat(asked.get(3)).isNotDone();
        sent.get(2).complete("new");
        assertThat(asked.get(2)).isCompletedWithValue("new");
        assertThat(asked.get(3)).isCompletedWithValue("new");
        assertThat(sent).hasSize(3);
    }

    @Test
    void whoAsksAfterTheSharedOneWasSentGetsOneOfTheirOwn() {
        List<CompletableFuture<String>> unused = List.of(read(), read());
        CompletableFuture<String> early = read();
        sent.get(0).complete("old");
        assertThat(sent).hasSize(3);
        CompletableFuture<String> late = read();
        sent.get(2).complete("new");
        assertThat(early).isCompletedWithValue("new");
        assertThat(late).isNotDone();
        assertThat(sent).hasSize(4);
        sent.get(3).complete("newest");
        assertThat(late).isCompletedWithValue("newest");
    }

    @Test
    void aRequestThatFailsFailsThoseWhoShareItAndNoOthers() {
        List<CompletableFuture<String>> unused = List.of(read(), read());
        CompletableFuture<String> shared = read();
        sent.get(0).completeExceptionally(new IllegalStateException("lost"));
        assertThat(shared).isNotDone();
        sent.get(2).completeExceptionally(new IllegalStateException("lost, too"));
        assertThat(shared).isCompletedExceptionally();
        assertThat(read()).isNotDone();
        assertThat(sent).hasSize(4);
    }
}
