package dev.ha.core.store;

import dev.ha.ConflictException;
import dev.ha.CorruptDataException;
import dev.ha.Leadership;
import dev.ha.LeadershipLostException;
import dev.ha.store.Entry;
import dev.ha.store.EntryStore;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The entry that names the last leader which has used the stores. It is written, fenced, before a leader's first operation (SAFETY S5), and read after what a leader reads: while it is the own one,
 * no successor has written anything, so what was read was the truth (SAFETY S6, rule 6.1). Needs no clock.
 */
final class Seal {
    private final EntryStore entries;
    private final AtomicReference<@Nullable Sealing> last = new AtomicReference<>();

    /** Of one grant; not done while it is written. */
    private record Sealing(UUID session, long token, CompletableFuture<Void> done) {
        boolean isOf(Leadership leadership) {
            return session.equals(leadership.sessionId()) && token == leadership.fencingToken();
        }
    }

    Seal(EntryStore entries) {
        this.entries = entries;
    }

    /** Done when the stores are sealed for this leadership: once per grant. Fails as a write does. */
    CompletableFuture<Void> before(Leadership leadership) {
        Sealing present = last.get();
        if (present != null && present.isOf(leadership) && !present.done.isCompletedExceptionally()) {
            return present.done;
        }
        Sealing own = new Sealing(leadership.sessionId(), leadership.fencingToken(), new CompletableFuture<>());
        if (last.compareAndSet(present, own)) {
            Futures.relay(write(leadership), own.done);
            return own.done;
        }
        return before(leadership);
    }

    private CompletableFuture<Void> write(Leadership leadership) {
        String text = text(leadership);
        byte[] bytes = StateText.inline(text.getBytes(StandardCharsets.UTF_8)).bytes();
        return Futures.of(() -> entries.get(StateNames.SEAL)).thenCompose(found -> {
            if (found.flatMap(Seal::read).filter(text::equals).isPresent()) {
                return Futures.done();
            }
            return Futures.of(() -> found.isPresent()
                            ? entries.replace(leadership, found.get(), bytes)
                            : entries.create(leadership, StateNames.SEAL, bytes))
                    .<Void>thenApply(written -> null)
                    .exceptionallyCompose(failure -> Futures.unwrap(failure) instanceof ConflictException
                            ? write(leadership) // only another one of this process can have been faster
                            : CompletableFuture.failedFuture(failure));
        });
    }

    /** {@code read}, if the seal is still that of this leadership when it is done; else {@link LeadershipLostException}. */
    <T> CompletableFuture<T> after(Leadership leadership, CompletableFuture<T> read) {
        return read.thenCompose(
                value -> Futures.of(() -> entries.get(StateNames.SEAL)).thenApply(found -> {
                    check(leadership, found);
                    return value;
                }));
    }

    private static void check(Leadership leadership, Optional<Entry> found) {
        if (found.isEmpty()) {
            throw new CorruptDataException(
                    "the stores of election " + leadership.election() + " were removed under the leader with token "
                            + leadership.fencingToken() + ", by hand or by a restored backup",
                    null);
        }
        String seen = read(found.get()).orElse("");
        if (!seen.equals(text(leadership))) {
            throw new LeadershipLostException(
                    "the stores of election " + leadership.election() + " are sealed by another leader (" + seen
                            + "), so nothing was read under token " + leadership.fencingToken(),
                    leadership.fencingToken(),
                    token(seen));
        }
    }

    private static String text(Leadership leadership) {
        return leadership.fencingToken() + " " + leadership.sessionId();
    }

    private static long token(String text) {
        try {
            return Long.parseLong(text.substring(0, Math.max(0, text.indexOf(' '))));
        } catch (NumberFormatException notOurs) {
            return 0;
        }
    }

    /** Empty for one that can't be read, which is written anew. */
    private static Optional<String> read(Entry entry) {
        try {
            return Optional.of(
                    new String(StateText.read(entry.name(), entry.value()).value(), StandardCharsets.UTF_8));
        } catch (CorruptDataException damaged) {
            return Optional.empty();
        }
    }
}
