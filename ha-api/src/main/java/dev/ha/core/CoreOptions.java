package dev.ha.core;

import dev.ha.spi.Option;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** The keys that every backend has, in one place; and those that are accepted without being options. */
final class CoreOptions {
    /** What precedes every key. */
    static final String PREFIX = "high-availability.";

    static final Option<String> MODE = Option.text(
            "mode", "The backend: a mode, a factory's class name, or FACTORY_CLASS together with factory-class.");

    static final Option<Optional<String>> FACTORY_CLASS = Option.text(
                    "factory-class", "Class name of the backend's factory; only with mode FACTORY_CLASS.")
            .optional();

    static final Option<String> CLUSTER_ID = Option.text(
                    "cluster-id", "Name of this cluster; clusters with different names never meet.")
            .check(
                    id -> id.length() <= 200
                            && StandardCharsets.UTF_8.newEncoder().canEncode(id),
                    "must have 1 to 200 characters of well-formed text")
            .orElse("default");

    static final Option<Duration> CLOSE_TIMEOUT = Option.duration(
                    "close-timeout", "Longest that close waits for contenders and for the backend.")
            .check(CoreOptions::isPositive, "must be greater than 0")
            .orElse(Duration.ofSeconds(30));

    static final Option<Duration> RETRY_WAIT = Option.duration(
                    "retry-wait",
                    "First wait before something that failed is tried again; doubles up to max-retry-wait.")
            .check(CoreOptions::isPositive, "must be greater than 0")
            .orElse(Duration.ofMillis(100));

    static final Option<Duration> MAX_RETRY_WAIT = Option.duration(
                    "max-retry-wait", "Longest wait before something that failed is tried again; at least retry-wait.")
            .check(CoreOptions::isPositive, "must be greater than 0")
            .orElse(Duration.ofSeconds(10));

    static final Option<Duration> RESIGN_WAIT = Option.duration(
                    "resign-wait", "Wait before contending again after the leadership was given up on purpose.")
            .orElse(Duration.ofSeconds(1));

    /** Flink's spelling. */
    static final Option<Optional<String>> STORAGE_DIR = Option.text(
                    "storageDir",
                    "Directory, or the URI of one, in which the stores keep what is too large for the backend; all processes must see the same.")
            .check(
                    StorageDirectory::isPath,
                    "must be an absolute path, or the URI of a directory in a file system that this JVM has")
            .optional();

    static final List<Option<?>> ALL = List.of(
            MODE, FACTORY_CLASS, CLUSTER_ID, CLOSE_TIMEOUT, RETRY_WAIT, MAX_RETRY_WAIT, RESIGN_WAIT, STORAGE_DIR);

    /** Flink's spelling of {@code mode} since 1.17. The one before is the bare {@code high-availability}. */
    static final String MODE_ALIAS = "type";

    /** Flink's keys that may stay in a configuration although nothing reads them (yet). */
    static final Set<String> WITHOUT_MEANING = Set.of(
            "jobmanager.port",
            "job.delay",
            "zookeeper.path.execution-plans",
            "zookeeper.path.jobgraphs",
            "zookeeper.path.applications");

    /** Modes of this project's own backends, and the artifact that holds each. */
    static final Map<String, String> BUILT_IN = Map.of(
            "none", "ha-standalone",
            "embedded", "ha-standalone",
            "file", "ha-standalone",
            "zookeeper", "ha-zookeeper",
            "etcd", "ha-etcd",
            "kubernetes", "ha-kubernetes");

    private CoreOptions() {}

    /** First segments under {@link #PREFIX} that no backend may take as its mode. */
    static Set<String> reserved() {
        Set<String> reserved = new TreeSet<>(WITHOUT_MEANING);
        ALL.forEach(option -> reserved.add(option.key()));
        reserved.addAll(Set.of(MODE_ALIAS, "standalone", "job", "jobmanager"));
        return reserved;
    }

    private static boolean isPositive(Duration duration) {
        return !duration.isZero() && !duration.isNegative();
    }
}
