package dev.ha.kubernetes;

/** The API server has answered, and not with what was asked for. */
final class Refused extends Exception {
    private static final long serialVersionUID = 1L;
    private final int code;

    /** {@code act} names verb and resource, {@code reason} is the server's. */
    Refused(String act, int code, String reason) {
        super(act + ": " + code + (reason.isBlank() ? "" : " " + reason), null, false, false);
        this.code = code;
    }

    int code() {
        return code;
    }
}
