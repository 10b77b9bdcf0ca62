package dev.ha.bench;

import dev.ha.bench.Holder.Held;
import dev.ha.bench.Holder.Status;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Many elections and followers in each of two processes on a cluster of three, whose leading member is killed and restarted again and again, the last time together
 * with the process that leads. Tells what was lost, whether two handles of one election were ever valid at once, and how long it took until all was as it should be.
 * Arguments: how many (10000), then rounds (3).
 */
public final class EtcdLeaderKilled {
    private static final Duration DOWN = Duration.ofSeconds(12); // longer than the TTL
    private static final Duration QUEUEING = Duration.ofMinutes(2);
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final PrintWriter out;
    private final int count;
    private final List<EtcdProcess> members;
    private final List<Holder> holders = new ArrayList<>();

    private EtcdLeaderKilled(PrintWriter out, int count, List<EtcdProcess> members) {
        this.out = out;
        this.count = count;
        this.members = members;
    }

    /** Runs the parent, or with {@code child} as first argument one of its processes. */
    public static void main(String[] arguments) throws Exception {
        if (arguments.length > 0 && arguments[0].equals("child")) {
            HolderMain.run(arguments[1], Integer.parseInt(arguments[2]));
            return;
        }
        PrintWriter out = new PrintWriter(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        int count = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 10_000;
        int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 3;
        List<EtcdProcess> members = EtcdProcess.start(3);
        try {
            new EtcdLeaderKilled(out, count, members).run(rounds);
        } finally {
            for (EtcdProcess member : members) {
                member.close();
            }
        }
        System.exit(0);
    }

    private void run(int rounds) throws Exception {
        try {
            long began = System.nanoTime();
            Holder first = holder();
            first.await(status -> status.valid() == count && status.seen() == count, PATIENCE.multipliedBy(2));
            out.println("one process, " + count + " elections and followers, held after " + since(began) + " ms");
            Holder second = holder();
            second.await(status -> status.started() && status.seen() == count, QUEUEING);
            TimeUnit.SECONDS.sleep(20); // queued behind all of them
            for (int round = 1; round <= rounds; round++) {
                round(round, first, second);
            }
            EtcdProcess leader = leader();
            long lookedAt = System.nanoTime();
            List<Held> before = first.handles();
            leader.kill();
            first.kill();
            long killedAt = System.nanoTime();
            second.await(status -> status.valid() == count && status.seen() == count, PATIENCE);
            out.println("etcd's leader and the leading process killed at once: all " + count
                    + " held and followed by the other process " + since(killedAt) + " ms later (TTL 10 s)");
            leader.restart();
            leader.awaitServing();
            TimeUnit.SECONDS.sleep(5);
            out.println("afterwards: " + second.status());
            out.println("errors told: " + second.errors());
            out.println("elections of which two handles were valid at once: "
                    + overlaps(before.stream().map(held -> held.until(lookedAt, killedAt)), second.handles()));
        } finally {
            holders.forEach(Holder::kill);
        }
    }

    private void round(int round, Holder first, Holder second) throws Exception {
        EtcdProcess leader = leader();
        long killedAt = System.nanoTime();
        leader.kill();
        int mostUnseen = 0;
        long wellAt = killedAt;
        boolean restarted = false;
        while (System.nanoTime() - killedAt < DOWN.multipliedBy(2).toNanos()) {
            if (!restarted && System.nanoTime() - killedAt > DOWN.toNanos()) {
                leader.restart();
                restarted = true;
            }
            int unseen = 0;
            for (Holder holder : List.of(first, second)) {
                Status status = holder.status();
                unseen += count - status.seen();
            }
            if (unseen > 0 || first.status().valid() < count) {
                wellAt = System.nanoTime();
            }
            mostUnseen = Math.max(mostUnseen, unseen);
            TimeUnit.MILLISECONDS.sleep(50);
        }
        leader.awaitServing();
        out.println("round " + round + ", etcd's leader killed for " + DOWN.toSeconds()
                + " s: followers that knew no leader "
                + mostUnseen + ", all well after "
                + Duration.ofNanos(wellAt - killedAt).toMillis() + " ms; leading "
                + first.status() + "; waiting " + second.status());
    }

    private static long overlaps(Stream<Held> one, List<Held> other) {
        Map<String, List<Held>> others = other.stream().collect(Collectors.groupingBy(Held::election));
        return one.filter(held ->
                        others.getOrDefault(held.election(), List.of()).stream().anyMatch(held::overlaps))
                .map(Held::election)
                .distinct()
                .count();
    }

    private Holder holder() throws Exception {
        String endpoints = members.stream().map(EtcdProcess::endpoint).collect(Collectors.joining(","));
        Holder holder = new Holder(Children.start(EtcdLeaderKilled.class, endpoints, Integer.toString(count)));
        holders.add(holder);
        return holder;
    }

    private EtcdProcess leader() throws InterruptedException {
        while (true) {
            for (EtcdProcess member : members) {
                if (member.leads()) {
                    return member;
                }
            }
            TimeUnit.MILLISECONDS.sleep(100);
        }
    }

    private static long since(long began) {
        return Duration.ofNanos(System.nanoTime() - began).toMillis();
    }
}
