package dev.ha.zookeeper;

import dev.ha.spi.SafeName;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.zookeeper.client.ConnectStringParser;

/** Where the nodes of one cluster are. */
final class Paths {
    private static final int LONGEST_NAME = 200;

    /** Of a text's length in a transaction. */
    private static final int LENGTH_BYTES = 4;

    private final int chrootBytes;
    private final String cluster;

    /** {@code chroot} is the path behind the servers in the connect string, which the servers put before all that we name; empty if there is none. */
    Paths(String chroot, String root, String clusterId) {
        this.chrootBytes = chroot.getBytes(StandardCharsets.UTF_8).length;
        this.cluster = root + "/" + SafeName.encode(clusterId, LONGEST_NAME);
    }

    /** The chroot of a connect string. */
    static String chroot(String quorum) {
        String chroot = new ConnectStringParser(quorum).getChrootPath();
        return chroot == null ? "" : chroot;
    }

    /** Of this cluster. */
    String cluster() {
        return cluster;
    }

    /** Parent of the sessions' own nodes. */
    String members() {
        return cluster + "/members";
    }

    /** Own node of a session: ephemeral, and set at each renewal. */
    String member(long sessionId) {
        return members() + "/" + Long.toHexString(sessionId);
    }

    /** Parent of all elections. */
    String elections() {
        return cluster + "/elections";
    }

    /** One election. */
    ElectionPaths election(String name) {
        return new ElectionPaths(name, elections() + "/" + SafeName.encode(name, LONGEST_NAME), chrootBytes);
    }

    /** {@code path} and all its ancestors, the topmost first. */
    static List<String> withAncestors(String path) {
        List<String> all = new ArrayList<>();
        for (int slash = path.indexOf('/', 1); slash > 0; slash = path.indexOf('/', slash + 1)) {
            all.add(path.substring(0, slash));
        }
        all.add(path);
        return all;
    }

    /**
     * The nodes of one election.
     *
     * @param name its name
     * @param node its node, which holds the history id
     * @param chrootBytes what the server's paths are longer
     */
    record ElectionPaths(String name, String node, int chrootBytes) {
        /** Holds the records, bound to a candidate. */
        String record() {
            return node + "/record";
        }

        /** Parent of the entries. */
        String entries() {
            return node + "/entries";
        }

        /** An entry. Its name can be told from its node's, so it is never shortened. */
        String entry(String entry) {
            return entries() + "/" + SafeName.encode(entry, Integer.MAX_VALUE);
        }

        /** The candidate of that name. */
        String candidate(String candidate) {
            return node + "/" + candidate;
        }

        /** What a candidate of {@code nonce} is created as; the server appends the sequence. */
        String newCandidate(String nonce) {
            return candidate(CandidateName.prefix(nonce));
        }

        /** Bytes of a candidate's path as the closing of its session has to carry it: the server's own path and its length (SAFETY Z2). */
        int candidateBytes() {
            return LENGTH_BYTES + chrootBytes + node.getBytes(StandardCharsets.UTF_8).length + 1 + CandidateName.LENGTH;
        }
    }
}
