package dev.ha.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Few threads for short tasks, one more for each that blocks. */
final class ElasticExecutorTest {
    private static final long LIMIT_SECONDS = 60;
    private final JvmPlatform platform = new JvmPlatform(null);

    @AfterEach
    void close() {
        platform.close();
    }

    @Test
    void tasksThatBlockDelayNobody() throws InterruptedException {
        CountDownLatch release = new CountDownLatch(1);
        int blocked = 200;
        CountDownLatch inside = new CountDownLatch(blocked);
        for (int i = 0; i < blocked; i++) {
            platform.io().execute(() -> {
                inside.countDown();
                awaitUninterruptibly(release);
            });
        }
        assertThat(inside.await(LIMIT_SECONDS, TimeUnit.SECONDS))
                .as("all begin though none ends")
                .isTrue();
        CountDownLatch other = new CountDownLatch(1);
        platform.io().execute(other::countDown);
        assertThat(other.await(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
        release.countDown();
    }

    @Test
    void manyShortTasksNeedFewThreads() throws InterruptedException {
        ElasticExecutor pool = new ElasticExecutor("test", platform::schedule);
        int tasks = 50_000;
        CountDownLatch done = new CountDownLatch(tasks);
        for (int i = 0; i < tasks; i++) {
            pool.execute(done::countDown);
        }
        assertThat(done.await(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(pool.threads()).isLessThan(50);
        pool.close();
    }

    /** On a machine that lacks processors all tasks take long, and each further thread makes it worse. */
    @Test
    void tasksThatLackProcessorsMakeNoFurtherThreads() throws InterruptedException {
        ElasticExecutor pool = new ElasticExecutor("test", platform::schedule);
        int tasks = 300;
        CountDownLatch done = new CountDownLatch(tasks);
        for (int i = 0; i < tasks; i++) {
            pool.execute(() -> {
                long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(40);
                while (System.nanoTime() < until) {
                    Thread.onSpinWait();
                }
                done.countDown();
            });
        }
        assertThat(done.await(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(pool.threads()).isLessThan(30);
        pool.close();
    }

    @Test
    void aTaskThatThrowsTakesNoThreadWithIt() throws InterruptedException {
        CountDownLatch done = new CountDownLatch(1);
        platform.io().execute(() -> {
            throw new IllegalStateException("on purpose");
        });
        platform.io().execute(done::countDown);
        assertThat(done.await(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void closeRefusesNewTasksFinishesWaitingOnesAndInterruptsStuckOnes() throws InterruptedException {
        ElasticExecutor pool = new ElasticExecutor("test", (delay, task) -> () -> {}); // never grows by itself
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch interrupted = new CountDownLatch(1);
        CountDownLatch waiting = new CountDownLatch(1);
        pool.execute(() -> {
            inside.countDown();
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException expected) {
                interrupted.countDown();
            }
        });
        assertThat(inside.await(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
        pool.execute(waiting::countDown);
        CountDownLatch stuckLongEnough = new CountDownLatch(1);
        platform.schedule(Duration.ofMillis(50), stuckLongEnough::countDown);
        assertThat(stuckLongEnough.await(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
        pool.close();
        assertThat(interrupted.await(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(waiting.await(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThatThrownBy(() -> pool.execute(() -> {})).isInstanceOf(RejectedExecutionException.class);
    }

    @Test
    void aUsersExecutorThatRejectsIsReplacedByAThreadOfOurs() throws InterruptedException {
        Executor rejecting = task -> {
            throw new RejectedExecutionException("full");
        };
        JvmPlatform other = new JvmPlatform(rejecting);
        CountDownLatch done = new CountDownLatch(1);
        other.callbacks().execute(done::countDown);
        assertThat(done.await(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
        other.close();
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
        }
    }
}
