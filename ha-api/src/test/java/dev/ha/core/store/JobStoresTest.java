package dev.ha.core.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ha.ConfigurationException;
import dev.ha.ConflictException;
import dev.ha.CorruptDataException;
import dev.ha.HighAvailabilityException;
import dev.ha.Leadership;
import dev.ha.LeadershipLostException;
import dev.ha.OutcomeUnknownException;
import dev.ha.UnavailableException;
import dev.ha.core.store.StoreWorld.Fault;
import dev.ha.store.BlobStore;
import dev.ha.store.Checkpoint;
import dev.ha.store.CheckpointIdCounter;
import dev.ha.store.CheckpointStore;
import dev.ha.store.Codec;
import dev.ha.store.JobGraphListener;
import dev.ha.store.JobGraphStore;
import dev.ha.store.JobResult;
import dev.ha.store.JobResultStore;
import dev.ha.store.JobSchedulingStatus;
import dev.ha.store.JobStatus;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What each of the stores for jobs promises beyond states. */
final class JobStoresTest {
    private static final byte[] LARGE = new byte[100_000];

    private final StoreWorld world;
    private final ElectionStores stores;
    private final Leadership leadership;

    JobStoresTest(@TempDir Path storage) {
        world = new StoreWorld(storage);
        stores = world.stores();
        leadership = world.lead();
    }

    private static <T> T join(CompletionStage<T> stage) {
        return stage.toCompletableFuture().join();
    }

    private static AbstractThrowableAssert<?, ?> assertFailure(CompletionStage<?> stage) {
        return assertThat(stage.toCompletableFuture()
                .<Throwable>handle((value, failure) ->
                        failure == null ? new AssertionError("done: " + value) : Futures.unwrap(failure))
                .join());
    }

    @Nested
    final class Graphs {
        private final JobGraphStore graphs = stores.jobGraphs();
        private final List<String> told = new ArrayList<>();
        private final JobGraphListener listener = new JobGraphListener() {
            @Override
            public void onAdded(String jobId) {
                told.add("+" + jobId);
            }

            @Override
            public void onRemoved(String jobId) {
                told.add("-" + jobId);
            }

            @Override
            public void handleError(HighAvailabilityException error) {
                told.add("!" + error.getMessage());
            }
        };

        private List<String> told() {
            world.runTimers();
            world.runCallbacks();
            List<String> news = List.copyOf(told);
            told.clear();
            return news;
        }

        @Test
        void putAddsAndReplaces() {
            join(graphs.put(leadership, "a", new byte[] {1}));
            join(graphs.put(leadership, "a", LARGE));
            join(graphs.put(leadership, "a", LARGE));
            join(graphs.put(leadership, "b", new byte[] {2}));
            assertThat(join(graphs.ids())).containsExactlyInAnyOrder("a", "b");
            assertThat(join(graphs.get("a")).orElseThrow()).isEqualTo(LARGE);
            assertThat(join(graphs.recover(leadership, "b")).orElseThrow()).containsExactly(2);
            assertThat(join(graphs.recover(leadership, "c"))).isEmpty();
            assertThat(world.files()).isEqualTo(world.named()).hasSize(1);
            join(graphs.remove(leadership, "a"));
            join(graphs.remove(leadership, "a"));
            assertThat(join(graphs.ids())).containsExactly("b");
            assertThat(world.files()).isEmpty();
        }

        @Test
        void oneThatCanNotBeReadDoesNotStopTheOthersAndCanBeOverwritten() {
            join(graphs.put(leadership, "a", new byte[] {1}));
            join(graphs.put(leadership, "b", new byte[] {2}));
            world.damage(".ha/job-graphs/a", new byte[] {9});
            assertThat(join(graphs.recoverAll(leadership)).states()).containsOnlyKeys("b");
            assertThat(join(graphs.recoverAll(leadership)).corrupt()).containsOnlyKeys("a");
            join(graphs.put(leadership, "a", new byte[] {3}));
            assertThat(join(graphs.recoverAll(leadership)).states()).containsOnlyKeys("a", "b");
        }

