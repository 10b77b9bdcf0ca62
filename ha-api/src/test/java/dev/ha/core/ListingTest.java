package dev.ha.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ha.ConfigurationReference.KnownKey;
import dev.ha.ConfigurationReference.Resolved;
import dev.ha.ConfigurationReference.Setting;
import dev.ha.ConfigurationReference.Source;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ListingTest {
    private final FactoryJar acme = FactoryJar.named("acme.jar")
            .factory(
                    "com.acme.DbFactory",
                    "db",
                    "Option.text(\"password\", \"Password.\").secret().check(p -> p.length() > 3, \"must be long\")");

    @Test
    void keysAreThoseOfTheCoreAndOfEachBackend(@TempDir Path directory) {
        FactoryJar another = FactoryJar.named("another.jar")
                .factory("com.acme.AFactory", "a", "Option.integer(\"n\", \"N.\").orElse(1)");
        try (ClassPath classPath = ClassPath.of(directory, acme, another)) {
            assertThat(Listing.keys(classPath))
                    .hasSize(CoreOptions.ALL.size() + 2)
                    .endsWith(
                            new KnownKey("high-availability.a.n", "a", "integer", "1", "", false, "N."),
                            new KnownKey(
                                    "high-availability.db.password",
                                    "db",
                                    "text",
                                    "required",
                                    "must be long",
                                    true,
                                    "Password."));
        }
    }

    @Test
    void keysOfBrokenBackendsAreLeftOutWithAWarning(@TempDir Path directory) {
        FactoryJar broken = FactoryJar.named("broken.jar")
                .service("com.broken.Missing")
                .factory("com.broken.Twice", "twice", "Option.text(\"a\", \"A.\")", "Option.text(\"a\", \"A.\")");
        try (ClassPath classPath = ClassPath.of(directory, broken)) {
            assertThat(Log.of(() -> assertThat(Listing.keys(classPath)).hasSameSizeAs(CoreOptions.ALL)))
                    .contains("com.broken.Missing", "twice (com.broken.Twice in ");
        }
    }

    @Test
    void resolvedNamesTheFactoryAndMasksSecrets(@TempDir Path directory) {
        try (ClassPath classPath = ClassPath.of(directory, acme)) {
            Resolved resolved = Listing.resolve(
                    Map.of("high-availability.type", "DB", "high-availability.db.password", "hunter2"), classPath);
            assertThat(resolved.mode()).isEqualTo("db");
            assertThat(resolved.factoryClass()).isEqualTo("com.acme.DbFactory");
            assertThat(resolved.settings())
                    .contains(
                            new Setting("high-availability.mode", "DB", Source.CONFIGURED),
                            new Setting("high-availability.db.password", "****", Source.CONFIGURED),
                            new Setting("high-availability.cluster-id", "default", Source.DEFAULT));
            assertThat(resolved.toString()).doesNotContain("hunter2");
        }
    }
}
