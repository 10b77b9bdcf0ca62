package dev.ha.kubernetes;

import dev.ha.ConflictException;
import dev.ha.CorruptDataException;
import dev.ha.HighAvailabilityException;
import dev.ha.LeadershipLostException;
import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.spi.Change;
import dev.ha.store.Entry;
import io.fabric8.kubernetes.api.model.ConfigMap;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The root of an election's store in the hands of one candidacy: sealed by it, then written by PUTs that are bound to uid, resourceVersion and seal, one after the other
 * (SAFETY S4, S5). On the loop only.
 */
final class Root {
    private static final int TRIES = 4;

    private final Session session;
    private final String election;
    private final String object;
    private final String candidate;
    private CompletableFuture<?> last = CompletableFuture.completedFuture(null);
    private @Nullable ConfigMap sealed;
    private long token;
    /** Nobody knows whether something may still arrive that is bound to that resourceVersion; 0 if there is nothing. */
    private long uncertain;
    /** Nobody knows whether a creation may still arrive; it can't where there is a root. */
    private boolean creating;

    private boolean over;

    Root(Session session, String election, String candidate) {
        this.session = session;
        this.election = election;
        this.object = Names.object(session.cluster(), election);
        this.candidate = candidate;
    }

    // ---- sealing ----

    /** The seal of the root; empty if there is none. */
    CompletableFuture<OptionalLong> look() {
        return read().thenApply(
                        root -> root.isEmpty() ? OptionalLong.empty() : OptionalLong.of(RootText.seal(root.get())));
    }

    /**
     * Writes {@code token} into the root, which is created if need be: when done, no write of a predecessor is accepted any more, and none is missed. The seal in
     * its way, if that is larger.
     */
    CompletableFuture<OptionalLong> seal(long token) {
        return serially(() -> seal(token, TRIES));
    }

    private CompletableFuture<OptionalLong> seal(long token, int tries) {
        return read().thenCompose(found -> {
            ConfigMap root = found.orElse(null);
            if (root != null && RootText.seal(root) >= token) {
                boolean ours =
                        RootText.seal(root) == token && RootText.sealer(root).equals(candidate);
                if (ours) {
                    sealedAs(root, token);
                }
                return CompletableFuture.completedFuture(
                        ours ? OptionalLong.empty() : OptionalLong.of(RootText.seal(root)));
            }
            if (over) { // nothing is sent, nor created again, for a successor to stumble over (rule 4.6)
                return CompletableFuture.failedFuture(notLeading("sealing the store"));
            }
            CompletableFuture<ConfigMap> request = root == null
                    ? session.api().create(RootText.fresh(session.cluster(), election, token, candidate))
                    : session.api().update(RootText.sealed(root, token, candidate));
            return session.heeded(request)
                    .thenApply(written -> {
                        sealedAs(written, token);
                        return OptionalLong.empty();
                    })
                    .exceptionallyCompose(failure -> {
                        if (Failures.isUnknown(failure)) {
                            unsure(root);
                        }
                        boolean again = Failures.isConflict(failure)
                                || Failures.isNotFound(failure)
                                || Failures.isUnknown(failure);
                        return again && tries > 1 ? seal(token, tries - 1) : CompletableFuture.failedFuture(failure);
                    });
        });
    }

    private void sealedAs(ConfigMap root, long by) {
        sealed = root;
        token = by;
        settle(root);
    }

    // ---- writing ----

    /** The new version of the entry; empty after a deletion. */
    CompletableFuture<String> write(Change change) {
        return serially(() -> {
            ConfigMap root = sealed;
            return root == null
                    ? CompletableFuture.failedFuture(lost(change.toString(), 0))
                    : apply(change, root, TRIES, false, null);
        });
    }

    /** {@code latest} says whether {@code root} has just been read, {@code unknown} why an earlier attempt may have been applied, or may still be. */
    private CompletableFuture<String> apply(
            Change change, ConfigMap root, int tries, boolean latest, @Nullable Throwable unknown) {
        Optional<Entry> entry = RootText.entry(root, change.name());
        boolean deleted = unknown != null && change.kind() == Change.Kind.DELETE && entry.isEmpty();
        if (deleted
                || entry.filter(found -> found.writeId().equals(change.writeId()))
                        .isPresent()) {
            return CompletableFuture.completedFuture(version(change));
        }
        Throwable open = uncertain == 0 ? null : unknown; // bound to another resourceVersion it can't come any more
        if (!holds(change, entry)) {
            if (open != null) {
                return CompletableFuture.failedFuture(open);
            }
            if (latest) {
                throw new ConflictException(change + ": found "
                        + entry.map(found -> "version " + found.version()).orElse("no entry"));
            }
            return current(change).thenCompose(read -> apply(change, read, tries, true, null));
        }
        if (over) {
            return CompletableFuture.failedFuture(open == null ? notLeading(change.toString()) : open);
        }
        return session.heeded(session.api().update(RootText.after(root, change)))
                .thenApply(written -> {
                    sealed = written;
                    settle(written);
                    return version(change);
                })
                .exceptionallyCompose(failure -> {
                    boolean lost = Failures.isUnknown(failure);
                    Throwable told =
                            lost || open == null ? failure : open; // what is unknown stays so until it is known
                    if (lost) {
                        unsure(root);
                    } else if (!Failures.isConflict(failure) && !Failures.isNotFound(failure)) {
                        return CompletableFuture.failedFuture(told);
                    }
                    if (tries <= 1) {
                        return CompletableFuture.failedFuture(told);
                    }
                    boolean unsure = lost || open != null;
                    return current(change)
                            .exceptionallyCompose(unread -> CompletableFuture.failedFuture(
                                    !unsure && Loop.unwrap(unread) instanceof HighAvailabilityException known
                                            ? known
                                            : told))
                            .thenCompose(read -> apply(change, read, tries - 1, true, unsure ? told : null));
                });
    }

