package dev.ha.etcd;

import com.google.protobuf.ByteString;
import dev.ha.spi.SafeName;

/** Where the keys of one cluster are. */
final class Keys {
    private static final int LONGEST_NAME = 200;

    private final String cluster;

    Keys(String namespace, String clusterId) {
        this.cluster = namespace + "/" + SafeName.encode(clusterId, LONGEST_NAME) + "/";
    }

    /** What all keys of this cluster begin with. */
    String cluster() {
        return cluster;
    }

    /** Its mod revision revokes creations under that lease; dies with it. */
    ByteString gen(long lease) {
        return ByteString.copyFromUtf8(cluster + "gen/" + Long.toHexString(lease));
    }

    /** A key that nobody writes, to be read as proof of life. */
    ByteString probe() {
        return ByteString.copyFromUtf8(cluster + "probe");
    }

    /** One election. */
    ElectionKeys election(String name) {
        String encoded = SafeName.encode(name, LONGEST_NAME);
        return new ElectionKeys(name, cluster + "elections/" + encoded + "/", cluster + "entries/" + encoded + "/");
    }

    /** The end of the range of all keys that begin with {@code prefix}. */
    static ByteString endOf(String prefix) {
        return ByteString.copyFromUtf8(prefix.substring(0, prefix.length() - 1)
                + (char) (prefix.charAt(prefix.length() - 1)
                        + 1)); // it ends with a / or another character of a safe name
    }

    /**
     * The keys of one election.
     *
     * @param name its name
     * @param prefix of all but the entries
     * @param entries prefix of the entries, which watchers must not hear of
     */
    record ElectionKeys(String name, String prefix, String entries) {
        /** Holds the history id. */
        ByteString root() {
            return ByteString.copyFromUtf8(prefix + "root");
        }

        /** Holds the records, bound to a candidate. */
        ByteString record() {
            return ByteString.copyFromUtf8(prefix + "record");
        }

        /** The candidate of that nonce. */
        ByteString candidate(String nonce) {
            return ByteString.copyFromUtf8(prefix + "c/" + nonce);
        }

        /** Whether {@code key}, one of this election's, is a candidate's. */
        boolean isCandidate(ByteString key) {
            return key.size() > prefix.length() + 1
                    && key.byteAt(prefix.length()) == 'c'
                    && key.byteAt(prefix.length() + 1) == '/';
        }

        /** The nonce of a candidate's key. */
        String nonce(ByteString key) {
            return key.substring(prefix.length() + 2).toStringUtf8();
        }

        /** An entry. Its name can be told from its key, so it is never shortened. */
        ByteString entry(String entry) {
            return ByteString.copyFromUtf8(entries + SafeName.encode(entry, Integer.MAX_VALUE));
        }
    }
}
