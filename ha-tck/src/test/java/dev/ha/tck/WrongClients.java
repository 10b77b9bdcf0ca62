package dev.ha.tck;

import dev.ha.ConfigurationException;
import dev.ha.LeadershipLostException;
import dev.ha.Reason;
import dev.ha.spi.BackendContext;
import dev.ha.spi.Candidacy;
import dev.ha.spi.Change;
import dev.ha.spi.ElectionState;
import dev.ha.spi.Following;
import dev.ha.spi.Grant;
import dev.ha.spi.LeaderRecord;
import dev.ha.spi.Lease;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** All clients in this file are wrong. Each is found by its class name, so that child processes can use it, too. */
public final class WrongClients {
    private WrongClients() {}

    /** Rule 1.1: takes the lock for its own when its holder has not been told of for a moment. */
    public static final class LeadsFromTheQueue extends ReferenceBackendFactory {
        @Override
        ReferenceBackend backend(BackendContext context, List<InetSocketAddress> servers, Duration lease) {
            return new ReferenceBackend(context, servers, lease) {
                @Override
                Driver newDriver(Candidacy candidacy) {
                    return new Driver(candidacy) {
                        @Override
                        boolean isMine(State state) {
                            return state.queue.contains(nonce);
                        }

                        @Override
                        void grant(State state, Session session) {
                            candidacy.granted(Grant.of(
                                    super.isMine(state) ? state.token : state.revision,
                                    state.history,
                                    session.lease()));
                        }
                    };
                }
            };
        }
    }

    /** Rule 1.3: believes in a lease three times as long as the server's. */
    public static final class BelievesInALongerLease extends ReferenceBackendFactory {
        @Override
        ReferenceBackend backend(BackendContext context, List<InetSocketAddress> servers, Duration lease) {
            return new ReferenceBackend(context, servers, lease) {
                @Override
                Lease newLease(long sentAt) {
                    return context.lease(lease.multipliedBy(3), lease.dividedBy(5), sentAt);
                }
            };
        }
    }

    /** Rule 6.12, with a server that does not fence: asks whether it holds the lock, and then writes. */
    public static final class LooksBeforeItWrites extends ReferenceBackendFactory {
        @Override
        ReferenceBackend backend(BackendContext context, List<InetSocketAddress> servers, Duration lease) {
            return new ReferenceBackend(context, servers, lease) {
                @Override
                Driver newDriver(Candidacy candidacy) {
                    return new Driver(candidacy) {
                        @Override
                        public CompletionStage<String> write(Change change) {
                            return request(false, "STATE", cluster(), encode(election()))
                                    .thenCompose(state -> isMine(new State(election(), state))
                                            ? super.write(change)
                                            : CompletableFuture.failedStage(
                                                    new LeadershipLostException("looked: " + change, 0, 0)));
                        }
                    };
                }
            };
        }
    }

    /** Rule 1.7: hears of the removal of its own lock two seconds late. */
    public static final class NoticesRemovalLate extends ReferenceBackendFactory {
        @Override
        ReferenceBackend backend(BackendContext context, List<InetSocketAddress> servers, Duration lease) {
            return new ReferenceBackend(context, servers, lease) {
                @Override
                Driver newDriver(Candidacy candidacy) {
                    return new Driver(candidacy) {
                        @Override
                        void taken(State state) {
                            context.schedule(Duration.ofSeconds(2), () -> super.taken(state));
                        }
                    };
                }
            };
        }
    }

    /** Rule 1.8: counts the lease from the answer. */
    public static final class CountsFromTheAnswer extends ReferenceBackendFactory {
        @Override
        ReferenceBackend backend(BackendContext context, List<InetSocketAddress> servers, Duration lease) {
            return new ReferenceBackend(context, servers, lease) {
                @Override
                void renewed(Session session, long sentAt) {
                    super.renewed(session, context.nanoTime());
                }
            };
        }
    }

    /** Rule 1.9: all grants of a process have one session id. */
    public static final class OneSessionIdForAll extends ReferenceBackendFactory {
        @Override
        ReferenceBackend backend(BackendContext context, List<InetSocketAddress> servers, Duration lease) {
            UUID id = UUID.randomUUID();
            return new ReferenceBackend(context, servers, lease) {
                @Override
                Driver newDriver(Candidacy candidacy) {
                    return new Driver(candidacy) {
                        @Override
                        void grant(State state, Session session) {
                            candidacy.granted(new Grant(id, state.token, state.history, session.lease()));
                        }
                    };
                }
            };
        }
    }

