package dev.ha.cli;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.function.Function;

/** What commands about one election share. */
final class Elections {
    private Elections() {}

    /**
     * What {@code find} makes of {@code name}, which a user typed.
     *
     * @throws Misuse if it can't be a name
     */
    static <T> T named(String name, Function<String, T> find) {
        try {
            return find.apply(name);
        } catch (IllegalArgumentException bad) {
            throw new Misuse("NAME '" + name + "': " + bad.getMessage(), bad);
        }
    }

    /** Tells a person where the leader is, when its owner didn't say how to reach it. */
    static String addressOfThisProcess() {
        return hostName() + "/" + ProcessHandle.current().pid();
    }

    static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException nameless) {
            return "localhost";
        }
    }
}
