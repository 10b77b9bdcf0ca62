package dev.ha.kubernetes;

import dev.ha.HighAvailabilityException;
import dev.ha.OutcomeUnknownException;
import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.spi.EventLoop;
import java.net.ConnectException;
import java.net.http.HttpConnectTimeoutException;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.time.Duration;
import java.util.Set;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLPeerUnverifiedException;

/** What the answers of the API server, and their absence, mean for us. */
final class Failures {
    private static final int CONFLICT = 409;
    private static final int NOT_FOUND = 404;
    /**
     * What an API server says of a request that it has not carried out. Any other 4xx is of something on the way, that has perhaps given up waiting for the API
     * server (408, 425, 499): nobody knows what became of the request.
     */
    private static final Set<Integer> REFUSALS =
            Set.of(400, 401, 403, 404, 405, 406, 409, 410, 411, 412, 413, 414, 415, 422, 429, 431);

    private static final int GONE = 410;

    private Failures() {}

    private static int code(Throwable failure) {
        return EventLoop.unwrap(failure) instanceof Refused refused ? refused.code() : 0;
    }

    static boolean isNotFound(Throwable failure) {
        return code(failure) == NOT_FOUND;
    }

    /** Another resourceVersion or uid, or it exists. */
    static boolean isConflict(Throwable failure) {
        return code(failure) == CONFLICT;
    }

    /** The server no longer knows what happened since that resourceVersion. */
    static boolean isGone(Throwable failure) {
        return code(failure) == GONE;
    }

    /** Credentials, rights, or certificates. */
    static boolean isDenied(Throwable failure) {
        int code = code(failure);
        return code == 401 || code == 403 || hasCause(failure, GeneralSecurityException.class);
    }

    /** The two sides do not agree on how to speak TLS, or whom to trust. What breaks afterwards is a connection as any other. */
    static boolean isOfTls(Throwable failure) {
        return hasCause(failure, SSLHandshakeException.class)
                || hasCause(failure, SSLPeerUnverifiedException.class)
                || hasCause(failure, CertificateException.class);
    }

    /** The API server is there, able to answer, and has not done what was asked for. */
    static boolean isAnswer(Throwable failure) {
        int code = code(failure);
        return (code >= 300 && code < 400) || REFUSALS.contains(code);
    }

    /** For how long the server, or whoever answers for it, wants to be left alone; not at all if it does not say. */
    static Duration retryAfter(Throwable failure) {
        return EventLoop.unwrap(failure) instanceof Refused refused ? refused.retryAfter() : Duration.ZERO;
    }

    /** Somebody has answered, if only that it is ill: the API server, a webhook or a proxy before it. */
    static boolean isOfServer(Throwable failure) {
        return code(failure) > 0;
    }

    /** Whether nobody can tell what became of a write. */
    static boolean isUnknown(Throwable failure) {
        Throwable inner = EventLoop.unwrap(failure);
        if (inner instanceof HighAvailabilityException known) {
            return known instanceof OutcomeUnknownException;
        }
        return !isAnswer(inner)
                && !hasCause(inner, ConnectException.class)
                && !hasCause(inner, HttpConnectTimeoutException.class)
                && !hasCause(inner, SSLHandshakeException.class);
    }

    static Reason reason(Throwable failure) {
        return EventLoop.unwrap(failure) instanceof UnavailableException known
                ? known.reason()
                : isDenied(failure) ? Reason.ACCESS_DENIED : Reason.CONNECTION_LOST;
    }

    /** Of what has changed nothing. */
    static UnavailableException unavailable(Throwable failure, String act) {
        Throwable inner = EventLoop.unwrap(failure);
        return inner instanceof UnavailableException known
                ? known
                : new UnavailableException(act + ": " + show(inner), reason(inner), inner);
    }

    /** Of a read: nothing could be changed by it. */
    static HighAvailabilityException ofRead(Throwable failure, String act) {
        return EventLoop.unwrap(failure) instanceof HighAvailabilityException known ? known : unavailable(failure, act);
    }

    /** Of a fenced write: exactly one of the kinds that a driver may report. */
    static HighAvailabilityException ofWrite(Throwable failure, String act) {
        Throwable inner = EventLoop.unwrap(failure);
        if (inner instanceof HighAvailabilityException known) {
            return known;
        }
        return isUnknown(inner)
                ? new OutcomeUnknownException(act + ": " + show(inner), inner)
                : unavailable(inner, act);
    }

    /** The JDK's client quotes a header that it refuses to send, and so the token in it. */
    static Throwable withoutCredentials(Throwable failure) {
        return hasCause(failure, IllegalArgumentException.class)
                ? new UnavailableException(
                        "the request can't be built: is there a line break or a blank in the token, the namespace or the address of the server?",
                        Reason.ACCESS_DENIED,
                        null)
                : failure;
    }

    private static boolean hasCause(Throwable failure, Class<? extends Throwable> kind) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (kind.isInstance(cause)) {
                return true;
            }
        }
        return false;
    }

    /** What happened, for people: the first of all causes that says something. */
    static String show(Throwable failure) {
        Throwable inner = EventLoop.unwrap(failure);
        for (Throwable cause = inner; cause != null; cause = cause.getCause()) {
            String text = cause.getMessage();
            if (cause instanceof ConnectException) {
                return text == null || text.isBlank() ? "connection refused" : text;
            }
            if (text != null
                    && (cause.getCause() == null
                            || !text.equals(cause.getCause().toString()))) {
                return text;
            }
        }
        return inner.getClass().getSimpleName();
    }
}
