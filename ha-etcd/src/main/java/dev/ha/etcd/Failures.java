package dev.ha.etcd;

import dev.ha.HighAvailabilityException;
import dev.ha.OutcomeUnknownException;
import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.spi.EventLoop;
import io.grpc.Status;
import io.grpc.Status.Code;
import java.net.ConnectException;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;

/** What the statuses of gRPC and etcd mean for us. */
final class Failures {
    private static final String INVALID_TOKEN = "etcdserver: invalid auth token";
    private static final String OLD_AUTH_STORE = "etcdserver: revision of auth store is old";
    private static final String NO_LEADER = "etcdserver: no leader";
    private static final String NO_LEASE = "etcdserver: requested lease not found";

    private Failures() {}

    /** A request that was not even sent. */
    static UnavailableException notSent(String act, Reason reason, @Nullable Throwable cause) {
        String why = cause == null ? "there is no connection" : show(cause);
        return new UnavailableException(act + ": " + why + ", nothing was sent", reason, cause);
    }

    private static Status status(Throwable failure) {
        return Status.fromThrowable(failure); // of what has none: UNKNOWN
    }

    private static boolean says(Throwable failure, String message) {
        return message.equals(status(failure).getDescription());
    }

    /** The lease is gone in etcd, and all its keys. */
    static boolean isNoLease(Throwable failure) {
        return status(failure).getCode() == Code.NOT_FOUND || says(failure, NO_LEASE);
    }

    /** The token of a login is not good any more; another login may help. */
    static boolean isOldLogin(Throwable failure) {
        return says(failure, INVALID_TOKEN) || says(failure, OLD_AUTH_STORE);
    }

    /** Credentials or rights. */
    static boolean isDenied(Throwable failure) {
        Code code = status(failure).getCode();
        String text = String.valueOf(status(failure).getDescription());
        return code == Code.UNAUTHENTICATED
                || code == Code.PERMISSION_DENIED
                || isOldLogin(failure)
                || (code == Code.INVALID_ARGUMENT
                        && (text.contains("user name") || text.contains("authentication failed")))
                || (code == Code.FAILED_PRECONDITION && text.contains("authentication"))
                || isOfTls(failure);
    }

    /** The two sides do not agree on how to speak TLS, or did not up to some moment. */
    static boolean isOfTls(Throwable failure) {
        return hasCause(failure, SSLException.class);
    }

    private static boolean hasCause(Throwable failure, Class<? extends Throwable> kind) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (kind.isInstance(cause)) {
                return true;
            }
        }
        return false;
    }

    /** The server did not answer, or could not: another one might. */
    static boolean isOfServer(Throwable failure) {
        return switch (status(failure).getCode()) {
            case UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED, UNKNOWN, INTERNAL, ABORTED, DATA_LOSS -> true;
            default -> false;
        };
    }

    /** Refused by the server, or never sent: certainly not applied. A connection that breaks in TLS has carried requests, unless it breaks at the beginning. */
    private static boolean isRefusal(Throwable failure) {
        return !isOfServer(failure)
                || (isDenied(failure) && !isOfTls(failure))
                || hasCause(failure, SSLHandshakeException.class)
                || says(failure, NO_LEADER)
                || status(failure).getCause() instanceof ConnectException;
    }

    static Reason reason(Throwable failure) {
        return isDenied(failure) ? Reason.ACCESS_DENIED : Reason.CONNECTION_LOST;
    }

    /** Of a read: nothing could be changed by it. */
    static HighAvailabilityException ofRead(Throwable failure, String act) {
        Throwable inner = EventLoop.unwrap(failure);
        return inner instanceof HighAvailabilityException known
                ? known
                : new UnavailableException(act + ": " + show(inner), reason(inner), inner);
    }

    /** Of a fenced write: exactly one of the kinds that a driver may report. */
    static HighAvailabilityException ofWrite(Throwable failure, String act) {
        Throwable inner = EventLoop.unwrap(failure);
        if (inner instanceof HighAvailabilityException known) {
            return known;
        }
        return isRefusal(inner)
                ? new UnavailableException(act + ": " + show(inner), reason(inner), inner)
                : new OutcomeUnknownException(act + ": " + show(inner), inner);
    }

    /** Whether it says what became of the request. */
    static boolean isAnswer(Throwable failure) {
        Throwable inner = EventLoop.unwrap(failure);
        return inner instanceof HighAvailabilityException && !(inner instanceof UnavailableException);
    }

    /** Whether nobody can tell what became of the request. */
    static boolean isUnknown(Throwable failure) {
        Throwable inner = EventLoop.unwrap(failure);
        return !(inner instanceof HighAvailabilityException) && !isRefusal(inner);
    }

    /** Code, description and the innermost cause; the class names say nothing to an operator. */
    static String show(Throwable failure) {
        Throwable inner = EventLoop.unwrap(failure);
        if (inner instanceof HighAvailabilityException known) {
            return String.valueOf(known.getMessage());
        }
        Status status = status(inner);
        if (status.getCode() == Code.UNKNOWN && status.getDescription() == null) {
            return inner.toString();
        }
        Throwable cause = status.getCause();
        while (cause != null && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return status.getCode()
                + (status.getDescription() == null ? "" : " " + status.getDescription())
                + (cause == null ? "" : " (" + cause.getMessage() + ")");
    }
}
