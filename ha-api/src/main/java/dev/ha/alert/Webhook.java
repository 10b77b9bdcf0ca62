package dev.ha.alert;

import dev.ha.core.alert.WebhookSink;
import java.net.URI;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * A sink that posts alerts to a URL, as JSON: {@link LeaderChange#fields()} as one object, or a template. Not
 * thread-safe; what {@link #build()} makes is.
 *
 * <p>No answer within the timeout, a broken or refused connection (also one whose certificate is not trusted), 429 and
 * 5xx are tried again, as {@link DeliveryPolicy} and {@code Retry-After} say; every other answer that is not 2xx gives the
 * alert up. Redirects are not followed. Only scheme and host of the URL, and no value of a header, is ever logged or shown:
 * chat systems put a secret into the path.
 */
public final class Webhook {
    private final URI url;
    private final Map<String, String> headers = new LinkedHashMap<>();
    private Duration timeout = Duration.ofSeconds(10);
    private @Nullable String template;
    private @Nullable SSLContext tls;

    private Webhook(URI url) {
        this.url = url;
    }

    /** To {@code url}, which is {@code https} or {@code http}. */
    public static Webhook to(URI url) {
        return new Webhook(url);
    }

    /** One more header of each request; its value is a secret. */
    public Webhook header(String name, String value) {
        headers.put(name, value);
        return this;
    }

    /**
     * The body of each request, in which {@code ${name}} stands for the field of that name of
     * {@link LeaderChange#fields()}, escaped for a JSON string; what is not there is empty. Example:
     * {@code {"text": "${event}: ${text}"}}.
     */
    public Webhook template(String template) {
        this.template = template;
        return this;
    }

    /** How long one request may take in all, from the connection to the end of the answer. Default: 10 s. */
    public Webhook timeout(Duration timeout) {
        this.timeout = timeout;
        return this;
    }

    /** Whom to trust, and what to show. Default: what the JDK trusts. */
    public Webhook tls(SSLContext context) {
        this.tls = context;
        return this;
    }

    /**
     * The sink.
     *
     * @throws IllegalArgumentException for a URL, header, template or timeout that can't be used; names what is wrong and
     *     shows no secret
     */
    public AlertSink build() {
        return new WebhookSink(url, headers, template, timeout, tls);
    }
}
