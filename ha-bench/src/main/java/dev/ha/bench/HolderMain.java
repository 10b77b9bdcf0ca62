package dev.ha.bench;

import dev.ha.HighAvailability;
import dev.ha.HighAvailabilityException;
import dev.ha.HighAvailabilityServices;
import dev.ha.LeaderContender;
import dev.ha.LeaderInformation;
import dev.ha.Leadership;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;

/** A process that contends in many elections and follows them, and answers a {@link Holder} that asks how it is. */
final class HolderMain {
    private static final int NEVER_LOOKED = -1;

    private final Queue<Handle> handles = new ConcurrentLinkedQueue<>();
    private final AtomicInteger granted = new AtomicInteger();
    private final AtomicInteger lost = new AtomicInteger();
    private final Map<String, Integer> errors = new ConcurrentHashMap<>();
    private final AtomicIntegerArray seen;
    private volatile int valid = NEVER_LOOKED;
    private volatile boolean started;

    private HolderMain(int count) {
        this.seen = new AtomicIntegerArray(count);
    }

    /** One grant, and when it was last seen to be valid. */
    private static final class Handle {
        private final int election;
        private final Leadership leadership;
        private final long from = System.nanoTime();
        private volatile long to = from;

        Handle(int election, Leadership leadership) {
            this.election = election;
            this.leadership = leadership;
        }
    }

    static void run(String endpoints, int count) throws IOException {
        HighAvailabilityServices services = HighAvailability.create(Map.of(
                "high-availability.mode", "etcd",
                "high-availability.cluster-id", "leader-killed",
                "high-availability.etcd.endpoints", endpoints,
                "high-availability.etcd.lease-ttl", "10 s"));
        HolderMain main = new HolderMain(count);
        Thread looks = new Thread(main::look, "looks");
        looks.setDaemon(true);
        looks.start();
        Thread starts = new Thread(() -> main.start(services, count), "starts");
        starts.start();
        main.answer();
    }

    private void start(HighAvailabilityServices services, int count) {
        for (int i = 0; i < count; i++) {
            services.leaderElection("election-" + i).start(contender(i));
        }
        for (int i = 0; i < count; i++) {
            int election = i;
            services.leaderRetrieval("election-" + i)
                    .start(leader -> seen.set(election, leader instanceof LeaderInformation.Leader ? 1 : 0));
        }
        started = true;
    }

    private LeaderContender contender(int election) {
        return new LeaderContender() {
            @Override
            public void grantLeadership(Leadership leadership) {
                granted.incrementAndGet();
                handles.add(new Handle(election, leadership));
                leadership.confirm("tcp://host:" + election);
            }

            @Override
            public void revokeLeadership(Leadership leadership) {
                lost.incrementAndGet();
            }

            @Override
            public void handleError(HighAvailabilityException error) {
                errors.merge(String.valueOf(error.getMessage()).replaceAll("election-\\d+", "*"), 1, Integer::sum);
            }
        };
    }

    /** At all handles, all the time. All processes are on one machine, whose monotonic clock they share. */
    private void look() {
        while (true) {
            int found = 0;
            for (Handle handle : handles) {
                if (handle.leadership.isValid()) {
                    handle.to = System.nanoTime();
                    found++;
                }
            }
            valid = found;
            try {
                Thread.sleep(5);
            } catch (InterruptedException end) {
                return;
            }
        }
    }

    private int told() {
        return errors.values().stream().mapToInt(Integer::intValue).sum();
    }

    private void answer() throws IOException {
        PrintWriter out = new PrintWriter(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        BufferedReader in = new BufferedReader(
                new InputStreamReader(new FileInputStream(FileDescriptor.in), StandardCharsets.UTF_8));
        for (String question = in.readLine(); question != null; question = in.readLine()) {
            if (question.equals("handles")) {
                List<String> all = new ArrayList<>();
                handles.forEach(handle -> all.add(handle.election + ":" + handle.from + ":" + handle.to));
                out.println(String.join(" ", all));
            } else if (question.equals("errors")) {
                out.println(errors);
            } else {
                int leaders = 0;
                for (int i = 0; i < seen.length(); i++) {
                    leaders += seen.get(i);
                }
                out.println(started + " " + granted + " " + valid + " " + lost + " " + told() + " " + leaders);
            }
        }
        System.exit(0);
    }
}
