package dev.ha.zookeeper;

/** An entry's version as text. */
final class EntryVersion {
    private EntryVersion() {}

    /** Never repeats for a name: a node that was deleted and made anew has another czxid. */
    static String of(long czxid, int version) {
        return Long.toHexString(czxid) + "-" + version;
    }

    /** The data version within {@code version}; -2, which no node has, for what is no version of ours. */
    static int dataVersion(String version) {
        try {
            return Integer.parseInt(version.substring(version.indexOf('-') + 1));
        } catch (NumberFormatException notOurs) {
            return -2;
        }
    }
}