        @Test
        void listenersAreToldOfWhatOthersDo() {
            join(graphs.put(leadership, "before", new byte[0]));
            JobGraphStore follower = world.stores().jobGraphs();
            JobGraphStore.Watching watching = follower.watch(Duration.ofSeconds(1), listener);
            assertThat(told()).containsExactly("+before");
            join(graphs.put(leadership, "x", new byte[0]));
            join(graphs.put(leadership, "before", new byte[1]));
            assertThat(told()).containsExactly("+x");
            join(graphs.remove(leadership, "before"));
            assertThat(told()).containsExactly("-before");
            assertThat(told()).isEmpty();
            world.failAt(0, Fault.UNAVAILABLE);
            assertThat(told()).containsExactly("!down");
            world.failAt(0, Fault.UNAVAILABLE);
            assertThat(told()).as("told once per trouble").isEmpty();
            world.calm();
            assertThat(told()).isEmpty();
            join(graphs.put(leadership, "y", new byte[0]));
            watching.close();
            assertThat(told()).isEmpty();
            assertThatIllegalArgumentException().isThrownBy(() -> follower.watch(Duration.ZERO, listener));
        }

        /** An executor may run a call where it is asked to, and the listener may wait for whoever uses the store. */
        @Test
        void listenersAreCalledUnderNoLock() {
            world.callAtOnce();
            join(graphs.put(leadership, "job", new byte[] {1}));
            JobGraphStore follower = world.stores().jobGraphs();
            List<Boolean> removed = new ArrayList<>();
            follower.watch(Duration.ofSeconds(1), new JobGraphListener() {
                @Override
                public void onAdded(String jobId) {
                    Thread other = new Thread(() -> join(follower.remove(leadership, jobId)), "other");
                    other.setDaemon(true);
                    other.start();
                    try {
                        other.join(10_000);
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                    removed.add(!other.isAlive());
                }

                @Override
                public void onRemoved(String jobId) {}
            });
            assertThat(removed).containsExactly(true);
        }

        @Test
        void ownChangesAreNotTold() {
            graphs.watch(Duration.ofSeconds(1), listener);
            join(graphs.put(leadership, "x", new byte[0]));
            assertThat(told()).isEmpty();
            join(graphs.remove(leadership, "x"));
            assertThat(told()).isEmpty();
            world.interruptAt(0, () -> {
                world.calm();
                join(graphs.put(leadership, "y", new byte[0]));
            });
            assertThat(told()).isEmpty();
            assertThat(told()).isEmpty();
            join(world.stores().jobGraphs().remove(leadership, "y"));
            assertThat(told()).containsExactly("-y");
        }
    }

    @Nested
    final class Checkpointing {
        private CheckpointStore<String> store(int retained) {
            return stores.checkpoints("job", retained, Codec.text());
        }

        private List<Long> ids(CheckpointStore<String> store) {
            return join(store.recover(leadership)).stream().map(Checkpoint::id).toList();
        }

        @Test
        void theNewestAreKeptInOrder() {
            CheckpointStore<String> store = store(2);
            assertThat(join(store.latest())).isEmpty();
            assertThat(join(store.latestId())).isEmpty();
            for (long id : new long[] {9, 10, 11, 100}) {
                join(store.add(leadership, id, "c".repeat(50_000) + id));
            }
            assertThat(ids(store)).containsExactly(11L, 100L);
            assertThat(join(store.latest()).orElseThrow().value()).endsWith("c100");
            assertThat(join(store.latestId())).hasValue(100);
            assertThat(world.files()).isEqualTo(world.named()).hasSize(2);
            assertFailure(store.add(leadership, 100, "again")).isInstanceOf(ConflictException.class);
            assertThatIllegalArgumentException().isThrownBy(() -> store(0));
            assertThatIllegalArgumentException().isThrownBy(() -> store.add(leadership, -1, ""));
        }

        @Test
        void aFailedAdditionDropsNothingAndAFailedDropIsMadeUpFor() {
            CheckpointStore<String> store = store(1);
            join(store.add(leadership, 1, "one"));
            world.failAt(1, Fault.UNAVAILABLE);
            assertFailure(store.add(leadership, 2, "two")).isInstanceOf(UnavailableException.class);
            world.calm();
            assertThat(ids(store)).containsExactly(1L);
            world.failAt(2, Fault.UNAVAILABLE); // read, write, list
            join(store.add(leadership, 3, "three"));
            world.calm();
            assertThat(ids(store)).containsExactly(1L, 3L);
            join(store.add(leadership, 4, "four"));
            assertThat(ids(store)).containsExactly(4L);
        }

        @Test
        void oneThatCanNotBeReadIsNotPassedOver() {
            CheckpointStore<String> store = store(3);
            join(store.add(leadership, 1, "one"));
            join(store.add(leadership, 2, "two"));
            world.damage(String.format(".ha/checkpoints/job/%019d", 2), new byte[0]);
            assertFailure(store.latest()).isInstanceOf(CorruptDataException.class);
            assertFailure(store.recover(leadership)).isInstanceOf(CorruptDataException.class);
        }

