package dev.ha.kubernetes;

import dev.ha.kubernetes.Exchange.Answer;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;

/** The API server has answered, and not with what was asked for. */
final class Refused extends Exception {
    private static final long serialVersionUID = 1L;
    private static final int LONGEST = 500;
    private final int code;
    private final Duration retryAfter;

    /** {@code act} names verb and resource, {@code reason} is the server's, {@code retryAfter} zero if it names none. */
    Refused(String act, int code, String reason, Duration retryAfter) {
        super(act + ": " + code + (reason.isBlank() ? "" : " " + reason), null, false, false);
        this.code = code;
        this.retryAfter = retryAfter;
    }

    /** What {@code answer} says. */
    static Refused of(KubernetesClient client, String act, Answer answer) {
        String text = answer.body();
        try {
            Status status = client.getKubernetesSerialization().unmarshal(text, Status.class);
            text = status.getMessage() == null ? "" : shortened(status.getMessage());
        } catch (RuntimeException notOurs) {
            text = shortened(text); // of a proxy, perhaps
        }
        return new Refused(act, answer.code(), text, answer.retryAfter());
    }

    private static String shortened(String text) {
        return text.length() > LONGEST ? text.substring(0, LONGEST) : text;
    }

    int code() {
        return code;
    }

    Duration retryAfter() {
        return retryAfter;
    }
}
