package dev.ha.zookeeper;

import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/**
 * Name of a candidate's node: {@code c-<nonce>-<sequence>}. The nonce is 128 random bits, so that no other candidacy, ever, has a node of this name (SAFETY
 * Z3); the sequence is the server's counter of the parent, 32 bits and signed.
 *
 * @param text the whole name
 * @param nonce its random part
 * @param sequence its place in the queue
 */
record CandidateName(String text, String nonce, int sequence) {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final String START = "c-";
    private static final int NONCE_LENGTH = 22;
    private static final int SEQUENCE_LENGTH = 10;

    /** Characters of a name. */
    static final int LENGTH = START.length() + NONCE_LENGTH + 1 + SEQUENCE_LENGTH;

    /**
     * The largest Stat.cversion of a parent at which sequences can be compared (SAFETY Z6). The sequence is the number of creations so far, which comes to a halt at
     * 2^31 - 1, but Stat.cversion is another number: twice the creations less the children that are there, in 32 bits [src DataNode.copyStat]. Up to
     * this value there were at most 2^29 creations and half of the children; from about 2^30 creations on it is negative, and stays so, as twice
     * the last counter is still less than 2^32. So a value from 0 up to this one can't be a wrapped one.
     */
    static final int LAST_ORDERED = 1 << 30;

    /** A nonce nobody else has. */
    static String newNonce() {
        byte[] bits = new byte[16];
        RANDOM.nextBytes(bits);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bits);
    }

    /** The name up to the sequence. */
    static String prefix(String nonce) {
        return START + nonce + "-";
    }

    /** Empty for a node that is no candidate. */
    static Optional<CandidateName> parse(String text) {
        int at = START.length() + NONCE_LENGTH;
        if (text.length() < at + 2 || !text.startsWith(START) || text.charAt(at) != '-') {
            return Optional.empty();
        }
        try {
            return Optional.of(new CandidateName(
                    text, text.substring(START.length(), at), Integer.parseInt(text.substring(at + 1))));
        } catch (NumberFormatException notOurs) {
            return Optional.empty();
        }
    }

    /** The candidates among {@code children}, the first in the queue first. Valid up to {@link #LAST_ORDERED}. */
    static List<CandidateName> inOrder(List<String> children) {
        return children.stream()
                .flatMap(child -> parse(child).stream())
                .sorted((a, b) -> Integer.compare(a.sequence, b.sequence))
                .toList();
    }
}