        /** Some languages have digits of their own, and not all processes need speak the same. */
        @Test
        void anIdIsTheSameEntryInEveryLanguage() {
            Locale before = Locale.getDefault();
            Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
            try {
                join(store(3).add(leadership, 1, "one"));
            } finally {
                Locale.setDefault(before);
            }
            assertFailure(store(3).add(leadership, 1, "again")).isInstanceOf(ConflictException.class);
        }

        @Test
        void shutdownRemovesWhenTheJobIsOverForGood() {
            long id = 0;
            for (JobStatus status : JobStatus.values()) {
                CheckpointStore<String> store = store(3);
                join(store.add(leadership, ++id, "x".repeat(50_000)));
                join(store.shutdown(leadership, status));
                assertThat(join(store(3).latest()).isPresent()).isEqualTo(status == JobStatus.SUSPENDED);
                assertThatIllegalStateException().isThrownBy(() -> store.add(leadership, 50, "late"));
                join(store.shutdown(leadership, status));
            }
            world.lead();
            join(store(3).shutdown(leadership, JobStatus.SUSPENDED));
            assertFailure(store(3).shutdown(leadership, JobStatus.FINISHED))
                    .isInstanceOf(LeadershipLostException.class);
        }
    }

    @Nested
    final class Counting {
        private final CheckpointIdCounter counter = stores.checkpointIds("job");

        @Test
        void countsFromOneAcrossLeadersAndCounters() {
            assertThat(join(counter.get())).isEqualTo(1);
            assertThat(join(counter.getAndIncrement(leadership))).isEqualTo(1);
            assertThat(join(stores.checkpointIds("job").getAndIncrement(leadership)))
                    .isEqualTo(2);
            assertThat(join(stores.checkpointIds("job/2").getAndIncrement(leadership)))
                    .isEqualTo(1);
            Leadership next = world.lead();
            assertFailure(counter.getAndIncrement(leadership)).isInstanceOf(LeadershipLostException.class);
            assertThat(join(world.stores().checkpointIds("job").getAndIncrement(next)))
                    .isEqualTo(3);
            assertThat(join(counter.get())).isEqualTo(4);
        }

        @Test
        void advancesAndNeverGoesBack() {
            join(counter.advanceTo(leadership, 10));
            join(counter.advanceTo(leadership, 5));
            join(counter.advanceTo(leadership, -5));
            assertThat(join(counter.getAndIncrement(leadership))).isEqualTo(10);
            join(counter.advanceTo(leadership, Long.MAX_VALUE));
            assertFailure(counter.getAndIncrement(leadership)).isInstanceOf(ArithmeticException.class);
            world.damage(
                    ".ha/checkpoint-ids/job", StateText.inline(new byte[] {'x'}).bytes());
            assertFailure(counter.getAndIncrement(leadership)).isInstanceOf(CorruptDataException.class);
        }

        @Test
        void anIdIsNeverGivenTwiceWhateverHappens() {
            long last = 0;
            for (Fault fault : Fault.values()) {
                for (int at = 0; at < 6 && fault != Fault.CRASH; at++) {
                    world.failAt(at, fault);
                    try {
                        long id = join(counter.getAndIncrement(leadership));
                        assertThat(id).isGreaterThan(last);
                        last = id;
                    } catch (CompletionException failed) {
                        assertThat(Futures.unwrap(failed))
                                .isInstanceOfAny(UnavailableException.class, OutcomeUnknownException.class);
                    }
                    world.calm();
                    long id = join(counter.getAndIncrement(leadership));
                    assertThat(id).isGreaterThan(last);
                    last = id;
                }
            }
        }

        @Test
        void ashutdownForGoodRemovesIt() {
            join(counter.getAndIncrement(leadership));
            join(counter.shutdown(leadership, JobStatus.SUSPENDED));
            assertThat(join(counter.get())).isEqualTo(2);
            join(counter.shutdown(leadership, JobStatus.CANCELED));
            join(counter.shutdown(leadership, JobStatus.CANCELED));
            assertThat(join(counter.get())).isEqualTo(1);
        }
    }

    @Nested
    final class Results {
        private final JobResultStore results = stores.jobResults();
        private final JobResult result = new JobResult("job", JobStatus.FINISHED, "in 3 s\n\u00e4");

