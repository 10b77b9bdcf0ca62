package dev.ha;

import java.util.OptionalLong;

/** The act was refused because its leadership is over: locally, or by the backend (fenced). Nothing was changed. */
public final class LeadershipLostException extends HighAvailabilityException {
    private static final long serialVersionUID = 1L;
    private final long token;
    private final long newerToken;

    /** {@code newerToken} is 0 when the backend did not tell it. */
    public LeadershipLostException(String message, long token, long newerToken) {
        super(message, null);
        this.token = token;
        this.newerToken = newerToken;
    }

    /** Token of the refused act. */
    public long token() {
        return token;
    }

    /** Token that has overtaken it, where known. */
    public OptionalLong newerToken() {
        return newerToken == 0 ? OptionalLong.empty() : OptionalLong.of(newerToken);
    }
}
