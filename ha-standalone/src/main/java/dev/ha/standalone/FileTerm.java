package dev.ha.standalone;

import dev.ha.LeadershipLostException;
import java.io.IOException;

/**
 * One win: its seal, and the two locks it rests on until it is over (SAFETY F2).
 *
 * @param seal written before the win
 * @param lock of the election
 * @param holder of this win alone; the next one can't begin while it is held
 * @param revision of its first record
 */
record FileTerm(FileSeal seal, LockFile lock, LockFile holder, long revision) {
    /** Whether both lock files are still those at their paths: if not, somebody else may lock others in their place. */
    boolean isInPlace() throws IOException {
        return lock.isInPlace() && holder.isInPlace();
    }

    LeadershipLostException lost(String why) {
        return new LeadershipLostException(
                "the grant with token " + seal.token() + " is over: " + why, seal.token(), 0);
    }

    /** Lets the next one win: its watchers see the holder file go, last of all. */
    void release() throws IOException {
        lock.close();
        holder.remove();
    }
}
