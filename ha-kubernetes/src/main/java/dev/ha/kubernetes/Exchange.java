package dev.ha.kubernetes;

import dev.ha.spi.BackendContext;
import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.HttpClient;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP exchange: head and body under one future, which whoever asks may complete to end it. With a listener the body of a successful answer is told
 * line by line as it comes, else it is collected.
 */
final class Exchange {
    /**
     * What came.
     *
     * @param retryAfter for how long it asks to be left alone
     */
    record Answer(int code, String body, Duration retryAfter) {
        boolean isSuccess() {
            return HttpResponse.isSuccessful(code);
        }
    }

    /** Of an answer, and of a line: a page of Leases that are as large as they may be fits well. */
    private static final int LONGEST = 32 * 1024 * 1024;

    private final CompletableFuture<Integer> head = new CompletableFuture<>();
    private final CompletableFuture<Answer> answer = new CompletableFuture<>();
    private final Consumer<String> lines;
    private final boolean streaming;
    private final CompletableFuture<Void> begun = new CompletableFuture<>();
    /** Of one thread at a time, as the client says what comes. */
    private final ByteArrayOutputStream pending = new ByteArrayOutputStream();

    private volatile boolean successful;

    private Exchange(Consumer<String> lines, boolean streaming) {
        this.lines = lines;
        this.streaming = streaming;
    }

    /** Sends {@code request}. */
    static Exchange send(BackendContext context, HttpClient http, HttpRequest request) {
        return new Exchange(line -> {}, false).begin(context, http, request);
    }

    /** Sends {@code request} and tells each line. */
    static Exchange stream(BackendContext context, HttpClient http, HttpRequest request, Consumer<String> lines) {
        return new Exchange(lines, true).begin(context, http, request);
    }

    /** Fabric8 asks for credentials in the thread that sends: it reads files, and runs programs for as long as they like. */
    private Exchange begin(BackendContext context, HttpClient http, HttpRequest request) {
        CompletionStage<@Nullable Void> unused = context.<@Nullable Void>blocking(() -> {
                    if (!answer.isDone()) {
                        begin(http, request);
                    }
                    return null;
                })
                .whenComplete((done, notSent) -> { // a token that can't be read, a client that is closed
                    if (notSent != null) {
                        fail(notSent);
                    }
                    begun.complete(null);
                });
        return this;
    }

    private void fail(Throwable failure) {
        Throwable shown = Failures.withoutCredentials(failure);
        head.completeExceptionally(shown);
        answer.completeExceptionally(shown);
    }

    private void begin(HttpClient http, HttpRequest request) {
        CompletableFuture<HttpResponse<AsyncBody>> call = http.consumeBytes(request, this::received);
        CompletableFuture<?> unused = call.whenComplete((response, failure) -> {
            if (failure != null) {
                fail(failure);
                return;
            }
            successful = response.isSuccessful();
            head.complete(response.code());
            AsyncBody body = response.body();
            CompletableFuture<?> unusedEnding = answer.whenComplete((done, ended) -> {
                if (ended != null) {
                    body.cancel(); // which closes the connection, that would be of no use any more
                }
            });
            CompletableFuture<?> unusedReading = body.done().whenComplete((done, broken) -> {
                if (broken == null) {
                    answer.complete(new Answer(
                            response.code(), pending.toString(StandardCharsets.UTF_8), retryAfter(response)));
                } else {
                    answer.completeExceptionally(broken);
                }
            });
            body.consume();
        });
    }

    /** As a number of seconds, the only form that Kubernetes uses. */
    private static Duration retryAfter(HttpResponse<?> response) {
        String seconds = response.header("Retry-After");
        return seconds != null && seconds.matches("[0-9]{1,6}")
                ? Duration.ofSeconds(Long.parseLong(seconds))
                : Duration.ZERO;
    }

    private void received(List<ByteBuffer> buffers, AsyncBody body) {
        for (ByteBuffer buffer : buffers) {
            while (buffer.hasRemaining()) {
                byte next = buffer.get();
                if (next == '\n' && streaming && successful) {
                    lines.accept(pending.toString(StandardCharsets.UTF_8));
                    pending.reset();
                } else if (pending.size() < LONGEST) {
                    pending.write(next);
                } else {
                    answer.completeExceptionally(new IOException("an answer of more than " + LONGEST + " bytes"));
                    body.cancel();
                    return;
                }
            }
        }
        body.consume();
    }

    /** When no thread is held by it any more. */
    CompletableFuture<Void> begun() {
        return begun;
    }

    /** The status, as soon as it is known. */
    CompletableFuture<Integer> head() {
        return head;
    }

    /** The whole answer. */
    CompletableFuture<Answer> answer() {
        return answer;
    }

    /** Nobody is interested any more. */
    void cancel(Throwable why) {
        answer.completeExceptionally(why);
    }
}
