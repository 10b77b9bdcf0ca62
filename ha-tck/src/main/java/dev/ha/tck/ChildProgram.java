package dev.ha.tck;

import dev.ha.Leadership;
import dev.ha.store.Codec;
import dev.ha.store.Entry;
import dev.ha.store.EntryStore;
import dev.ha.store.HighAvailabilityStores;
import dev.ha.store.RecoveredStates;
import dev.ha.store.StateHandle;
import dev.ha.store.StateHandleStore;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** What a {@link Child} does while it leads, on a thread of its own, until it is refused. */
enum ChildProgram {
    /** Writes an entry again and again, so that there is always a write that may come too late. */
    WRITER {
        @Override
        void lead(String name, HighAvailabilityStores stores, Leadership leadership, Speaker speaker) {
            EntryStore entries = stores.entries();
            String entry = "by-" + name;
            @Nullable Entry last = join(entries.get(entry)).orElse(null);
            for (int i = 0; ; i++) {
                byte[] value = (leadership.fencingToken() + "/" + i).getBytes(StandardCharsets.UTF_8);
                last = join(
                        last == null
                                ? entries.create(leadership, entry, value)
                                : entries.replace(leadership, last, value));
                if (i == 0) {
                    speaker.say("writes", leadership.sessionId().toString());
                }
                LockSupport.parkNanos(WRITE_NANOS);
            }
        }
    },

    /** Adds, replaces and removes states as fast as it can, several at a time, and says so before and after each. */
    FILLER {
        @Override
        void lead(String name, HighAvailabilityStores stores, Leadership leadership, Speaker speaker) throws Exception {
            RecoveredStates<String> found =
                    join(stores.states(FILLED, Codec.text()).getAll(leadership));
            speaker.say("fills", leadership.sessionId().toString());
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < FILLING_THREADS; i++) {
                int first = i;
                Thread thread = new Thread(() -> fill(stores, leadership, speaker, found, first), "tck-filler-" + i);
                thread.setDaemon(true);
                thread.start();
                threads.add(thread);
            }
            for (Thread thread : threads) {
                thread.join();
            }
        }
    },

    /**
     * Recovers all job graphs, runs their jobs, which count steps in checkpoints, puts their results and cleans them up: see {@link Dispatcher}. What it can't do it leaves to
     * the next leader.
     */
    DISPATCHER {
        @Override
        void lead(String name, HighAvailabilityStores stores, Leadership leadership, Speaker speaker) {
            try {
                new Dispatcher(name, stores, leadership, speaker).run();
            } catch (CompletionException refused) {
                speaker.say("refused", String.valueOf(refused.getCause()));
                join(leadership.resign());
            }
        }
    };

    /** The store of {@link #FILLER}. */
    static final String FILLED = "filled";

    private static final long WRITE_NANOS = 5_000_000;
    private static final int FILLING_THREADS = 3;
    private static final int KEYS_PER_THREAD = 5;
    private static final int LARGE = 50_000;

    /** Works. */
    abstract void lead(String name, HighAvailabilityStores stores, Leadership leadership, Speaker speaker)
            throws Exception;

    /** Tells the parent. */
    @FunctionalInterface
    interface Speaker {
        /** An event and its words; it is said when this returns. */
        void say(String event, String... words);
    }

    static <T> T join(CompletionStage<T> stage) {
        return stage.toCompletableFuture().join();
    }

    private static void fill(
            HighAvailabilityStores stores,
            Leadership leadership,
            Speaker speaker,
            RecoveredStates<String> found,
            int thread) {
        StateHandleStore<String> store = stores.states(FILLED, Codec.text());
        List<@Nullable StateHandle<String>> handles = new ArrayList<>();
        for (int i = 0; i < KEYS_PER_THREAD; i++) {
            handles.add(found.states().get(key(thread, i)));
        }
        try {
            for (int round = 0; ; round++) {
                for (int i = 0; i < KEYS_PER_THREAD; i++) {
                    String key = key(thread, i);
                    String act = Long.toString(leadership.fencingToken()) + '/' + round;
                    StateHandle<String> old = handles.get(i);
                    boolean removes = old != null && (round + i) % 6 == 5;
                    speaker.say(removes ? "removes" : "writes", key, act);
                    if (removes) {
                        join(store.remove(leadership, key));
                        handles.set(i, null);
                    } else {
                        String value = value(key, act);
                        handles.set(
                                i,
                                join(
                                        old == null
                                                ? store.add(leadership, key, value)
                                                : store.replace(leadership, old, value)));
                    }
                    speaker.say("did", key, act);
                }
            }
        } catch (RuntimeException refused) {
            speaker.say("refused", String.valueOf(refused));
        }
    }

    private static String key(int thread, int i) {
        return "key-" + thread + "-" + i;
    }

    /** What {@code act} writes to {@code key}; every third is so large that it goes to a blob. */
    static String value(String key, String act) {
        String text = key + ' ' + act + ' ';
        return isLarge(key, act) ? text.repeat(LARGE / text.length() + 1) : text;
    }

    /** Whether {@link #value} needs a blob. */
    static boolean isLarge(String key, String act) {
        return Math.floorMod((key + act).hashCode(), 3) == 0;
    }

    /** The key's state in {@code store}, for messages. */
    static String show(Optional<String> value) {
        return value.map(text -> text.length() > 60 ? text.substring(0, 60) + "... (" + text.length() + ")" : text)
                .orElse("nothing");
    }
}
