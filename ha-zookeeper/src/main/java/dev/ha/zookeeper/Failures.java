package dev.ha.zookeeper;

import dev.ha.HighAvailabilityException;
import dev.ha.LeadershipLostException;
import dev.ha.OutcomeUnknownException;
import dev.ha.Reason;
import dev.ha.UnavailableException;
import java.util.concurrent.CompletionException;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.KeeperException.Code;

/** What ZooKeeper's result codes mean for us. */
final class Failures {
    private Failures() {}

    /** A request that was not even sent, as there is no connection. */
    static UnavailableException notSent(String act, Reason reason) {
        return new UnavailableException(act + ": there is no connection, nothing was sent", reason, null);
    }

    /** Without the JDK's wrapping. */
    static Throwable unwrap(Throwable failure) {
        Throwable inner = failure;
        while (inner instanceof CompletionException && inner.getCause() != null) {
            inner = inner.getCause();
        }
        return inner;
    }

    /** The result code, if that is what failed; otherwise {@link Code#SYSTEMERROR}. */
    static Code code(Throwable failure) {
        return unwrap(failure) instanceof KeeperException keeper ? keeper.code() : Code.SYSTEMERROR;
    }

    /** Credentials or rights. */
    static boolean isDenied(Throwable failure) {
        Code code = code(failure);
        return code == Code.NOAUTH
                || code == Code.AUTHFAILED
                || code == Code.INVALIDACL
                || code == Code.SESSIONCLOSEDREQUIRESASLAUTH;
    }

    /** Refused by the server, or never sent: certainly not applied. */
    private static boolean isRefusal(Throwable failure) {
        return switch (code(failure)) {
            case CONNECTIONLOSS, OPERATIONTIMEOUT, REQUESTTIMEOUT, SYSTEMERROR, RUNTIMEINCONSISTENCY, UNKNOWNSESSION ->
                false;
            default -> true;
        };
    }

    /** The server heard us and says no, to whatever session asks. */
    static boolean isRefused(Throwable failure) {
        return isRefusal(failure) && code(failure) != Code.SESSIONEXPIRED && code(failure) != Code.SESSIONMOVED;
    }

    static Reason reason(Throwable failure) {
        return isDenied(failure) ? Reason.ACCESS_DENIED : Reason.CONNECTION_LOST;
    }

    /** Of a read: nothing could be changed by it. */
    static HighAvailabilityException ofRead(Throwable failure, String act) {
        Throwable inner = unwrap(failure);
        return inner instanceof HighAvailabilityException known
                ? known
                : new UnavailableException(act + ": " + show(inner), reason(inner), inner);
    }

    /** Of a fenced write with {@code token}: exactly one of the kinds that a driver may report. */
    static HighAvailabilityException ofWrite(Throwable failure, String act, long token) {
        Throwable inner = unwrap(failure);
        if (inner instanceof HighAvailabilityException known) {
            return known;
        }
        if (code(inner) == Code.SESSIONEXPIRED) {
            return new LeadershipLostException(act + ": the session is over", token, 0);
        }
        return isRefusal(inner)
                ? new UnavailableException(act + ": " + show(inner), reason(inner), inner)
                : new OutcomeUnknownException(act + ": " + show(inner), inner);
    }

    /** Without the class name that says nothing to an operator. */
    static String show(Throwable failure) {
        return failure instanceof KeeperException keeper
                ? keeper.code() + (keeper.getPath() == null ? "" : " for " + keeper.getPath())
                : failure.toString();
    }
}