    private static boolean holds(Change change, Optional<Entry> entry) {
        return change.kind() == Change.Kind.CREATE
                ? entry.isEmpty()
                : entry.filter(found -> found.version().equals(change.expectedVersion()))
                        .isPresent();
    }

    private static String version(Change change) {
        return change.kind() == Change.Kind.DELETE ? "" : change.writeId().toString();
    }

    /** The root as a quorum knows it, if it still has our seal. */
    private CompletableFuture<ConfigMap> current(Change change) {
        return read().thenApply(found -> {
            ConfigMap before = sealed;
            if (found.isEmpty()
                    || before == null
                    || !found.get()
                            .getMetadata()
                            .getUid()
                            .equals(before.getMetadata().getUid())) {
                throw new CorruptDataException(
                        change + ": the ConfigMap " + object
                                + " was removed under its leader; the next one starts with what there is",
                        null);
            }
            long seal = RootText.seal(found.get());
            if (seal != token || !RootText.sealer(found.get()).equals(candidate)) {
                throw lost(change.toString(), seal);
            }
            sealed = found.get();
            return found.get();
        });
    }

    private LeadershipLostException lost(String act, long seal) {
        return new LeadershipLostException(
                act + ": the store of " + election + " is sealed by another leader", token, seal);
    }

    private LeadershipLostException notLeading(String act) {
        return new LeadershipLostException(act + " in " + election + ": this candidacy does not lead", token, 0);
    }

    private CompletableFuture<Optional<ConfigMap>> read() {
        return session.heeded(session.api().configMap(object)).thenApply(found -> {
            found.ifPresent(this::settle);
            return found;
        });
    }

    // ---- leaving ----

    /** No more writes but those that make sure that nothing arrives. */
    void end() {
        over = true;
    }

    /** A write that was to replace {@code root}, or to create it, may have been applied, or may still be. */
    private void unsure(@Nullable ConfigMap root) {
        if (root == null) {
            creating = true;
        } else {
            uncertain = Math.max(uncertain, version(root));
        }
    }

    /** What was bound to another resourceVersion can't come any more, and nothing that is there can be created. */
    private void settle(ConfigMap root) {
        creating = false;
        if (version(root) > uncertain) {
            uncertain = 0;
        }
    }

    private static long version(ConfigMap root) {
        return Lock.version(root.getMetadata().getResourceVersion());
    }

    /**
     * Done when nothing that was sent can arrive any more (SAFETY C1). A creation may as long as there is no root: then this fails, and is asked for again;
     * creating one only to be sure would be what is to be prevented (rule 4.6).
     */
    CompletableFuture<Void> settled() {
        return serially(() -> uncertain == 0 && !creating
                ? CompletableFuture.<Void>completedFuture(null)
                : read().thenCompose(found -> {
                    if (found.isEmpty() && creating) {
                        return CompletableFuture.failedFuture(new UnavailableException(
                                "the creation of the ConfigMap " + object + " may still arrive",
                                Reason.CONNECTION_LOST,
                                null));
                    }
                    return found.isEmpty() || uncertain == 0
                            ? CompletableFuture.<Void>completedFuture(null)
                            : touch(found.get());
                }));
    }

    private CompletableFuture<Void> touch(ConfigMap root) {
        return session.heeded(session.api().update(RootText.touched(root, candidate)))
                .<Void>thenApply(touched -> {
                    settle(touched);
                    return null;
                })
                .exceptionallyCompose(failure -> Failures.isConflict(failure) || Failures.isNotFound(failure)
                        ? CompletableFuture.completedFuture(null) // it has another one already
                        : CompletableFuture.failedFuture(failure));
    }

    private <T> CompletableFuture<T> serially(Supplier<CompletableFuture<T>> request) {
        CompletableFuture<T> result = last.handle((done, failure) -> null).thenCompose(ready -> request.get());
        last = result;
        return result;
    }
}