        private void assertTable(boolean any, boolean dirty, boolean clean) {
            assertThat(join(results.hasResult("job"))).isEqualTo(any);
            assertThat(join(results.hasDirtyResult("job"))).isEqualTo(dirty);
            assertThat(join(results.hasCleanResult("job"))).isEqualTo(clean);
            assertThat(join(results.dirtyResults(leadership))).isEqualTo(dirty ? Set.of(result) : Set.of());
            assertThat(join(results.get("job")).isPresent()).isEqualTo(any);
            assertThat(join(results.ids())).hasSize(any ? 1 : 0);
        }

        /** Flink's rule 87. */
        @Test
        void truthTable() {
            assertTable(false, false, false);
            assertFailure(results.markClean(leadership, "job")).isInstanceOf(ConflictException.class);
            join(results.createDirty(leadership, result));
            assertTable(true, true, false);
            assertFailure(results.createDirty(leadership, result)).isInstanceOf(ConflictException.class);
            assertFailure(results.remove(leadership, "job")).isInstanceOf(ConflictException.class);
            assertTable(true, true, false);
            join(results.markClean(leadership, "job"));
            join(results.markClean(leadership, "job"));
            assertTable(true, false, true);
            assertFailure(results.createDirty(leadership, result)).isInstanceOf(ConflictException.class);
            assertThat(join(results.get("job"))).contains(result);
            join(results.remove(leadership, "job"));
            join(results.remove(leadership, "job"));
            assertTable(false, false, false);
            assertThatIllegalArgumentException().isThrownBy(() -> new JobResult("job", JobStatus.SUSPENDED, ""));
        }

        @Test
        void whatIsKnownOfAJobFollowsFromItsGraphAndResult() {
            assertThat(join(stores.schedulingStatus("job"))).isEqualTo(JobSchedulingStatus.PENDING);
            join(stores.jobGraphs().put(leadership, "job", new byte[1]));
            assertThat(join(stores.schedulingStatus("job"))).isEqualTo(JobSchedulingStatus.RUNNING);
            join(results.createDirty(leadership, result));
            assertThat(join(stores.schedulingStatus("job"))).isEqualTo(JobSchedulingStatus.DONE);
            join(stores.globalCleanup(leadership, "job"));
            assertThat(join(stores.schedulingStatus("job"))).isEqualTo(JobSchedulingStatus.DONE);
            join(results.markClean(leadership, "job"));
            assertThat(join(stores.schedulingStatus("job"))).isEqualTo(JobSchedulingStatus.DONE);
        }

        @Test
        void aJobThatEndsWhileItIsAskedForIsNeverPending() {
            ElectionStores other = world.stores();
            for (int at = 0; at < 3; at++) {
                String job = "job-" + at;
                join(other.jobGraphs().put(leadership, job, new byte[1]));
                world.interruptAt(at, () -> {
                    world.calm();
                    join(other.jobResults().createDirty(leadership, new JobResult(job, JobStatus.FINISHED, "")));
                    join(other.globalCleanup(leadership, job));
                });
                assertThat(join(stores.schedulingStatus(job))).isNotEqualTo(JobSchedulingStatus.PENDING);
                world.calm();
            }
        }

        @Test
        void aSupersededLeaderDecidesNothing() {
            join(results.createDirty(leadership, result));
            join(world.stores().jobResults().markClean(world.lead(), "job"));
            for (CompletionStage<Void> late : List.of(
                    results.createDirty(leadership, result),
                    results.markClean(leadership, "job"),
                    results.markClean(leadership, "other"),
                    results.remove(leadership, "job"))) {
                assertFailure(late).isInstanceOf(LeadershipLostException.class);
            }
            assertFailure(results.dirtyResults(leadership)).isInstanceOf(LeadershipLostException.class);
        }

        /** Between the look at a clean result and its removal the job may be run again, and end. */
        @Test
        void theNextResultOfAJobIsNotRemovedInPlaceOfTheOneThatWasClean() {
            int interrupted = 0;
            for (int at = 0; at < 8; at++) {
                String job = "job-" + at;
                JobResult first = new JobResult(job, JobStatus.FINISHED, "first");
                JobResult second = new JobResult(job, JobStatus.FAILED, "second");
                join(results.createDirty(leadership, first));
                join(results.markClean(leadership, job));
                JobResultStore same = world.stores().jobResults();
                join(same.dirtyResults(leadership));
                List<String> created = new ArrayList<>();
                world.interruptAt(at, () -> {
                    world.calm();
                    join(same.remove(leadership, job));
                    join(same.createDirty(leadership, second));
                    created.add(job);
                });
                boolean removed =
                        !results.remove(leadership, job).toCompletableFuture().isCompletedExceptionally();
                world.calm();
                interrupted += created.size();
                assertThat(join(results.hasDirtyResult(job)))
                        .as("the second result, created before request %s", at)
                        .isEqualTo(!created.isEmpty());
                assertThat(removed).as("at %s", at).isEqualTo(created.isEmpty());
            }
            assertThat(interrupted).isGreaterThan(3);
        }

