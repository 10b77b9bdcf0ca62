package dev.ha.etcd;

import java.net.URI;
import java.net.URISyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * Address of one server.
 *
 * @param host name or address; an IPv6 address in brackets
 * @param port its client port
 * @param scheme {@code http}, {@code https}, or empty where none was given
 */
record Endpoint(String host, int port, String scheme) {
    private static final int DEFAULT_PORT = 2379;

    static boolean isOne(String text) {
        return parse(text) != null;
    }

    static Endpoint of(String text) {
        Endpoint endpoint = parse(text);
        if (endpoint == null) {
            throw new IllegalArgumentException("no endpoint: " + text);
        }
        return endpoint;
    }

    private static @Nullable Endpoint parse(String text) {
        int end = text.indexOf("://");
        try {
            URI uri = new URI(end < 0 ? "none://" + text : text);
            String scheme = end < 0 ? "" : text.substring(0, end);
            boolean plain = uri.getHost() != null
                    && uri.getUserInfo() == null
                    && (uri.getPath() == null || uri.getPath().length() <= 1)
                    && uri.getQuery() == null
                    && uri.getFragment() == null
                    && uri.getPort() != 0
                    && uri.getPort() <= 65_535;
            boolean known = scheme.isEmpty() || scheme.equals("http") || scheme.equals("https");
            return plain && known
                    ? new Endpoint(uri.getHost(), uri.getPort() < 0 ? DEFAULT_PORT : uri.getPort(), scheme)
                    : null;
        } catch (URISyntaxException notOne) {
            return null;
        }
    }

    @Override
    public String toString() {
        return host + ":" + port;
    }
}