    /** Rule 2.1: never renews its lease, only opens another session. */
    public static final class NeverRenews extends ReferenceBackendFactory {
        @Override
        ReferenceBackend backend(BackendContext context, List<InetSocketAddress> servers, Duration lease) {
            return new ReferenceBackend(context, servers, lease) {
                @Override
                void renewed(Session session, long sentAt) {}
            };
        }
    }

    /** Rule 2.4: gives up after the second outage. */
    public static final class GivesUp extends ReferenceBackendFactory {
        @Override
        ReferenceBackend backend(BackendContext context, List<InetSocketAddress> servers, Duration lease) {
            return new ReferenceBackend(context, servers, lease) {
                @Override
                boolean reconnects(int outages) {
                    return outages < 3;
                }
            };
        }
    }

    /** Rule 2.6: says nothing when it can't connect at first. */
    public static final class SilentAtFirst extends ReferenceBackendFactory {
        @Override
        ReferenceBackend backend(BackendContext context, List<InetSocketAddress> servers, Duration lease) {
            return new ReferenceBackend(context, servers, lease) {
                private volatile boolean connected;

                @Override
                Lease newLease(long sentAt) {
                    connected = true;
                    return super.newLease(sentAt);
                }

                @Override
                void disconnected(Throwable cause) {
                    if (connected) {
                        super.disconnected(cause);
                    }
                }
            };
        }
    }

    /** Rule 7.6: tells nobody that it is not answered. */
    public static final class KeepsOutagesToItself extends ReferenceBackendFactory {
        @Override
        ReferenceBackend backend(BackendContext context, List<InetSocketAddress> servers, Duration lease) {
            return new ReferenceBackend(context, servers, lease) {
                @Override
                void disconnected(Throwable cause) {}
            };
        }
    }

    /** Rule 2.7: forgets a candidacy whose creation was not acknowledged, instead of withdrawing it. */
    public static final class LeavesOrphans extends ReferenceBackendFactory {
        @Override
        ReferenceBackend backend(BackendContext context, List<InetSocketAddress> servers, Duration lease) {
            return new ReferenceBackend(context, servers, lease) {
                @Override
                Driver newDriver(Candidacy candidacy) {
                    return new Driver(candidacy) {
                        @Override
                        public CompletionStage<Void> close() {
                            if (hasEntered()) {
                                return super.close();
                            }
                            drivers.remove(this);
                            return CompletableFuture.completedStage(null);
                        }
                    };
                }
            };
        }
    }

    /** Rule 2.8: takes a leased lock for an unlimited one. */
    public static final class LeadsWithoutDeadline extends ReferenceBackendFactory {
        @Override
        ReferenceBackend backend(BackendContext context, List<InetSocketAddress> servers, Duration lease) {
            return new ReferenceBackend(context, servers, lease) {
                @Override
                Lease newLease(long sentAt) {
                    return context.unlimitedLease();
                }
            };
        }
    }

    /** Rule 2.9: after an outage only the first fifty candidates come back. */
    public static final class ForgetsTheMany extends ReferenceBackendFactory {
        @Override
        ReferenceBackend backend(BackendContext context, List<InetSocketAddress> servers, Duration lease) {
            return new ReferenceBackend(context, servers, lease) {
                private final AtomicInteger again = new AtomicInteger();

                @Override
                Driver newDriver(Candidacy candidacy) {
                    return new Driver(candidacy) {
                        private final boolean forgotten = again.incrementAndGet() > 150;

                        @Override
                        boolean isMine(State state) {
                            return !forgotten && super.isMine(state);
                        }
                    };
                }
            };
        }
    }

    /** Rule 4.1: publishes itself as soon as it has won. */
    public static final class PublishesAtOnce extends ReferenceBackendFactory {
        @Override
        ReferenceBackend backend(BackendContext context, List<InetSocketAddress> servers, Duration lease) {
            return new ReferenceBackend(context, servers, lease) {
                @Override
                Driver newDriver(Candidacy candidacy) {
                    return new Driver(candidacy) {
                        @Override
                        void grant(State state, Session session) {
                            Grant grant = Grant.of(state.token, state.history, session.lease());
                            CompletionStage<Void> unused = publish(Map.of(
                                    "leader", new LeaderRecord(grant.sessionId(), grant.fencingToken(), "pending")));
                            candidacy.granted(grant);
                        }

                        @Override
                        void recordsSeen(State state) {
                            if (state.records.values().stream()
                                    .noneMatch(record -> record.address().equals("pending"))) {
                                super.recordsSeen(state);
                            }
                        }
                    };
                }
            };
        }
    }