        @Test
        void aResultThatCanNotBeReadIsTold() {
            world.damage(".ha/job-results/job", new byte[0]);
            assertFailure(results.hasResult("job")).isInstanceOf(CorruptDataException.class);
            assertFailure(results.dirtyResults(leadership)).isInstanceOf(CorruptDataException.class);
            assertFailure(results.createDirty(leadership, result)).isInstanceOf(ConflictException.class);
        }
    }

    @Nested
    final class BlobsOfJobs {
        private final BlobStore blobs = stores.blobs();

        private void put(String job, String key, int size) {
            join(blobs.put(leadership, job, key, new ByteArrayInputStream(new byte[size])));
        }

        @Test
        void areStreams() throws IOException {
            put("job", "a.jar", 0);
            put("job", "a.jar", 300_000);
            put("job", "../b", 5);
            put("job/2", "a.jar", 7);
            try (InputStream in = join(blobs.get("job", "a.jar")).orElseThrow()) {
                assertThat(in.readAllBytes()).hasSize(300_000);
            }
            assertThat(join(blobs.get("job", "c"))).isEmpty();
            assertThat(join(blobs.keys("job"))).containsExactlyInAnyOrder("a.jar", "../b");
            join(blobs.delete(leadership, "job", "../b"));
            join(blobs.delete(leadership, "job", "../b"));
            join(blobs.deleteAll(leadership, "job"));
            assertThat(join(blobs.keys("job"))).isEmpty();
            assertThat(join(blobs.keys("job/2"))).hasSize(1);
            assertThat(world.files()).isEqualTo(world.named()).hasSize(1);
        }

        /** Nothing that is stored is corrupt when what is to be stored can't be read. */
        @Test
        void dataThatAreNotThereAreNoDamage() {
            InputStream missing = new InputStream() {
                @Override
                public int read() throws IOException {
                    throw new NoSuchFileException("mine");
                }

                @Override
                public int read(byte[] into, int from, int length) throws IOException {
                    return read();
                }
            };
            assertFailure(blobs.put(leadership, "job", "key", missing))
                    .isInstanceOf(UnavailableException.class)
                    .hasMessageContaining("nothing was changed");
            assertThat(world.files()).isEmpty();
        }

        @Test
        void needADirectory() {
            BlobStore nowhere = world.storesWithoutStorage().blobs();
            assertThatThrownBy(() -> nowhere.put(leadership, "job", "a", InputStream.nullInputStream()))
                    .isInstanceOf(ConfigurationException.class)
                    .hasMessageContaining("high-availability.storageDir is missing");
            assertThat(join(nowhere.keys("job"))).isEmpty();
        }
    }

    @Nested
    final class CleaningUp {
        private void fill(String job) {
            join(stores.jobGraphs().put(leadership, job, LARGE));
            join(stores.checkpoints(job, 2, Codec.bytes()).add(leadership, 1, LARGE));
            join(stores.checkpointIds(job).getAndIncrement(leadership));
            join(stores.blobs().put(leadership, job, "a", new ByteArrayInputStream(LARGE)));
            join(stores.jobResults().createDirty(leadership, new JobResult(job, JobStatus.FAILED, "")));
        }

        @Test
        void oneJobOnlyAndNotItsResult() {
            fill("job");
            fill("job/2");
            join(stores.globalCleanup(leadership, "job"));
            join(stores.globalCleanup(leadership, "job"));
            assertThat(world.entries().keySet().stream()
                            .filter(name -> name.contains("/job") && !name.contains("%2F2")))
                    .containsExactly(".ha/job-results/job");
            assertThat(world.files()).isEqualTo(world.named()).hasSize(3);
        }

