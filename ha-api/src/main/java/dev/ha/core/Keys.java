package dev.ha.core;

import dev.ha.spi.Option;

/** Which keys an option stands for: its own, or all below it when it ends with an asterisk. */
final class Keys {
    private Keys() {}

    /** Whether {@code option} reads {@code key}, which is without the option's prefix. */
    static boolean covers(Option<?> option, String key) {
        String own = option.key();
        return own.equals(key)
                || (own.endsWith(".*")
                        && key.length() >= own.length()
                        && key.startsWith(own.substring(0, own.length() - 1)));
    }
}
