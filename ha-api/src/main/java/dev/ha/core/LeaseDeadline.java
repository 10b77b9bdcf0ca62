package dev.ha.core;

import dev.ha.Reason;
import dev.ha.spi.BackendContext.Timer;
import dev.ha.spi.Lease;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * One deadline for all grants of a session, and one timer. The deadline is a single word: expiry and extension are compare-and-set on it, so what was once
 * invalid is never valid again (rule 1.6), and asking takes no lock and allocates nothing.
 */
final class LeaseDeadline implements Lease {
    private static final long ENDED = -1;
    private static final long UNLIMITED = Long.MAX_VALUE;
    /** Late is what has less than this part of its time left: with a renewal every third of a lease, several went unanswered. */
    private static final int LATE = 3;

    private static final VarHandle DEADLINE;

    static {
        try {
            DEADLINE = MethodHandles.lookup().findVarHandle(LeaseDeadline.class, "deadline", long.class);
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    /** What ends together with a lease. */
    @FunctionalInterface
    interface Member {
        /** The lease is over; every handle on it is invalid already. At least once after joining, possibly more often. */
        void leaseEnded(Reason reason, @Nullable Throwable cause);
    }

    private record Ending(Reason reason, @Nullable Throwable cause) {}

    private record WallClock(long at, long offset) {}

    private final Platform platform;
    private final long validNanos;
    private final long durationNanos;
    private final long marginMillis;
    private final LongConsumer renewals;
    private final Set<Member> members =
            Collections.synchronizedSet(new LinkedHashSet<>()); // in a fixed order, to be replayed
    private final AtomicReference<@Nullable Ending> ending = new AtomicReference<>();
    private final AtomicLong lastSent;
    private final Deque<WallClock> wallClocks = new ArrayDeque<>();
    private volatile long deadline;
    private volatile long unused;
    private volatile long wallOffset;
    private volatile @Nullable Timer timer;

    private LeaseDeadline(
            Platform platform,
            long durationNanos,
            long marginNanos,
            long sentAt,
            long deadline,
            LongConsumer renewals) {
        this.platform = platform;
        this.renewals = renewals;
        this.durationNanos = durationNanos;
        this.validNanos = durationNanos - marginNanos;
        this.marginMillis = TimeUnit.NANOSECONDS.toMillis(marginNanos);
        this.lastSent = new AtomicLong(sentAt);
        this.deadline = deadline;
        rebaseWallClock(sentAt);
    }

    static LeaseDeadline of(Platform platform, Duration duration, Duration margin, long sentAt) {
        return of(platform, duration, margin, sentAt, latency -> {});
    }

    /** {@code renewals} is told for each renewal how many nanoseconds it took; on whatever thread reports it. */
    static LeaseDeadline of(Platform platform, Duration duration, Duration margin, long sentAt, LongConsumer renewals) {
        Duration valid = duration.minus(margin);
        if (margin.isNegative()
                || duration.isNegative()
                || duration.isZero()
                || valid.multipliedBy(2).compareTo(duration) < 0) {
            throw new IllegalArgumentException("a lease of " + duration + " with a margin of " + margin
                    + " is too short: at least half of it must stay valid");
        }
        refuseFuture(platform, sentAt);
        LeaseDeadline lease = new LeaseDeadline(
                platform,
                duration.toNanos(),
                margin.toNanos(),
                sentAt,
                Math.max(0, sentAt + valid.toNanos()),
                renewals);
        lease.arm();
        return lease;
    }

    static LeaseDeadline unlimited(Platform platform) {
        return new LeaseDeadline(platform, 0, 0, 0, UNLIMITED, latency -> {});
    }

    @Override
    public boolean isValid() {
        long end = deadline;
        if (end == UNLIMITED) {
            return true;
        }
        if (end == ENDED) {
            return false;
        }
        long now = platform.nanoTime();
        if (now < end && !wasSuspended(now)) {
            return true;
        }
        return !expire(end) && isValid(); // not expired by us: renewed or ended meanwhile, so look again
    }

    /**
     * The monotonic clock stands still while a machine is suspended, the wall clock does not: ahead by more than the margin means that the lease may
     * be over although the monotonic clock says otherwise (SAFETY 2). Fails closed: a step of the wall clock may cost a leadership, never save one.
     */
    private boolean wasSuspended(long now) {
        return wallOffset(now) - wallOffset > marginMillis;
    }

    /**
     * What was sent at {@code sentAt} proves that the lease lived then, and nothing of a suspension since: so the wall clock is compared with what it showed
     * at the last look before that, or lower, and only the first time with what it shows now.
     */
    private void rebaseWallClock(long sentAt) {
        long now = platform.nanoTime();
        synchronized (wallClocks) {
            WallClock base = null;
            while (!wallClocks.isEmpty() && wallClocks.getFirst().at <= sentAt) {
                base = wallClocks.removeFirst();
            }
            if (base != null) {
                wallClocks.addFirst(base);
            }
            wallClocks.addLast(new WallClock(now, wallOffset(now)));
            wallOffset = wallClocks.stream().mapToLong(WallClock::offset).min().getAsLong();
        }
    }

    private long wallOffset(long now) {
        return platform.wallMillis() - TimeUnit.NANOSECONDS.toMillis(now);
    }

    /** Latches the end that a reader has found; the members hear of it from the timer thread, as a reader runs nobody's code. */
    private boolean expire(long seen) {
        if (!DEADLINE.compareAndSet(this, seen, ENDED)) {
            return false;
        }
        platform.schedule(Duration.ZERO, () -> end(Reason.EXPIRED, null));
        return true;
    }

    @Override
    public void renewed(long sentAt) {
        refuseFuture(platform, sentAt);
        while (true) {
            long end = deadline;
            if (end == ENDED || end == UNLIMITED) {
                return;
            }
            long now = platform.nanoTime();
            if (now >= end || wasSuspended(now)) {
                if (DEADLINE.compareAndSet(this, end, ENDED)) {
                    end(Reason.EXPIRED, null);
                    return;
                }
                continue;
            }
            rebaseWallClock(sentAt);
            if (sentAt + validNanos <= end || DEADLINE.compareAndSet(this, end, sentAt + validNanos)) {
                lastSent.accumulateAndGet(sentAt, Math::max);
                renewals.accept(now - sentAt);
                return;
            }
        }
    }

    private static void refuseFuture(Platform platform, long sentAt) {
        long now = platform.nanoTime();
        if (sentAt > now) {
            throw new IllegalArgumentException("sent at " + sentAt + ", which is after now, " + now);
        }
    }

    @Override
    public void end(Reason reason, @Nullable Throwable cause) {
        long left = (long) DEADLINE.getAndSet(this, ENDED);
        if (left != ENDED) {
            unused = left;
        }
        ending.compareAndSet(null, new Ending(reason, cause));
        Timer armed = timer;
        if (armed != null) {
            armed.close();
        }
        Ending ended = Objects.requireNonNull(ending.get());
        for (Member member : members.toArray(Member[]::new)) {
            member.leaseEnded(ended.reason, ended.cause);
        }
    }

    void join(Member member) {
        members.add(member);
        Ending ended = ending.get();
        if (ended != null) {
            member.leaseEnded(ended.reason, ended.cause);
        }
    }

    void leave(Member member) {
        members.remove(member);
    }

    /** Nanoseconds left, margin applied; 0 when invalid, {@link Long#MAX_VALUE} without deadline. */
    long remainingNanos() {
        if (!isValid()) {
            return 0;
        }
        long end = deadline;
        return end == UNLIMITED ? UNLIMITED : Math.max(0, end - platform.nanoTime());
    }

    /** Nanoseconds until the deadline that it had or would have had, if it was ended before; 0 when it has passed, {@link Long#MAX_VALUE} if there was none. */
    long unusedNanos() {
        long end = deadline == ENDED ? unused : deadline;
        return end == UNLIMITED ? UNLIMITED : Math.max(0, end - platform.nanoTime());
    }

    /** As {@link #remainingNanos}, for users. */
    Duration remaining() {
        long nanos = remainingNanos();
        return nanos == UNLIMITED ? ChronoUnit.FOREVER.getDuration() : Duration.ofNanos(nanos);
    }

    /** Nanoseconds since what last extended it was sent; empty without deadline. */
    OptionalLong sinceRenewalNanos() {
        return deadline == UNLIMITED ? OptionalLong.empty() : OptionalLong.of(platform.nanoTime() - lastSent.get());
    }

    /** How long the backend lets nobody else lead after what extends it was sent. */
    long durationNanos() {
        return durationNanos;
    }

    /** Still good, but not for long: renewals have gone unanswered. */
    boolean isLate() {
        long left = remainingNanos();
        return left > 0 && left != UNLIMITED && left < validNanos / LATE;
    }

    /** True when the backend itself must have let go of it, whatever became of our requests: ended here, and the whole duration has passed. */
    boolean isOverInBackend() {
        return deadline == ENDED && durationNanos > 0 && platform.nanoTime() - lastSent.get() >= durationNanos;
    }

    private void arm() {
        long end = deadline;
        if (end != ENDED) {
            timer = platform.schedule(Duration.ofNanos(Math.max(0, end - platform.nanoTime())), this::due);
        }
    }

    private void due() {
        if (isValid()) {
            arm(); // renewed since
        } else {
            end(Reason.EXPIRED, null);
        }
    }
}