        @Test
        void canBeRepeatedFromWhereverItFailed() {
            int steps = 0;
            for (int at = 0; at <= steps; at++) {
                fill("job" + at);
                world.countSteps();
                world.failAt(at, Fault.UNAVAILABLE);
                stores.globalCleanup(leadership, "job" + at);
                world.calm();
                steps = Math.max(steps, Math.min(world.countSteps(), 60));
                assertThat(world.files()).containsAll(world.named());
                join(stores.globalCleanup(leadership, "job" + at));
                assertThat(world.files()).as("step %s", at).isEmpty();
            }
            assertThat(steps).isGreaterThan(10);
        }

        @Test
        void everythingButTheFence() {
            fill("job");
            join(stores.entries().create(leadership, "mine", new byte[] {1}));
            join(stores.deleteAll(leadership));
            join(stores.deleteAll(leadership));
            assertThat(world.entries().keySet()).containsExactly(".ha/seal");
            assertThat(world.files()).isEmpty();
            Leadership next = world.lead();
            join(world.stores().deleteAll(next));
            assertFailure(stores.jobGraphs().put(leadership, "job", LARGE)).isInstanceOf(LeadershipLostException.class);
            assertFailure(stores.jobGraphs().recoverAll(leadership)).isInstanceOf(LeadershipLostException.class);
            assertThat(world.files()).isEmpty();
        }

        /** What looks like a pointer in an entry of a user's is none. */
        @Test
        void entriesOfUsersPointToNothing() {
            join(stores.jobGraphs().put(leadership, "job", LARGE));
            byte[] pointer = world.entry(".ha/job-graphs/job").value();
            join(stores.entries().create(leadership, "mine", pointer));
            world.entries().keySet().removeIf(name -> name.startsWith(".ha/job-graphs"));
            join(stores.deleteAll(leadership));
            assertThat(world.entries().keySet()).containsExactly(".ha/seal");
            assertThat(world.files())
                    .as("only a later leader removes what no entry names")
                    .hasSize(1);
            assertThat(join(stores.removeOrphans(leadership, Duration.ZERO))).isEmpty();
            assertThat(join(world.stores().removeOrphans(world.lead(), Duration.ZERO)))
                    .hasSize(1);
        }

        @Test
        void orphansOfOthersAndYoungOnesStay() throws IOException {
            fill("job");
            Path sample = world.directory().resolve(world.files().iterator().next());
            String history = sample.getFileName().toString().split("\\.", -1)[1];
            String random = "." + "0".repeat(32);
            List<String> foreign = List.of("x.other-history.1" + random, "x." + history + ".nine" + random, "readme");
            for (String name : foreign) {
                Files.write(world.directory().resolve(name), new byte[1]);
            }
            Files.write(world.directory().resolve("x." + history + ".1" + random), new byte[1]);
            Files.write(world.directory().resolve("aside.y." + history + ".999" + random), new byte[1]);
            ElectionStores successor = world.stores();
            Leadership next = world.lead();
            world.setTime(Instant.now());
            assertThat(join(successor.removeOrphans(next, Duration.ofHours(1)))).isEmpty();
            world.setTime(Instant.now().plusSeconds(3700));
            assertThat(join(successor.removeOrphans(next, Duration.ofHours(1))))
                    .hasSize(2)
                    .allSatisfy(file -> assertThat(file).contains("." + history + "."));
            assertThat(world.files())
                    .containsAll(world.named())
                    .containsAll(foreign)
                    .hasSize(6);
        }

        @Test
        void nothingIsAnOrphanWhileAnEntryCanNotBeRead() {
            fill("job");
            world.damage(".ha/job-graphs/job", new byte[0]);
            assertFailure(world.stores().removeOrphans(world.lead(), Duration.ZERO))
                    .isInstanceOf(CorruptDataException.class)
                    .hasMessageContaining(".ha/job-graphs/job");
            assertThat(world.files()).hasSize(3);
        }

        @Test
        void aSupersededLeaderFindsNoOrphans() {
            int steps = 12;
            for (int at = 0; at < steps; at++) {
                join(stores.removeOrphans(world.lead(), Duration.ZERO));
                Leadership old = world.lead();
                ElectionStores oldStores = world.stores();
                join(oldStores.jobGraphs().recoverAll(old));
                world.interruptAt(at, () -> {
                    world.calm();
                    Leadership next = world.lead();
                    join(world.stores().jobGraphs().put(next, "job", LARGE));
                });
                oldStores.removeOrphans(old, Duration.ZERO);
                world.calm();
                assertThat(world.files()).as("superseded at %s", at).containsAll(world.named());
            }
        }
    }
}
