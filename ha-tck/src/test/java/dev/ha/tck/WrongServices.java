package dev.ha.tck;

import dev.ha.ConfigurationException;
import dev.ha.ContenderException;
import dev.ha.Health;
import dev.ha.HighAvailabilityException;
import dev.ha.HighAvailabilityServices;
import dev.ha.LeaderAction;
import dev.ha.LeaderContender;
import dev.ha.LeaderElection;
import dev.ha.LeaderElectionService;
import dev.ha.LeaderRetrievalListener;
import dev.ha.LeaderRetrievalService;
import dev.ha.Leadership;
import dev.ha.store.EntryStore;
import dev.ha.store.HighAvailabilityStores;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Services that are wrong where only the engine could be: right ones, wrapped so that one promise is broken. What a method does here stands for the mistake in
 * an engine.
 */
final class WrongServices {
    private WrongServices() {}

    /** What a wrapped method does instead; null for what the right one does. */
    interface Instead {
        @Nullable
        Supplier<@Nullable Object> of(Method method, @Nullable Object[] args) throws Throwable;
    }

    static <T> T wrap(Class<T> type, T right, Instead instead) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, args) -> {
            Supplier<@Nullable Object> other = instead.of(method, args == null ? new Object[0] : args);
            try {
                return other == null ? method.invoke(right, args) : other.get();
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        }));
    }

    /** Services whose seats start {@code contenders} of the contenders they are given. */
    private static HighAvailabilityServices contenders(
            HighAvailabilityServices right, UnaryOperator<LeaderContender> contenders) {
        return seats(
                right,
                seat -> wrap(
                        LeaderElection.class,
                        seat,
                        (method, args) -> method.getName().equals("start")
                                ? () -> {
                                    seat.start(contenders.apply((LeaderContender) args[0]));
                                    return null;
                                }
                                : null));
    }

    private static HighAvailabilityServices seats(HighAvailabilityServices right, UnaryOperator<LeaderElection> seats) {
        return wrap(HighAvailabilityServices.class, right, (method, args) -> {
            String name = method.getName();
            if (name.equals("leaderElection")) {
                return () -> seats.apply(right.leaderElection((String) args[0]));
            }
            if (name.equals("leaderElectionService")) {
                return () -> {
                    LeaderElectionService service = right.leaderElectionService((String) args[0]);
                    return wrap(
                            LeaderElectionService.class,
                            service,
                            (inner, words) -> inner.getName().equals("component")
                                    ? () -> seats.apply(service.component((String) words[0]))
                                    : null);
                };
            }
            return null;
        });
    }

    private static HighAvailabilityServices leaderships(
            HighAvailabilityServices right, UnaryOperator<Leadership> leaderships) {
        ConcurrentHashMap<Leadership, Leadership> wrapped = new ConcurrentHashMap<>();
        HighAvailabilityServices storing = wrap(
                HighAvailabilityServices.class,
                right,
                (method, args) -> method.getName().equals("stores")
                        ? () -> stores(HighAvailabilityStores.class, right.stores((String) args[0]), wrapped)
                        : null);
        return contenders(storing, contender -> {
            return new Passing(contender) {
                @Override
                public void grantLeadership(Leadership leadership) {
                    super.grantLeadership(wrapped.computeIfAbsent(leadership, leaderships));
                }

                @Override
                public void revokeLeadership(Leadership leadership) {
                    super.revokeLeadership(wrapped.computeIfAbsent(leadership, leaderships));
                }
            };
        });
    }

    /** A store, or all of them, that takes wrapped leaderships for the right ones. */
    private static <T> T stores(Class<T> type, T right, Map<Leadership, Leadership> wrapped) {
        return wrap(type, right, (method, args) -> {
            for (int i = 0; i < args.length; i++) {
                Object word = args[i];
                for (Map.Entry<Leadership, Leadership> each : wrapped.entrySet()) {
                    if (each.getValue() == word) {
                        args[i] = each.getKey();
                    }
                }
            }
            Class<?> result = method.getReturnType();
            return result.isInterface() && result.getPackage().equals(EntryStore.class.getPackage())
                    ? () -> ofStore(result, method, right, args, wrapped)
                    : null;
        });
    }

    private static <T> Object ofStore(
            Class<T> type, Method method, Object right, @Nullable Object[] args, Map<Leadership, Leadership> wrapped) {
        try {
            return stores(type, type.cast(method.invoke(right, args)), wrapped);
        } catch (ReflectiveOperationException wrong) {
            throw new IllegalStateException(wrong);
        }
    }

    private static class Passing implements LeaderContender {
        final LeaderContender contender;

        Passing(LeaderContender contender) {
            this.contender = contender;
        }

        @Override
        public void grantLeadership(Leadership leadership) {
            contender.grantLeadership(leadership);
        }

        @Override
        public void revokeLeadership(Leadership leadership) {
            contender.revokeLeadership(leadership);
        }

        @Override
        public void handleError(HighAvailabilityException error) {
            contender.handleError(error);
        }
    }

    private static void later(long millis, Runnable work) {
        Thread thread = new Thread(
                () -> {
                    LockSupport.parkNanos(millis * 1_000_000);
                    work.run();
                },
                "wrong-services");
        thread.setDaemon(true);
        thread.start();
    }

    /** Rule 1.4: starts actions on invalid handles. */
    static HighAvailabilityServices runsAlways(HighAvailabilityServices right) {
        return leaderships(
                right,
                leadership -> wrap(Leadership.class, leadership, (method, args) -> {
                    if (method.getName().equals("runIfLeader")) {
                        ((LeaderAction<?>) Objects.requireNonNull(args[0])).run();
                        return () -> null;
                    }
                    return null;
                }));
    }

    /** Rule 1.6: a handle is valid again half a second after it was first asked. */
    static HighAvailabilityServices revives(HighAvailabilityServices right) {
        return leaderships(right, leadership -> {
            AtomicInteger asked = new AtomicInteger();
            return wrap(
                    Leadership.class,
                    leadership,
                    (method, args) -> method.getName().equals("isValid")
                            ? () -> leadership.isValid() || asked.incrementAndGet() == 3
                            : null);
        });
    }

    /** Rule 2.8: tells of a loss only when the contender has been revoked. */
    static HighAvailabilityServices losesLate(HighAvailabilityServices right) {
        return leaderships(
                right,
                leadership -> wrap(
                        Leadership.class,
                        leadership,
                        (method, args) -> method.getName().equals("lost") ? CompletableFuture::new : null));
    }

    /** Rule 3.1: revokes twice. */
    static HighAvailabilityServices revokesTwice(HighAvailabilityServices right) {
        return contenders(right, contender -> new Passing(contender) {
            @Override
            public void revokeLeadership(Leadership leadership) {
                super.revokeLeadership(leadership);
                super.revokeLeadership(leadership);
            }
        });
    }

    /** Rule 3.2: revokes when close() has returned. */
    static HighAvailabilityServices revokesAfterClose(HighAvailabilityServices right) {
        return seats(right, seat -> {
            Queue<Runnable> late = new ConcurrentLinkedQueue<>();
            return wrap(LeaderElection.class, seat, (method, args) -> switch (method.getName()) {
                case "start" ->
                    () -> {
                        seat.start(new Passing((LeaderContender) Objects.requireNonNull(args[0])) {
                            @Override
                            public void revokeLeadership(Leadership leadership) {
                                late.add(() -> super.revokeLeadership(leadership));
                            }
                        });
                        return null;
                    };
                case "close" ->
                    () -> {
                        seat.close();
                        later(2, () -> late.forEach(Runnable::run));
                        return null;
                    };
                default -> null;
            });
        });
    }

    /** Rule 3.3: calls all contenders and followers of a process on one thread. */
    static HighAvailabilityServices callsOneByOne(HighAvailabilityServices right) {
        ExecutorService one = Executors.newSingleThreadExecutor(work -> {
            Thread thread = new Thread(work, "wrong-services");
            thread.setDaemon(true);
            return thread;
        });
        HighAvailabilityServices contending = contenders(right, contender -> new Passing(contender) {
            @Override
            public void grantLeadership(Leadership leadership) {
                CompletableFuture.runAsync(() -> super.grantLeadership(leadership), one)
                        .join();
            }
        });
        return wrap(
                HighAvailabilityServices.class,
                contending,
                (method, args) -> method.getName().equals("leaderRetrieval")
                        ? () -> follower(
                                args.length == 1
                                        ? right.leaderRetrieval((String) args[0])
                                        : right.leaderRetrieval((String) args[0], (String) args[1]),
                                one)
                        : null);
    }

    private static LeaderRetrievalService follower(LeaderRetrievalService service, ExecutorService one) {
        return wrap(
                LeaderRetrievalService.class,
                service,
                (method, args) -> method.getName().equals("start")
                        ? () -> {
                            LeaderRetrievalListener listener = (LeaderRetrievalListener) args[0];
                            service.start(leader -> CompletableFuture.runAsync(
                                            () -> Objects.requireNonNull(listener)
                                                    .notifyLeader(leader),
                                            one)
                                    .join());
                            return null;
                        }
                        : null);
    }

    /** Rule 3.4: close() waits for the callback that it was called in. */
    static HighAvailabilityServices closesUnderItself(HighAvailabilityServices right) {
        return seats(right, seat -> {
            AtomicInteger running = new AtomicInteger();
            return wrap(LeaderElection.class, seat, (method, args) -> switch (method.getName()) {
                case "start" ->
                    () -> {
                        seat.start(new Passing((LeaderContender) Objects.requireNonNull(args[0])) {
                            @Override
                            public void grantLeadership(Leadership leadership) {
                                running.incrementAndGet();
                                super.grantLeadership(leadership);
                                running.decrementAndGet();
                            }
                        });
                        return null;
                    };
                case "close" ->
                    () -> {
                        boolean unused = Expect.await(TckTimeouts.patience().multipliedBy(2), () -> running.get() == 0);
                        seat.close();
                        return null;
                    };
                default -> null;
            });
        });
    }

    /** Rule 3.5: keeps errors to itself. */
    static HighAvailabilityServices swallowsErrors(HighAvailabilityServices right) {
        return contenders(right, contender -> new Passing(contender) {
            @Override
            public void handleError(HighAvailabilityException error) {
                if (!(error instanceof ContenderException)) {
                    super.handleError(error);
                }
            }
        });
    }

    /** Rule 3.6: delivers every grant that there ever was, a little late. */
    static HighAvailabilityServices deliversStaleGrants(HighAvailabilityServices right) {
        return seats(
                right,
                seat -> wrap(
                        LeaderElection.class,
                        seat,
                        (method, args) -> method.getName().equals("start")
                                ? () -> {
                                    LeaderContender contender = (LeaderContender) Objects.requireNonNull(args[0]);
                                    seat.start(contender);
                                    later(0, () -> {
                                        boolean won = Expect.await(TckTimeouts.patience(), () -> seat.leadership()
                                                .isPresent());
                                        seat.leadership().ifPresent(leadership -> {
                                            boolean lost =
                                                    Expect.await(TckTimeouts.patience(), () -> !leadership.isValid());
                                            if (won && lost) {
                                                contender.grantLeadership(leadership);
                                            }
                                        });
                                    });
                                    return null;
                                }
                                : null));
    }

    /** Rule 3.7: does not wait for revokeLeadership, which comes when the lock that was resigned is released. */
    static HighAvailabilityServices doesNotWait(HighAvailabilityServices right) {
        return contenders(right, contender -> new Passing(contender) {
            @Override
            public void revokeLeadership(Leadership leadership) {
                CompletableFuture<Void> released = leadership.resign().toCompletableFuture();
                later(0, () -> {
                    Expect.await(TckTimeouts.patience(), released::isDone);
                    super.revokeLeadership(leadership);
                });
            }
        });
    }

    /** Rule 5.3: tells once more when close() has returned. */
    static HighAvailabilityServices tellsAfterClose(HighAvailabilityServices right) {
        return wrap(
                HighAvailabilityServices.class,
                right,
                (method, args) -> method.getName().equals("leaderRetrieval")
                        ? () -> tellingLate(
                                args.length == 1
                                        ? right.leaderRetrieval((String) args[0])
                                        : right.leaderRetrieval((String) args[0], (String) args[1]))
                        : null);
    }

    private static LeaderRetrievalService tellingLate(LeaderRetrievalService service) {
        Queue<Runnable> late = new ConcurrentLinkedQueue<>();
        return wrap(LeaderRetrievalService.class, service, (method, args) -> switch (method.getName()) {
            case "start" ->
                () -> {
                    LeaderRetrievalListener listener = (LeaderRetrievalListener) Objects.requireNonNull(args[0]);
                    late.add(() -> listener.notifyLeader(service.current()));
                    service.start(listener);
                    return null;
                };
            case "close" ->
                () -> {
                    service.close();
                    later(50, () -> late.forEach(Runnable::run));
                    return null;
                };
            default -> null;
        });
    }

    /** Rule 6.7: takes a leadership of anybody, to find out later that it does not fit. */
    static HighAvailabilityServices takesAnyLeadership(HighAvailabilityServices right) {
        return wrap(
                HighAvailabilityServices.class,
                right,
                (method, args) ->
                        method.getName().equals("stores") ? () -> trusting(right.stores((String) args[0])) : null);
    }

    private static HighAvailabilityStores trusting(HighAvailabilityStores right) {
        EntryStore entries = right.entries();
        return wrap(
                HighAvailabilityStores.class,
                right,
                (method, args) -> method.getName().equals("entries")
                        ? () -> wrap(
                                EntryStore.class,
                                entries,
                                (inner, words) -> inner.getName().equals("create")
                                        ? () -> {
                                            try {
                                                return entries.create(
                                                        (Leadership) Objects.requireNonNull(words[0]),
                                                        (String) Objects.requireNonNull(words[1]),
                                                        (byte[]) Objects.requireNonNull(words[2]));
                                            } catch (IllegalArgumentException late) {
                                                return CompletableFuture.failedStage(late);
                                            }
                                        }
                                        : null)
                        : null);
    }

    /** Rule 7.2: a second close() is an error. */
    static HighAvailabilityServices closesOnce(HighAvailabilityServices right) {
        return seats(right, seat -> {
            AtomicInteger closes = new AtomicInteger();
            return wrap(
                    LeaderElection.class,
                    seat,
                    (method, args) -> method.getName().equals("close") && closes.incrementAndGet() > 1
                            ? () -> {
                                throw new IllegalStateException("closed already");
                            }
                            : null);
        });
    }

    /** Rule 7.5: whoever registers for a component twice gets a component of another name. */
    static HighAvailabilityServices seatsEverybody(HighAvailabilityServices right) {
        AtomicInteger seats = new AtomicInteger();
        return wrap(HighAvailabilityServices.class, right, (method, args) -> {
            if (method.getName().equals("leaderElection") && seats.incrementAndGet() % 2 == 0) {
                return () -> right.leaderElectionService((String) args[0]).component("leader-" + seats);
            }
            return null;
        });
    }

    /** Rule 7.6: believes that all is well until it is closed. */
    static HighAvailabilityServices alwaysWell(HighAvailabilityServices right) {
        return wrap(
                HighAvailabilityServices.class,
                right,
                (method, args) -> method.getName().equals("health")
                                && !right.health().detail().equals("closed")
                        ? () -> new Health(Health.Status.UP, "connected")
                        : null);
    }

    /** Rule 7.6: is well again as soon as the lease is over. */
    static HighAvailabilityServices wellWithoutLease(HighAvailabilityServices right) {
        return wrap(
                HighAvailabilityServices.class,
                right,
                (method, args) -> method.getName().equals("health")
                                && right.health().status() == Health.Status.DOWN
                                && !right.health().detail().equals("closed")
                        ? () -> new Health(Health.Status.UP, "connected")
                        : null);
    }

    /** Rule 7.6: knows of outages only, and not of renewals that are late. */
    static HighAvailabilityServices downAtOnce(HighAvailabilityServices right) {
        return wrap(
                HighAvailabilityServices.class,
                right,
                (method, args) -> method.getName().equals("health")
                                && right.health().status() == Health.Status.DEGRADED
                        ? () -> new Health(Health.Status.DOWN, right.health().detail())
                        : null);
    }

    /** Rule 8.1: says that something is wrong, and not what. */
    static HighAvailabilityServices isCurt(Supplier<HighAvailabilityServices> right) {
        try {
            return right.get();
        } catch (ConfigurationException e) {
            throw new ConfigurationException(e.anchor(), "bad configuration");
        }
    }
}