    /** Rule 4.4: does not look at its records. */
    public static final class IgnoresItsRecords extends ReferenceBackendFactory {
        @Override
        ReferenceBackend backend(BackendContext context, List<InetSocketAddress> servers, Duration lease) {
            return new ReferenceBackend(context, servers, lease) {
                @Override
                Driver newDriver(Candidacy candidacy) {
                    return new Driver(candidacy) {
                        @Override
                        void recordsSeen(State state) {}
                    };
                }
            };
        }
    }

    /** Rule 4.4: publishes again whenever it sees records, also its own. */
    public static final class PublishesInALoop extends ReferenceBackendFactory {
        @Override
        ReferenceBackend backend(BackendContext context, List<InetSocketAddress> servers, Duration lease) {
            return new ReferenceBackend(context, servers, lease) {
                @Override
                Driver newDriver(Candidacy candidacy) {
                    return new Driver(candidacy) {
                        private volatile @Nullable Map<String, LeaderRecord> last;

                        @Override
                        public CompletionStage<Void> publish(Map<String, LeaderRecord> records) {
                            last = records;
                            return super.publish(records);
                        }

                        @Override
                        void recordsSeen(State state) {
                            Map<String, LeaderRecord> mine = last;
                            if (mine != null) {
                                context.schedule(Duration.ofMillis(50), () -> {
                                    CompletionStage<Void> unused = publish(mine);
                                });
                            }
                        }
                    };
                }
            };
        }
    }

    /** Rule 4.5, together with a server that does not fence: tidies up when it has lost. */
    public static final class TidiesUpAfterItsLoss extends ReferenceBackendFactory {
        @Override
        ReferenceBackend backend(BackendContext context, List<InetSocketAddress> servers, Duration lease) {
            return new ReferenceBackend(context, servers, lease) {
                @Override
                Driver newDriver(Candidacy candidacy) {
                    return new Driver(candidacy) {
                        @Override
                        void taken(State state) {
                            super.taken(state);
                            for (int i = 1; i <= 20; i++) {
                                context.schedule(Duration.ofMillis(i * 100L), () -> {
                                    CompletionStage<Void> unused = publish(Map.of());
                                });
                            }
                        }
                    };
                }
            };
        }
    }

    /** Rule 5.1: does not report an election that is not there yet. */
    public static final class SilentWithoutElection extends ReferenceBackendFactory {
        @Override
        ReferenceBackend backend(BackendContext context, List<InetSocketAddress> servers, Duration lease) {
            return new ReferenceBackend(context, servers, lease) {
                @Override
                Watch newWatch(Following following) {
                    return new Watch(following) {
                        @Override
                        void seen(State state) {
                            if (!state.history.isEmpty()) {
                                super.seen(state);
                            }
                        }
                    };
                }
            };
        }
    }

    /** Rule 5.1: reads what it has seen last, not what is. */
    public static final class ReadsItsCache extends ReferenceBackendFactory {
        @Override
        ReferenceBackend backend(BackendContext context, List<InetSocketAddress> servers, Duration lease) {
            return new ReferenceBackend(context, servers, lease) {
                @Override
                Watch newWatch(Following following) {
                    return new Watch(following) {
                        private final AtomicReference<@Nullable CompletionStage<ElectionState>> cached =
                                new AtomicReference<>();

                        @Override
                        public CompletionStage<ElectionState> read() {
                            CompletionStage<ElectionState> read = cached.get();
                            if (read == null) {
                                read = super.read();
                                cached.set(read);
                                context.schedule(Duration.ofMillis(300), () -> cached.set(null));
                            }
                            return read;
                        }
                    };
                }
            };
        }
    }

    /** Rule 5.2: takes silence for absence. */
    public static final class TakesSilenceForAbsence extends ReferenceBackendFactory {
        @Override
        ReferenceBackend backend(BackendContext context, List<InetSocketAddress> servers, Duration lease) {
            return new ReferenceBackend(context, servers, lease) {
                private volatile @Nullable State last;

                @Override
                void arrived(State state) {
                    last = state;
                    super.arrived(state);
                }

                @Override
                void disconnected(Throwable cause) {
                    State known = last;
                    if (known != null) {
                        watches.forEach(watch -> watch.following.seen(new ElectionState(
                                known.history, known.revision, known.token, Map.of(), Reason.VANISHED)));
                    }
                }
            };
        }
    }

