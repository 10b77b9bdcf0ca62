package dev.ha.zookeeper;

import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.spi.Change;
import dev.ha.spi.Change.Kind;
import dev.ha.spi.SafeName;
import dev.ha.zookeeper.Paths.ElectionPaths;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.zookeeper.KeeperException.Code;
import org.jspecify.annotations.Nullable;

/**
 * How long the answer is that lists the entries of an election. A client closes its connection on one that is longer than {@code jute.maxbuffer}, each time that it asks: nobody
 * could recover any more. So no entry is created for whose name there is no room. Counted once per leader, which alone creates entries; what is not known counts as
 * there.
 */
final class EntryNames {
    private static final int LARGEST = Integer.getInteger("jute.maxbuffer", 0xfffff);
    /** Header of the answer, and what describes the parent. */
    private static final int AROUND = 256;

    private static final int LENGTH = Integer.BYTES;

    private final ElectionPaths paths;
    // Guarded by this.
    private @Nullable CompletableFuture<Void> counted;
    private long size;

    EntryNames(ElectionPaths paths) {
        this.paths = paths;
    }

    /** Done when there is room for {@code change}, which has it from then on; fails with {@link UnavailableException} if there is none. Nothing was sent then. */
    CompletableFuture<Void> admit(Connection connection, Change change) {
        if (change.kind() != Kind.CREATE) {
            return CompletableFuture.completedFuture(null);
        }
        return count(connection, change).thenAccept(known -> take(change));
    }

    /** {@code change} was applied, or certainly was not. */
    synchronized void settled(Change change, boolean applied) {
        if (applied == (change.kind() == Kind.DELETE) && change.kind() != Kind.REPLACE) {
            size -= sizeOf(SafeName.encode(change.name(), Integer.MAX_VALUE));
        }
    }

    private synchronized void take(Change change) {
        long needed = size + sizeOf(SafeName.encode(change.name(), Integer.MAX_VALUE));
        if (needed > LARGEST) {
            throw new UnavailableException(
                    change + ": the names of the entries of " + paths.name() + " would have " + needed
                            + " bytes in one answer, and a client of ZooKeeper takes " + LARGEST
                            + " (jute.maxbuffer); remove entries",
                    Reason.INITIAL,
                    null);
        }
        size = needed;
    }

    private synchronized CompletableFuture<Void> count(Connection connection, Change change) {
        CompletableFuture<Void> present = counted;
        if (present == null || present.isCompletedExceptionally()) {
            present = connection
                    .getChildren(paths.entries())
                    .exceptionallyCompose(failure -> Failures.code(failure) == Code.NONODE
                            ? CompletableFuture.completedFuture(List.of())
                            : CompletableFuture.failedFuture(Failures.ofRead(failure, change.toString())))
                    .thenAccept(this::counted);
            counted = present;
        }
        return present;
    }

    private synchronized void counted(List<String> children) {
        size = AROUND + children.stream().mapToLong(EntryNames::sizeOf).sum();
    }

    private static long sizeOf(String child) {
        return LENGTH + (long) child.getBytes(StandardCharsets.UTF_8).length;
    }
}
