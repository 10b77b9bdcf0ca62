package dev.ha.tck;

import dev.ha.HighAvailability;
import dev.ha.HighAvailabilityException;
import dev.ha.HighAvailabilityServices;
import dev.ha.LeaderContender;
import dev.ha.LeaderInformation;
import dev.ha.Leadership;
import dev.ha.store.HighAvailabilityStores;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The program of a {@link Child}: contends with the settings it is given, and reports what it is told, and when its handles are valid, on standard output, a line
 * per event. Ends when its standard input ends, so that no child outlives the TCK.
 */
final class ChildMain {
    private static final long SAMPLE_NANOS = 500_000;
    private static final long REPORT_NANOS = 10_000_000;

    private final Map<String, String> settings = new HashMap<>();
    private final List<Sampled> handles = new CopyOnWriteArrayList<>();
    private final String name;
    private final PrintStream out;
    private final AtomicBoolean sees = new AtomicBoolean();
    private @Nullable HighAvailabilityServices services;

    private ChildMain(String name, PrintStream out) {
        this.name = name;
        this.out = out;
    }

    /** Started by {@link Child}; the argument is the contender's name. */
    public static void main(String[] args) throws IOException {
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        // Whatever prints to standard output must not end up between the events.
        System.setOut(System.err);
        new ChildMain(args[0], out).run();
    }

    private void run() throws IOException {
        Thread sampler = new Thread(this::sampleAll, "tck-handles");
        sampler.setDaemon(true);
        sampler.start();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ", -1);
            switch (words[0]) {
                case "clock" -> say("clock", Long.toString(System.nanoTime()));
                case "set" -> settings.put(decode(words[1]), decode(words[2]));
                case "contend" -> contend(decode(words[1]), ChildProgram.valueOf(words[2]));
                case "close" -> close();
                default -> say("unknown", words[0]);
            }
        }
        Runtime.getRuntime().halt(0);
    }

    private void contend(String election, ChildProgram program) {
        HighAvailabilityServices opened = HighAvailability.create(settings);
        services = opened;
        HighAvailabilityStores stores = opened.stores(election);
        opened.leaderElection(election).start(new LeaderContender() {
            @Override
            public void grantLeadership(Leadership leadership) {
                String session = leadership.sessionId().toString();
                say("granted", session, Long.toString(leadership.fencingToken()), leadership.historyId());
                Sampled handle = new Sampled(leadership);
                handle.sample();
                handles.add(handle);
                leadership.confirm("tcp://" + name).thenRun(() -> say("confirmed", session));
                lead(program, stores, leadership);
            }

            @Override
            public void revokeLeadership(Leadership leadership) {
                say("revoked", leadership.sessionId().toString());
            }

            @Override
            public void handleError(HighAvailabilityException error) {
                say("error", String.valueOf(error));
            }
        });
        opened.leaderRetrieval(election).start(this::seen);
    }

    private void seen(LeaderInformation information) {
        if (!(information instanceof LeaderInformation.Unknown) && sees.compareAndSet(false, true)) {
            say("sees");
        }
    }

    private void lead(ChildProgram program, HighAvailabilityStores stores, Leadership leadership) {
        Thread worker = new Thread(
                () -> {
                    try {
                        program.lead(name, stores, leadership, this::say);
                    } catch (Exception refused) {
                        say("refused", String.valueOf(refused));
                    }
                },
                "tck-program");
        worker.setDaemon(true);
        worker.start();
    }

    private void close() {
        if (services != null) {
            services.close();
        }
        say("closed");
    }

    private void sampleAll() {
        while (true) {
            handles.forEach(Sampled::sample);
            LockSupport.parkNanos(SAMPLE_NANOS);
        }
    }

    private synchronized void say(String event, String... words) {
        StringBuilder line = new StringBuilder(event);
        for (String word : words) {
            line.append(' ').append(encode(word));
        }
        out.println(line);
    }

    static String encode(String word) {
        return URLEncoder.encode(word, StandardCharsets.UTF_8);
    }

    static String decode(String word) {
        return URLDecoder.decode(word, StandardCharsets.UTF_8);
    }

    /** One handle; used by the sampler alone after its first sample. See {@link Validity} for what a sample proves. */
    private final class Sampled {
        private final Leadership leadership;
        private boolean seenInvalid;
        private long from;
        private long to;
        private long reported;

        Sampled(Leadership leadership) {
            this.leadership = leadership;
        }

        void sample() {
            long before = System.nanoTime();
            boolean valid = leadership.isValid();
            long after = System.nanoTime();
            if (valid) {
                if (seenInvalid) {
                    say("revived", leadership.sessionId().toString());
                }
                from = from == 0 ? after : from;
                to = before;
            }
            boolean ended = !valid && !seenInvalid;
            seenInvalid |= !valid;
            if (to > reported && (ended || seenInvalid || before - reported > REPORT_NANOS)) {
                reported = before;
                say("valid", leadership.sessionId().toString(), Long.toString(from), Long.toString(to));
            }
        }
    }
}
