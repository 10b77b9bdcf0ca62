package dev.ha.standalone;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * Which lock files this JVM has open, so that none is ever opened twice: closing the second would drop the locks of the first (SAFETY F1). Shared by all
 * class loaders of the JVM, therefore kept in system properties, as texts only: any other value would break {@code Properties.store} and {@code list} for the
 * whole program. A few properties hold all, so that ten thousand locks don't mean ten thousand properties.
 */
final class JvmLocks {
    /** The one object of this name that all class loaders share. */
    static final Object MONITOR = "dev.ha.standalone.file.locks".intern();

    private static final String PROPERTY = "dev.ha.standalone.file.locks.";
    private static final int PROPERTIES = 64;
    /** What this copy of the class has open: stays true if the program replaces its system properties. */
    private static final Set<String> OWN = new HashSet<>();

    /** What a file was opened for. */
    enum Role {
        /** To be its holder. */
        HOLDER('h'),
        /** To see whether its holder lives. */
        VISITOR('v'),
        /** For what comes after its holder, who is gone: a visitor that has locked it. */
        HEIR('e');

        private final char mark;

        Role(char mark) {
            this.mark = mark;
        }
    }

    private JvmLocks() {}

    /** Claims the file of this key; false if this JVM has it open already. Before the file is opened. */
    static boolean claim(String fileKey, Role role) {
        synchronized (MONITOR) {
            String open = read(fileKey);
            if (OWN.contains(fileKey) || open.contains(entry(fileKey))) {
                return false;
            }
            OWN.add(fileKey);
            System.setProperty(property(fileKey), open + entry(fileKey) + role.mark);
            return true;
        }
    }

    /** Gives a claim back. After the file was closed. */
    static void release(String fileKey) {
        synchronized (MONITOR) {
            OWN.remove(fileKey);
            String open = read(fileKey);
            int at = open.indexOf(entry(fileKey));
            if (at < 0) {
                return;
            }
            String rest =
                    open.substring(0, at) + open.substring(at + entry(fileKey).length() + 1);
            if (rest.isEmpty()) {
                System.clearProperty(property(fileKey));
            } else {
                System.setProperty(property(fileKey), rest);
            }
        }
    }

    /** A visitor has become the heir. */
    static void inherit(String fileKey) {
        synchronized (MONITOR) {
            String open = read(fileKey);
            System.setProperty(
                    property(fileKey),
                    open.replace(entry(fileKey) + Role.VISITOR.mark, entry(fileKey) + Role.HEIR.mark));
        }
    }

    /** What this JVM has the file open for, if it has. */
    static Optional<Role> role(String fileKey) {
        synchronized (MONITOR) {
            String open = read(fileKey);
            return Arrays.stream(Role.values())
                    .filter(role -> open.contains(entry(fileKey) + role.mark))
                    .findFirst();
        }
    }

    private static String entry(String fileKey) {
        return " " + fileKey + "=";
    }

    private static String read(String fileKey) {
        return System.getProperty(property(fileKey), "");
    }

    private static String property(String fileKey) {
        return PROPERTY + Math.floorMod(fileKey.hashCode(), PROPERTIES);
    }
}
