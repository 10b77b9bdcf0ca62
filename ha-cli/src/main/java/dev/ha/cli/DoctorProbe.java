package dev.ha.cli;

import dev.ha.HighAvailabilityException;
import dev.ha.HighAvailabilityServices;
import dev.ha.LeaderContender;
import dev.ha.LeaderElection;
import dev.ha.LeaderInformation;
import dev.ha.LeaderRetrievalService;
import dev.ha.Leadership;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** A real election, held for the doctor: what no check of versions and settings can tell. */
final class DoctorProbe {
    /** How long a second process gets to take a lock that it must not get. */
    private static final Duration TEMPTATION = Duration.ofSeconds(1);

    private final HighAvailabilityServices services;
    private final DoctorReport report;
    private final Duration limit;
    private final String election = "ha-doctor-" + Elections.hostName();
    private final CompletableFuture<Leadership> granted = new CompletableFuture<>();
    private final BlockingQueue<ElectProcess.Heard> heard = new LinkedBlockingQueue<>();
    private volatile @Nullable String trouble;

    DoctorProbe(HighAvailabilityServices services, DoctorReport report, Duration limit) {
        this.services = services;
        this.report = report;
        this.limit = limit;
    }

    /**
     * Wins the election, leads and leaves.
     *
     * @param publishing whether followers are told what leaders confirm, and not what the configuration says
     */
    void alone(boolean publishing) throws DoctorReport.StepFailed, InterruptedException {
        try (LeaderElection seat = services.leaderElection(election)) {
            win(seat, publishing);
            report.step("release the probe election", "see the log (-v)", () -> close(seat), done -> "");
        }
    }

    /**
     * The same, and another process contends meanwhile: it must not win before this one has left, and must win then.
     */
    void withSecondProcess(List<String> configuration) throws DoctorReport.StepFailed, InterruptedException {
        try (LeaderElection seat = services.leaderElection(election)) {
            Leadership leadership = win(seat, true);
            ElectProcess second = report.step(
                    "start a second process",
                    "see what it wrote to the standard error",
                    () -> start(configuration),
                    s -> "process " + s.pid());
            try (second) {
                report.step(
                        "second process is kept out",
                        "two processes could lead at once here; in mode file use a directory on a local disk",
                        () -> temptWhile(leadership),
                        kept -> "not granted within " + DurationArgument.show(TEMPTATION));
                report.step("release the probe election", "see the log (-v)", () -> close(seat), done -> "");
                report.step(
                        "second process is granted it",
                        "nobody could take over here; see what the second process wrote to the standard error",
                        () -> awaitSuccessorOf(leadership),
                        won -> "token " + won.token());
            }
        }
    }

    private Leadership win(LeaderElection seat, boolean publishing)
            throws DoctorReport.StepFailed, InterruptedException {
        LeaderRetrievalService follower = services.leaderRetrieval(election);
        report.step(
                "connect and ask for a leader",
                "is the backend's address right and reachable from here, and are the credentials?",
                () -> within(follower.read().toCompletableFuture()),
                DoctorProbe::describe);
        Leadership leadership = report.step(
                "acquire the probe election",
                "if another 'ha doctor' runs on this machine, wait for it; otherwise see the log (-v)",
                () -> {
                    seat.start(new Probe());
                    return within(granted);
                },
                won -> "token " + won.fencingToken());
        if (publishing) {
            publish(leadership, follower);
        }
        follower.close();
        return leadership;
    }

    private void publish(Leadership leadership, LeaderRetrievalService follower)
            throws DoctorReport.StepFailed, InterruptedException {
        String address = Elections.addressOfThisProcess();
        report.step(
                "publish an address and read it back",
                "may this user write to the backend?",
                () -> {
                    within(leadership.confirm(address).toCompletableFuture());
                    LeaderInformation seen = within(follower.read().toCompletableFuture());
                    if (seen.leader()
                            .filter(leader -> leader.address().equals(address))
                            .isEmpty()) {
                        throw new Failure("published " + address + ", but read " + describe(seen));
                    }
                    return seen;
                },
                DoctorProbe::describe);
    }

    private ElectProcess start(List<String> configuration) throws IOException, InterruptedException, Failure {
        ElectProcess second = ElectProcess.start(configuration, true, election, election + "-second", heard::add);
        try {
            await("started");
            return second;
        } catch (Failure | InterruptedException failure) {
            second.close();
            throw failure;
        }
    }

    private boolean temptWhile(Leadership leadership) throws Failure, InterruptedException {
        long until = System.nanoTime() + TEMPTATION.toNanos();
        for (ElectProcess.Heard event = poll(until); event != null; event = poll(until)) {
            if (event.event().equals("granted")) {
                throw new Failure("both processes hold it: this one with token " + leadership.fencingToken()
                        + ", the second with token " + event.token());
            }
            if (event.event().equals(ElectProcess.ENDED)) {
                throw new Failure("the second process ended");
            }
        }
        if (!leadership.isValid()) {
            throw new Failure("this process lost it meanwhile");
        }
        return true;
    }

    private ElectProcess.Heard await(String event) throws Failure, InterruptedException {
        long until = System.nanoTime() + limit.toNanos();
        for (ElectProcess.Heard next = poll(until); next != null; next = poll(until)) {
            if (next.event().equals(event)) {
                return next;
            }
            if (next.event().equals(ElectProcess.ENDED)) {
                throw new Failure("the second process ended");
            }
        }
        throw new Failure("not within " + DurationArgument.show(limit));
    }

    private ElectProcess.@Nullable Heard poll(long until) throws InterruptedException {
        return heard.poll(Math.max(0, until - System.nanoTime()), TimeUnit.NANOSECONDS);
    }

    private ElectProcess.Heard awaitSuccessorOf(Leadership leadership) throws Failure, InterruptedException {
        ElectProcess.Heard won = await("granted");
        if (won.token() <= leadership.fencingToken()) {
            throw new Failure("its token " + won.token() + " is not greater than " + leadership.fencingToken()
                    + ", that of the grant before");
        }
        return won;
    }

    private <T> T within(CompletableFuture<T> stage) throws Failure, InterruptedException, ExecutionException {
        try {
            return stage.get(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException late) {
            String seen = trouble;
            throw new Failure("not within " + DurationArgument.show(limit) + (seen == null ? "" : "; " + seen));
        }
    }

    private static boolean close(LeaderElection seat) {
        seat.close();
        return true;
    }

    private static String describe(LeaderInformation information) {
        return information
                .leader()
                .map(leader -> leader.address() + " leads with token " + leader.fencingToken())
                .orElseGet(() -> information instanceof LeaderInformation.None ? "nobody leads" : "unknown");
    }

    /** Leads until the doctor is done. */
    private final class Probe implements LeaderContender {
        @Override
        public void grantLeadership(Leadership leadership) {
            granted.complete(leadership);
        }

        @Override
        public void revokeLeadership(Leadership leadership) {}

        @Override
        public void handleError(HighAvailabilityException error) {
            trouble = error.getMessage();
        }
    }
}
