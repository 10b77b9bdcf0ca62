package dev.ha.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ha.ConfigurationException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which keys are known where two backends are installed: {@code db}, in use, and {@code redis}. */
final class KeyCheckTest {
    private static final String HA = "high-availability.";

    private static @Nullable ClassPath classPath;

    @BeforeAll
    static void install(@TempDir Path directory) {
        classPath = ClassPath.of(
                directory,
                FactoryJar.named("db.jar")
                        .factory(
                                "com.acme.DbFactory",
                                "db",
                                "Option.text(\"url\", \"Where.\").optional()",
                                "Option.duration(\"client.session-timeout\", \"How long.\").optional()",
                                "Option.map(\"authorization.*\", \"Who.\").optional()"),
                FactoryJar.named("redis.jar")
                        .factory("com.acme.RedisFactory", "redis", "Option.texts(\"nodes\", \"Where.\")"),
                FactoryJar.named("redis2.jar")
                        .factory("com.other.RedisFactory", "redis", "Option.texts(\"hosts\", \"Where.\")"),
                FactoryJar.named("empty.jar").factory("com.acme.EmptyFactory", "empty"));
    }

    @AfterAll
    static void close() {
        classPath().close();
    }

    private static ClassPath classPath() {
        return Objects.requireNonNull(classPath);
    }

    private static Map<String, Object> with(String... keys) {
        Map<String, Object> configuration = new HashMap<>();
        configuration.put(HA + "mode", "db");
        for (String key : keys) {
            configuration.put(HA + key, "7");
        }
        return configuration;
    }

    private static ConfigurationException refused(String... keys) {
        ConfigurationException refused = catchThrowableOfType(
                ConfigurationException.class, () -> classPath().find(with(keys)));
        assertThat(refused).as("an error").isNotNull();
        assertThat(refused.anchor()).isEqualTo("unknown-key");
        return refused;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "cluster-id",
                "close-timeout",
                "db.url",
                "db.client.session-timeout",
                "db.authorization.digest",
                "db.authorization.X.509",
                "redis.nodes",
                "redis.hosts"
            })
    void declaredKeysAreKnown(String key) {
        assertThat(Log.of(() -> classPath().find(with(key)))).doesNotContain(key);
    }

    @Test
    void valuesOfBackendsNotInUseAreNotChecked() {
        Map<String, Object> configuration = with();
        configuration.put(HA + "redis.nodes", " ");
        assertThat(classPath().find(configuration).mode()).isEqualTo("db");
    }

    @ParameterizedTest
    @CsvSource({
        "cluster_id, did you mean high-availability.cluster-id?",
        "db.ulr, did you mean high-availability.db.url?",
        "db.URL, did you mean high-availability.db.url?",
        "db.sesion-timeout, did you mean high-availability.db.client.session-timeout?",
        "redis.node, did you mean high-availability.redis.nodes?",
        "reddis.nodes, did you mean high-availability.redis.nodes?",
        "db.authorization, did you mean high-availability.db.authorization.*?",
        "db.authorization., did you mean high-availability.db.authorization.*?",
        "zookeper.quorum, did you mean high-availability.zookeeper.quorum?",
        "db.xyzzy, 'known are db.authorization.*, db.client.session-timeout, db.url)'",
        "db, 'known are'",
        "redis, 'known are'",
        "empty.xyzzy, 'redis.*, resign-wait, retry-wait'",
        "xyzzy.xyzzy, 'known are close-timeout, cluster-id, db.*, empty.*, factory-class, max-retry-wait, mode, redis.*'",
        "mode.sub, 'known are close-timeout'",
        "zookeeper, 'known are close-timeout'",
    })
    void otherKeysAreErrorsWithTheNearestKnownOne(String key, String hint) {
        assertThat(refused(key))
                .hasMessageContainingAll("nobody reads " + HA + key + " (", hint, "correct or remove it");
    }

    @Test
    void allUnknownKeysAreToldAtOnceAndNoValue() {
        assertThat(refused("db.ulr", "xyzzy"))
                .hasMessageContainingAll("nobody reads " + HA + "db.ulr (", ", nor " + HA + "xyzzy (")
                .hasMessageNotContaining("7");
    }

    @Test
    void backendsThatCannotBeLoadedAreToldToo(@TempDir Path directory) {
        try (ClassPath broken = ClassPath.of(
                directory, FactoryJar.named("a.jar").factory("a.A", "db").service("b.Missing"))) {
            assertThat(catchThrowableOfType(ConfigurationException.class, () -> broken.find(with("b.x"))))
                    .hasMessageContainingAll(
                            "nobody reads " + HA + "b.x", "backends that can't be loaded", "b.Missing");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"zookeeper.quorum", "kubernetes.a", "etcd.a", "none.a", "embedded.a", "file.directory"})
    void keysOfBuiltInBackendsThatAreAbsentAreIgnoredWithOneInfo(String key) {
        assertThat(Log.of(() -> classPath().find(with(key, "etcd.b"))))
                .containsOnlyOnce("INFO")
                .contains("ignored, because the backends of these keys are not installed or broken: ")
                .contains(HA + key, HA + "etcd.b");
    }

    @Test
    void keysOfFlinkWithoutMeaningAreIgnoredWithOneInfo() {
        assertThat(Log.of(() -> classPath().find(with("jobmanager.port", "job.delay"))))
                .containsOnlyOnce("INFO")
                .contains("ignored, because these keys have no meaning yet: " + HA + "job.delay, " + HA
                        + "jobmanager.port");
    }
}
