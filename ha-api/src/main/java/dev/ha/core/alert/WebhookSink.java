package dev.ha.core.alert;

import dev.ha.alert.AlertSink;
import dev.ha.alert.LeaderChange;
import dev.ha.alert.TryAgainException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Redirect;
import java.net.http.HttpClient.Version;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/** One POST for an alert; see {@link dev.ha.alert.Webhook}. The caller's thread waits for the answer. */
public final class WebhookSink implements AlertSink {
    private static final Pattern HEADER_NAME = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+");
    private static final Duration LONGEST = Duration.ofHours(1);

    private final String shown;
    private final HttpClient client;
    private final HttpRequest.Builder request;
    private final Duration timeout;
    private final Function<LeaderChange, String> body;

    /** As {@link dev.ha.alert.Webhook#build()}. */
    public WebhookSink(
            URI url,
            Map<String, String> headers,
            @Nullable String template,
            Duration timeout,
            @Nullable SSLContext tls) {
        this.shown = checked(url);
        if (timeout.isNegative() || timeout.isZero() || timeout.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(
                    "the timeout of the webhook is " + timeout + ": must be positive, and an hour at most");
        }
        this.timeout = timeout;
        this.body = template == null ? AlertText::json : AlertText.template(template);
        // HTTP/2 begins on plain connections with an upgrade that not every receiver understands.
        HttpClient.Builder builder = HttpClient.newBuilder()
                .version(Version.HTTP_1_1)
                .followRedirects(Redirect.NEVER)
                .connectTimeout(timeout);
        this.client = (tls == null ? builder : builder.sslContext(tls)).build();
        this.request = HttpRequest.newBuilder(url).timeout(timeout).header("Content-Type", "application/json");
        headers.forEach(this::header);
    }

    /** What may be shown of {@code url}. */
    private static String checked(URI url) {
        String scheme = String.valueOf(url.getScheme());
        boolean web = scheme.equalsIgnoreCase("https") || scheme.equalsIgnoreCase("http");
        if (!web || url.getHost() == null || url.getRawUserInfo() != null || url.getRawFragment() != null) {
            throw new IllegalArgumentException("the URL of the webhook (not shown, as it may hold a secret) must be"
                    + " http or https with a host, without user and password and without a fragment;"
                    + " a password belongs in a header");
        }
        return scheme + "://" + url.getHost() + (url.getPort() < 0 ? "" : ":" + url.getPort());
    }

    private void header(String name, String value) {
        boolean printable = value.chars().allMatch(c -> c == '\t' || (c >= ' ' && c < 0x7f));
        if (!HEADER_NAME.matcher(name).matches() || !printable) {
            throw new IllegalArgumentException(
                    "header '" + (HEADER_NAME.matcher(name).matches() ? name : "?")
                            + "' of the webhook must be a name and one line of ASCII characters");
        }
        try {
            request.setHeader(name, value);
        } catch (IllegalArgumentException reserved) {
            throw new IllegalArgumentException("header '" + name + "' of the webhook is one that the JDK sets itself");
        }
    }

    @Override
    public void deliver(LeaderChange change) throws TryAgainException, IOException, InterruptedException {
        HttpRequest post =
                request.copy().POST(BodyPublishers.ofString(body.apply(change))).build();
        CompletableFuture<HttpResponse<Void>> exchange = client.sendAsync(post, BodyHandlers.discarding());
        try {
            // The request's own timeout ends with the head of the answer.
            judge(exchange.get(timeout.toNanos(), TimeUnit.NANOSECONDS));
        } catch (TimeoutException late) {
            throw new TryAgainException("no answer from " + shown + " within " + timeout.toMillis() + " ms");
        } catch (ExecutionException failed) {
            Throwable cause = failed.getCause();
            String problem = shown + " can't be reached: " + describe(cause);
            if (cause instanceof IOException) {
                throw new TryAgainException(problem);
            }
            throw new IOException(problem);
        } finally {
            exchange.cancel(true);
        }
    }

    /** Without the causes, in which there might be the URL. */
    private static String describe(@Nullable Throwable failure) {
        if (failure == null) {
            return "unknown";
        }
        String message = failure.getMessage();
        return failure.getClass().getSimpleName() + (message == null ? "" : " (" + message + ")");
    }

    private void judge(HttpResponse<Void> response) throws TryAgainException, IOException {
        int status = response.statusCode();
        if (status / 100 == 2) {
            return;
        }
        String problem = shown + " answers with status " + status;
        if (status == 429 || status / 100 == 5) {
            throw new TryAgainException(problem, retryAfter(response).orElse(Duration.ZERO));
        }
        throw new IOException(status / 100 == 3 ? problem + ", and redirects are not followed" : problem);
    }

    /** In seconds, or as a date, which is compared with the server's own clock. */
    private static Optional<Duration> retryAfter(HttpResponse<Void> response) {
        String text = response.headers().firstValue("Retry-After").orElse("").strip();
        try {
            if (text.matches("[0-9]{1,9}")) {
                return Optional.of(Duration.ofSeconds(Long.parseLong(text)));
            }
            Instant now = date(response.headers().firstValue("Date").orElse(""));
            Duration wait = Duration.between(now, date(text));
            return wait.isNegative() ? Optional.empty() : Optional.of(wait);
        } catch (DateTimeException unreadable) {
            return Optional.empty();
        }
    }

    private static Instant date(String text) {
        return DateTimeFormatter.RFC_1123_DATE_TIME.parse(text, Instant::from);
    }

    @Override
    public String toString() {
        return "webhook at " + shown;
    }
}