    /** Rule 5.4: an election that was watched once is not watched again. */
    public static final class WatchesOnce extends ReferenceBackendFactory {
        @Override
        ReferenceBackend backend(BackendContext context, List<InetSocketAddress> servers, Duration lease) {
            Set<String> watched = ConcurrentHashMap.newKeySet();
            return new ReferenceBackend(context, servers, lease) {
                @Override
                Watch newWatch(Following following) {
                    boolean first = watched.add(following.election());
                    return new Watch(following) {
                        @Override
                        void seen(State state) {
                            if (first) {
                                super.seen(state);
                            }
                        }
                    };
                }
            };
        }
    }

    /** Rule 6.5: takes values for text. */
    public static final class TakesValuesForText extends ReferenceBackendFactory {
        @Override
        ReferenceBackend backend(BackendContext context, List<InetSocketAddress> servers, Duration lease) {
            return new ReferenceBackend(context, servers, lease) {
                @Override
                Driver newDriver(Candidacy candidacy) {
                    return new Driver(candidacy) {
                        @Override
                        byte[] stored(byte[] value) {
                            return new String(value, StandardCharsets.UTF_8).getBytes(StandardCharsets.UTF_8);
                        }
                    };
                }
            };
        }
    }

    /** Rule 5.5: sticks to the history that it has seen first. */
    public static final class SticksToItsHistory extends ReferenceBackendFactory {
        @Override
        ReferenceBackend backend(BackendContext context, List<InetSocketAddress> servers, Duration lease) {
            return new ReferenceBackend(context, servers, lease) {
                @Override
                Watch newWatch(Following following) {
                    return new Watch(following) {
                        private String first = "";

                        @Override
                        void seen(State state) {
                            first = first.isEmpty() ? state.history : first;
                            if (state.history.isEmpty() || state.history.equals(first)) {
                                super.seen(state);
                            }
                        }
                    };
                }
            };
        }
    }

    /** Rule 5.6: tells what it knew before the outage first. */
    public static final class TellsOldNewsFirst extends ReferenceBackendFactory {
        @Override
        ReferenceBackend backend(BackendContext context, List<InetSocketAddress> servers, Duration lease) {
            return new ReferenceBackend(context, servers, lease) {
                private volatile @Nullable State last;

                @Override
                void arrived(State state) {
                    last = state;
                    super.arrived(state);
                }

                @Override
                void enterAll() {
                    State known = last;
                    if (known != null) {
                        super.arrived(known);
                    }
                    super.enterAll();
                }
            };
        }
    }

    /** Rule 7.1: connects when it is built. */
    public static final class ConnectsAtOnce extends ReferenceBackendFactory {
        @Override
        ReferenceBackend backend(BackendContext context, List<InetSocketAddress> servers, Duration lease) {
            ReferenceBackend backend = new ReferenceBackend(context, servers, lease);
            backend.start();
            return backend;
        }
    }

    /** Rule 7.3: cluster ids that differ in case only are one. */
    public static final class MergesClusters extends ReferenceBackendFactory {
        @Override
        ReferenceBackend backend(BackendContext context, List<InetSocketAddress> servers, Duration lease) {
            return new ReferenceBackend(context, servers, lease) {
                @Override
                String cluster() {
                    return super.cluster().toLowerCase(Locale.ROOT);
                }
            };
        }
    }

    /** Rule 8.1: refuses a password, and says which. */
    public static final class ShowsItsPassword extends ReferenceBackendFactory {
        @Override
        ReferenceBackend backend(BackendContext context, List<InetSocketAddress> servers, Duration lease) {
            context.get(PASSWORD).ifPresent(password -> {
                throw new ConfigurationException("bad-value", "the password '" + password + "' is too weak");
            });
            return super.backend(context, servers, lease);
        }
    }

    /** Rule 8.2: slashes become underscores. */
    public static final class MergesNames extends ReferenceBackendFactory {
        @Override
        ReferenceBackend backend(BackendContext context, List<InetSocketAddress> servers, Duration lease) {
            return new ReferenceBackend(context, servers, lease) {
                @Override
                String encode(String name) {
                    return name.replace('/', '_');
                }
            };
        }
    }
}
