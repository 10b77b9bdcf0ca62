package dev.ha.spi;

import java.security.SecureRandom;
import java.util.Base64;

/** 128 random bits, so that no other candidacy, ever, has a key of this name (SAFETY E3). */
public final class Nonce {
    private static final SecureRandom RANDOM = new SecureRandom();

    private Nonce() {}

    /** Another one each time: letters, digits, {@code -} and {@code _}. */
    public static String fresh() {
        byte[] bits = new byte[16];
        RANDOM.nextBytes(bits);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bits);
    }
}
