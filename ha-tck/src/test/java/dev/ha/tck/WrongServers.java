package dev.ha.tck;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** All servers in this file are wrong. */
final class WrongServers {
    private WrongServers() {}

    /** Rule 1.2: the token starts anew when nobody waits. */
    static class ForgetsTokens extends ReferenceServer {
        @Override
        long newToken(Election election) {
            return election.queue.size() == 1 ? 1 : super.newToken(election);
        }
    }

    /** Rule 1.5: writes are not fenced. */
    static class DoesNotFenceWrites extends ReferenceServer {
        @Override
        boolean mayWrite(Election election, String nonce, String kind, String name) {
            return true;
        }
    }

    /** Rule 2.2: when one that waits leaves, the one behind it is lost with it. */
    static class LosesTheOneBehind extends ReferenceServer {
        @Override
        void remove(Election election, String nonce) {
            for (int i = 1; i + 1 < election.queue.size(); i++) {
                if (election.queue.get(i).nonce.equals(nonce)) {
                    // Still in the queue as far as its client can see, but never first.
                    Candidate behind = election.queue.remove(i + 1);
                    election.lost.add(behind.nonce);
                }
            }
            super.remove(election, nonce);
        }
    }

    /** Rule 2.3: sessions never expire. */
    static class NeverExpires extends ReferenceServer {
        @Override
        boolean expires(String session) {
            return false;
        }
    }

    /** Rule 2.5: an election serves six candidates, and no more. */
    static class TiresOfContenders extends ReferenceServer {
        private static final int ENOUGH = 6;

        @Override
        void enqueue(Election election, Candidate candidate) {
            election.sessions.add(candidate.session);
            if (election.sessions.size() > ENOUGH) {
                election.lost.add(candidate.nonce);
            } else {
                super.enqueue(election, candidate);
            }
        }
    }

    /** Rule 4.2: publications are not fenced. */
    static class DoesNotFencePublications extends ReferenceServer {
        @Override
        boolean mayPublish(Election election, String nonce) {
            return true;
        }
    }

    /** Rule 4.3: the records stay when the lock is released. */
    static class KeepsRecords extends ReferenceServer {
        @Override
        void remove(Election election, String nonce) {
            election.queue.removeIf(candidate -> candidate.nonce.equals(nonce));
        }
    }

    /** Rule 4.6: a publication creates what was deleted. */
    static class CreatesAnew extends ReferenceServer {
        @Override
        boolean createsAnew() {
            return true;
        }
    }

    /** Rule 6.1: the entries go with the last candidate. */
    static class DropsEntries extends ReferenceServer {
        @Override
        void remove(Election election, String nonce) {
            super.remove(election, nonce);
            if (election.queue.isEmpty()) {
                election.entries.clear();
            }
        }
    }

    /** Rule 6.2: what was deleted may be created by anybody. */
    static class ForgetsTheFenceOfTheDeleted extends ReferenceServer {
        private final Set<String> known = new HashSet<>();

        @Override
        boolean mayWrite(Election election, String nonce, String kind, String name) {
            boolean deleted = known.contains(name) && !election.entries.containsKey(name);
            known.add(name);
            return (deleted && kind.equals("CREATE")) || super.mayWrite(election, nonce, kind, name);
        }
    }

    /** Rule 6.3: creation overwrites. */
    static class CreationOverwrites extends ReferenceServer {
        @Override
        boolean mayApply(String kind, @Nullable Value present, String expected) {
            return kind.equals("CREATE") || super.mayApply(kind, present, expected);
        }
    }

    /** Rule 6.3: replacement and deletion look at existence only. */
    static class IgnoresVersions extends ReferenceServer {
        @Override
        boolean mayApply(String kind, @Nullable Value present, String expected) {
            return kind.equals("CREATE") ? present == null : present != null;
        }
    }

    /** Rule 6.4: versions start anew when an entry is created again. */
    static class CountsVersionsPerEntry extends ReferenceServer {
        @Override
        String newVersion(@Nullable Value present) {
            return present == null ? "1" : Long.toString(Long.parseLong(present.version()) + 1);
        }
    }

    /** Rule 6.6: a prefix may be anywhere. */
    static class FindsPrefixesAnywhere extends ReferenceServer {
        @Override
        boolean matches(String name, String prefix) {
            return name.contains(prefix);
        }
    }

    /** Rule 6.9: nothing is durable. */
    static class ForgetsEntriesOfTheLastToLeave extends ReferenceServer {
        @Override
        void allGone(Election election) {
            election.entries.clear();
        }
    }

    /** Rule 6.21: what was written last goes with its leader. */
    static class StoresLater extends ReferenceServer {
        private static final int AT_ONCE = 20;
        private final Map<Election, Map<String, Value>> stored = new HashMap<>();
        private int writes;

        @Override
        boolean mayWrite(Election election, String nonce, String kind, String name) {
            if (writes++ % AT_ONCE == 0) {
                stored.put(election, new TreeMap<>(election.entries));
            }
            return super.mayWrite(election, nonce, kind, name);
        }

        @Override
        void remove(Election election, String nonce) {
            boolean leads = election.holder().nonce.equals(nonce);
            super.remove(election, nonce);
            Map<String, Value> kept = stored.get(election);
            if (leads && kept != null) {
                election.entries.clear();
                election.entries.putAll(kept);
            }
        }
    }

    /** Rule 9.3: one that was stopped believes for a moment that it still decides, and renews what it is asked to. */
    static class WakesUpInTheOldTerm extends ReferenceServer {
        @Override
        boolean renewsAlone(boolean apart, long nanosSinceResumed) {
            return nanosSinceResumed < 300_000_000;
        }
    }

    /** Rule 9.6: one that is cut off from the others renews leases of which they decide. */
    static class RenewsWithoutTheOthers extends ReferenceServer {
        @Override
        boolean renewsAlone(boolean apart, long nanosSinceResumed) {
            return apart;
        }
    }
}
