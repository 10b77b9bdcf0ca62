package dev.ha.kubernetes;

import io.fabric8.kubernetes.client.http.AsyncBody;
import io.fabric8.kubernetes.client.http.HttpClient;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * One HTTP exchange: head and body under one future, which whoever asks may complete to end it. With a listener the body of a successful answer is told
 * line by line as it comes, else it is collected.
 */
final class Exchange {
    /** What came. */
    record Answer(int code, String body) {
        boolean isSuccess() {
            return HttpResponse.isSuccessful(code);
        }
    }

    private final CompletableFuture<Integer> head = new CompletableFuture<>();
    private final CompletableFuture<Answer> answer = new CompletableFuture<>();
    private final Consumer<String> lines;
    private final boolean streaming;
    /** Of one thread at a time, as the client says what comes. */
    private final ByteArrayOutputStream pending = new ByteArrayOutputStream();

    private volatile boolean successful;

    private Exchange(Consumer<String> lines, boolean streaming) {
        this.lines = lines;
        this.streaming = streaming;
    }

    /** Sends {@code request}. */
    static Exchange send(HttpClient http, HttpRequest request) {
        return new Exchange(line -> {}, false).begin(http, request);
    }

    /** Sends {@code request} and tells each line. */
    static Exchange stream(HttpClient http, HttpRequest request, Consumer<String> lines) {
        return new Exchange(lines, true).begin(http, request);
    }

    private Exchange begin(HttpClient http, HttpRequest request) {
        CompletableFuture<HttpResponse<AsyncBody>> call;
        try {
            call = http.consumeBytes(request, this::received);
        } catch (RuntimeException notSent) { // a token that can't be read, a client that is closed
            head.completeExceptionally(notSent);
            answer.completeExceptionally(notSent);
            return this;
        }
        CompletableFuture<?> unused = call.whenComplete((response, failure) -> {
            if (failure != null) {
                head.completeExceptionally(failure);
                answer.completeExceptionally(failure);
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
                    answer.complete(new Answer(response.code(), pending.toString(StandardCharsets.UTF_8)));
                } else {
                    answer.completeExceptionally(broken);
                }
            });
            body.consume();
        });
        return this;
    }

    private void received(List<ByteBuffer> buffers, AsyncBody body) {
        for (ByteBuffer buffer : buffers) {
            while (buffer.hasRemaining()) {
                byte next = buffer.get();
                if (next == '\n' && streaming && successful) {
                    lines.accept(pending.toString(StandardCharsets.UTF_8));
                    pending.reset();
                } else {
                    pending.write(next);
                }
            }
        }
        body.consume();
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
