package dev.ha.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ha.ConfigurationException;
import dev.ha.spi.HighAvailabilityBackendFactory;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import java.util.ServiceConfigurationError;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Discovery with real jars; the plain errors are in {@link ErrorAnchorsTest}. */
final class DiscoveryTest {
    private static final String MODE = "high-availability.mode";
    private static final String FACTORY_CLASS = "high-availability.factory-class";

    private final FactoryJar acme = FactoryJar.named("acme.jar").factory("com.acme.DbFactory", "db");

    private static ConfigurationException refused(ClassPath classPath, Map<String, ?> configuration) {
        ConfigurationException refused =
                catchThrowableOfType(ConfigurationException.class, () -> classPath.find(configuration));
        assertThat(refused).as("an error").isNotNull();
        return refused;
    }

    private static ConfigurationException refused(ClassPath classPath, String mode) {
        return refused(classPath, Map.of(MODE, mode));
    }

    @Nested
    final class ByMode {
        @ParameterizedTest
        @ValueSource(strings = {"db", "DB", " Db "})
        void findsAFactoryInAJarOfItsOwn(String mode, @TempDir Path directory) {
            try (ClassPath classPath = ClassPath.of(directory, acme)) {
                HighAvailabilityBackendFactory factory = classPath.find(mode);
                assertThat(factory.getClass().getName()).isEqualTo("com.acme.DbFactory");
                assertThat(factory.getClass().getClassLoader()).isSameAs(classPath);
            }
        }

        @ParameterizedTest
        @ValueSource(strings = {"none", "standalone", "STANDALONE", "NONE"})
        void standaloneIsNone(String mode, @TempDir Path directory) {
            FactoryJar none = FactoryJar.named("none.jar").factory("com.acme.NoneFactory", "none");
            try (ClassPath classPath = ClassPath.of(directory, acme, none)) {
                assertThat(classPath.find(mode).mode()).isEqualTo("none");
            }
        }

        @Test
        void theSameJarTwiceIsOneFactory(@TempDir Path one, @TempDir Path other) throws IOException {
            URL[] jars = {ClassPath.url(acme.in(one)), ClassPath.url(acme.in(other))};
            try (URLClassLoader loader = new URLClassLoader(jars, library())) {
                assertThat(Discovery.find(Settings.of(Map.of(MODE, "db")), loader)
                                .mode())
                        .isEqualTo("db");
            }
        }

        @Test
        void aMisspeltOneIsSuggested(@TempDir Path directory) {
            try (ClassPath classPath =
                    ClassPath.of(directory, FactoryJar.named("redis.jar").factory("com.acme.RedisFactory", "redis"))) {
                assertThat(refused(classPath, "reddis"))
                        .hasMessageContainingAll("mode = 'reddis' has no backend; did you mean 'redis'?");
            }
        }

        @Test
        void nothingInstalledIsSaid(@TempDir Path directory) {
            try (ClassPath classPath = ClassPath.of(directory)) {
                ConfigurationException refused = refused(classPath, "db");
                assertThat(refused.anchor()).isEqualTo("no-backend");
                assertThat(refused).hasMessageContainingAll("add the jar of such a backend", "no backend was found");
                assertThat(refused(classPath, Map.of()))
                        .hasMessageContainingAll("mode is missing", "no backend was found");
            }
        }

        @Test
        void aMisspeltKeyIsPointedOut(@TempDir Path directory) {
            try (ClassPath classPath = ClassPath.of(directory, acme)) {
                assertThat(refused(classPath, Map.of("high-availability.mod", "db")))
                        .hasMessageContaining(MODE + " is missing (or is it written high-availability.mod?); set it");
            }
        }

        @Test
        void mustBeAText(@TempDir Path directory) {
            try (ClassPath classPath = ClassPath.of(directory, acme)) {
                ConfigurationException refused = refused(classPath, Map.of("high-availability", List.of("db", "file")));
                assertThat(refused.anchor()).isEqualTo("bad-value");
                assertThat(refused).hasMessageContaining(MODE + " = '[db, file]': must be a single value");
            }
        }
    }

    @Nested
    final class ByClassName {
        private final FactoryJar unlisted =
                FactoryJar.named("unlisted.jar").type("com.acme.Db", FactoryJar.source("com.acme.Db", "db"));

        @Test
        void needsNoServiceFile(@TempDir Path directory) {
            try (ClassPath classPath = ClassPath.of(directory, unlisted)) {
                assertThat(classPath.find("com.acme.Db").mode()).isEqualTo("db");
                assertThat(classPath
                                .find(Map.of(MODE, "factory_class", FACTORY_CLASS, "com.acme.Db"))
                                .mode())
                        .isEqualTo("db");
            }
        }

        @Test
        void settlesWhichOfTwo(@TempDir Path directory) {
            try (ClassPath classPath = ClassPath.of(directory, unlisted, acme)) {
                assertThat(classPath.find("com.acme.Db").getClass().getSimpleName())
                        .isEqualTo("Db");
                assertThat(classPath.find("db").getClass().getSimpleName()).isEqualTo("DbFactory");
            }
        }

        @Test
        void mayBeInTheDefaultPackage(@TempDir Path directory) {
            FactoryJar jar = FactoryJar.named("plain.jar").type("DbFactory", FactoryJar.source("DbFactory", "db"));
            try (ClassPath classPath = ClassPath.of(directory, jar)) {
                assertThat(classPath.find("DbFactory").mode()).isEqualTo("db");
            }
        }

        @Test
        void aBrokenClassInTheDefaultPackageIsNoMode(@TempDir Path directory) {
            FactoryJar jar = FactoryJar.named("plain.jar")
                    .type("Db", FactoryJar.source("Db", "db"))
                    .patched(DiscoveryTest::madeForJava99);
            try (ClassPath classPath = ClassPath.of(directory, jar)) {
                assertThat(refused(classPath, "Db").anchor()).isEqualTo("no-backend");
            }
        }

        @Test
        void keysAreUnderTheModeOfTheFactory(@TempDir Path directory) {
            FactoryJar jar = FactoryJar.named("acme.jar")
                    .type("com.acme.Db", FactoryJar.source("com.acme.Db", "db", "Option.text(\"url\", \"Where.\")"));
            try (ClassPath classPath = ClassPath.of(directory, jar)) {
                assertThat(classPath.find(Map.of(MODE, "com.acme.Db", "high-availability.db.url", "x")))
                        .isNotNull();
                assertThat(refused(classPath, "com.acme.Db"))
                        .hasMessageContaining("high-availability.db.url is missing");
            }
        }

        @Test
        void aClassThatCannotBeLoadedIsAnError(@TempDir Path directory) {
            try (ClassPath classPath = ClassPath.of(directory, unlisted.patched(DiscoveryTest::madeForJava99))) {
                ConfigurationException refused = refused(classPath, "com.acme.Db");
                assertThat(refused.anchor()).isEqualTo("broken-backend");
                assertThat(refused)
                        .hasMessageContainingAll(
                                MODE + " = 'com.acme.Db' can't be loaded", "UnsupportedClassVersionError", "this Java")
                        .hasCauseInstanceOf(UnsupportedClassVersionError.class);
            }
        }

        @Test
        void aWrongClassNamesTheKey(@TempDir Path directory) {
            try (ClassPath classPath = ClassPath.of(directory, acme)) {
                assertThat(refused(classPath, Map.of(MODE, "FACTORY_CLASS", FACTORY_CLASS, "nowhere")))
                        .hasMessageContaining(FACTORY_CLASS + " = 'nowhere' is not on the class path");
                assertThat(refused(classPath, "java.lang.String"))
                        .hasMessageContainingAll("java.lang.String in the Java runtime does not implement");
            }
        }

        @Test
        void anAbstractClassIsNoFactory(@TempDir Path directory) {
            FactoryJar jar = FactoryJar.named("acme.jar")
                    .type(
                            "com.acme.Db",
                            FactoryJar.source("com.acme.Db", "db").replace("public class", "public abstract class"));
            try (ClassPath classPath = ClassPath.of(directory, jar)) {
                ConfigurationException refused = refused(classPath, "com.acme.Db");
                assertThat(refused.anchor()).isEqualTo("not-a-factory");
                assertThat(refused).hasMessageContaining("is abstract");
            }
        }

        @Test
        void aHiddenClassHasNoUsableConstructor(@TempDir Path directory) {
            FactoryJar jar = FactoryJar.named("acme.jar")
                    .type(
                            "com.acme.Db",
                            FactoryJar.source("com.acme.Db", "db")
                                    .replace("public class Db", "class Db")
                                    .replace("{public String", "{ public Db() {} public String"));
            try (ClassPath classPath = ClassPath.of(directory, jar)) {
                assertThat(refused(classPath, "com.acme.Db").anchor()).isEqualTo("no-public-constructor");
            }
        }

        @Test
        void staticInitialisationMayFail(@TempDir Path directory) {
            FactoryJar jar = FactoryJar.named("acme.jar")
                    .type(
                            "com.acme.Db",
                            FactoryJar.source("com.acme.Db", "db")
                                    .replace(
                                            "{public String",
                                            "{ static int n = Integer.parseInt(\"x\"); public String"));
            try (ClassPath classPath = ClassPath.of(directory, jar)) {
                ConfigurationException refused = refused(classPath, "com.acme.Db");
                assertThat(refused.anchor()).isEqualTo("constructor-failed");
                assertThat(refused).hasRootCauseInstanceOf(NumberFormatException.class);
            }
        }

        @Test
        void aFactoryOfAnotherCopyOfTheLibraryIsExplained(@TempDir Path directory) throws IOException {
            URL copy = HighAvailabilityBackendFactory.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation();
            URL[] jars = {ClassPath.url(unlisted.in(directory)), copy};
            try (URLClassLoader other = new URLClassLoader(jars, ClassLoader.getPlatformClassLoader())) {
                ConfigurationException refused = catchThrowableOfType(
                        ConfigurationException.class,
                        () -> Discovery.find(Settings.of(Map.of(MODE, "com.acme.Db")), other));
                assertThat(refused.anchor()).isEqualTo("not-a-factory");
                assertThat(refused).hasMessageContainingAll("a copy of dev.ha.spi", "leave one of them");
            }
        }
    }

    @Nested
    final class Broken {
        private final FactoryJar broken = FactoryJar.named("broken.jar")
                .type("com.broken.Base", "package com.broken; public class Base {}")
                .type(
                        "com.broken.Factory",
                        FactoryJar.source("com.broken.Factory", "broken")
                                .replace(" implements", " extends Base implements"))
                .without("com.broken.Base")
                .service("com.broken.Factory # a comment")
                .service("com.broken.Missing");

        @Test
        void doesNotHideTheOneAskedForButWarns(@TempDir Path directory) {
            try (ClassPath classPath = ClassPath.of(directory, broken, acme)) {
                String log =
                        Log.of(() -> assertThat(classPath.find("db").mode()).isEqualTo("db"));
                assertThat(log)
                        .contains(
                                "WARN",
                                "not in use can't be loaded: com.broken.Factory: java.lang.NoClassDefFoundError:"
                                        + " com/broken/Base",
                                "Provider com.broken.Missing not found");
            }
        }

        @Test
        void isAnErrorWhenItMayBeTheOneAskedFor(@TempDir Path directory) {
            try (ClassPath classPath = ClassPath.of(directory, broken, acme)) {
                ConfigurationException refused = refused(classPath, "broken");
                assertThat(refused.anchor()).isEqualTo("broken-backend");
                assertThat(refused)
                        .hasMessageContainingAll(
                                "com.broken.Factory: java.lang.NoClassDefFoundError: com/broken/Base",
                                "Provider com.broken.Missing not found",
                                "db (com.acme.DbFactory in ");
                assertThat(refused.getSuppressed())
                        .hasSize(2)
                        .hasAtLeastOneElementOfType(NoClassDefFoundError.class)
                        .hasAtLeastOneElementOfType(ServiceConfigurationError.class);
            }
        }

        @Test
        void severalForOneReasonHideNothing(@TempDir Path directory) {
            FactoryJar jar = FactoryJar.named("broken.jar")
                    .type("com.broken.Base", "package com.broken; public class Base {}")
                    .without("com.broken.Base");
            for (String name : List.of("com.broken.A", "com.broken.B", "com.broken.C")) {
                jar.type(name, FactoryJar.source(name, "broken").replace(" implements", " extends Base implements"))
                        .service(name);
            }
            try (ClassPath classPath = ClassPath.of(directory, jar, acme)) {
                assertThat(Log.of(() -> assertThat(classPath.find("db").mode()).isEqualTo("db")))
                        .containsOnlyOnce("WARN")
                        .contains("com.broken.A, com.broken.B, com.broken.C: java.lang.NoClassDefFoundError");
            }
        }

        @Test
        void isToldInAnErrorOfTheMode(@TempDir Path directory) {
            try (ClassPath classPath = ClassPath.of(directory, broken)) {
                assertThat(refused(classPath, Map.of()))
                        .hasMessageContainingAll("mode is missing", "not loadable: com.broken.Factory");
                assertThat(refused(classPath, "zookeeper"))
                        .hasMessageContainingAll("repair", "otherwise add io.github.ha-services:ha-zookeeper");
            }
        }

        @Test
        void isWhatFailsInItsConstructor(@TempDir Path directory) {
            FactoryJar jar = FactoryJar.named("acme.jar")
                    .type(
                            "com.acme.Db",
                            FactoryJar.source("com.acme.Db", "db")
                                    .replace(
                                            "{public String",
                                            "{ public Db() { throw new AssertionError(\"oops\"); } public String"))
                    .service("com.acme.Db");
            try (ClassPath classPath = ClassPath.of(directory, jar)) {
                ConfigurationException refused = refused(classPath, "db");
                assertThat(refused.anchor()).isEqualTo("broken-backend");
                assertThat(refused).hasMessageContainingAll("com.acme.Db in ", "acme.jar", "oops");
            }
        }

        @Test
        void isWhatIsNoFactoryOrHasNoConstructor(@TempDir Path directory) {
            FactoryJar jar = FactoryJar.named("acme.jar")
                    .type("com.acme.Main", "package com.acme; public class Main {}")
                    .type(
                            "com.acme.Db",
                            FactoryJar.source("com.acme.Db", "db").replace("{public String", "{ Db() {} public String"))
                    .service("com.acme.Main")
                    .service("com.acme.Db");
            try (ClassPath classPath = ClassPath.of(directory, jar)) {
                assertThat(refused(classPath, "db"))
                        .hasMessageContainingAll("com.acme.Main not a subtype", "com.acme.Db", "constructor");
            }
        }

        @Test
        void isAServiceFileThatIsNone(@TempDir Path directory) {
            FactoryJar garbage = FactoryJar.named("garbage.jar").service("not a class name");
            try (ClassPath classPath = ClassPath.of(directory, garbage, acme)) {
                assertThat(Log.of(() -> classPath.find("db"))).contains("WARN", "garbage.jar");
                assertThat(refused(classPath, "garbage"))
                        .hasMessageContainingAll("garbage.jar", "Illegal configuration-file syntax");
            }
        }

        @Test
        void isWhatWasMadeForANewerJava(@TempDir Path directory) {
            FactoryJar jar =
                    FactoryJar.named("new.jar").factory("com.acme.New", "new").patched(DiscoveryTest::madeForJava99);
            try (ClassPath classPath = ClassPath.of(directory, jar)) {
                assertThat(refused(classPath, "new"))
                        .hasMessageContaining("not loadable: com.acme.New: java.lang.UnsupportedClassVersionError");
            }
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "return null;",
                    "return \"\";",
                    "return \"Db\";",
                    "return \"9db\";",
                    "return \"cluster-id\";",
                    "return \"standalone\";",
                    "throw new IllegalStateException(\"no mode\");"
                })
        void isWhatHasNoMode(String body, @TempDir Path directory) {
            FactoryJar jar = FactoryJar.named("acme.jar")
                    .type("com.acme.Db", FactoryJar.source("com.acme.Db", "db").replace("return \"db\";", body))
                    .service("com.acme.Db");
            try (ClassPath classPath = ClassPath.of(directory, jar)) {
                assertThat(refused(classPath, "db")).hasMessageContainingAll("com.acme.Db in ", "mode() ");
                assertThat(refused(classPath, "com.acme.Db").anchor()).isEqualTo("bad-mode");
            }
        }

        @Test
        @Timeout(30)
        void isAClassPathThatCannotBeRead() {
            ClassLoader unreadable = new ClassLoader(library()) {
                @Override
                public Enumeration<URL> getResources(String name) throws IOException {
                    throw new IOException("disk on fire");
                }
            };
            ConfigurationException refused = catchThrowableOfType(
                    ConfigurationException.class, () -> Discovery.find(Settings.of(Map.of(MODE, "db")), unreadable));
            assertThat(refused.anchor()).isEqualTo("broken-backend");
            assertThat(refused).hasMessageContaining("disk on fire");
        }
    }

    @Nested
    final class Options {
        @ParameterizedTest
        @ValueSource(strings = {"null", "Arrays.asList((Option<?>) null)", "List.of(Option.text(\"A\", \"Bad key.\"))"})
        void mustBeOptions(String options, @TempDir Path directory) {
            FactoryJar jar = FactoryJar.named("acme.jar")
                    .type("com.acme.Db", FactoryJar.source("com.acme.Db", "db").replace("List.of()", options))
                    .service("com.acme.Db");
            try (ClassPath classPath =
                    ClassPath.of(directory, jar, FactoryJar.named("b.jar").factory("b.B", "b"))) {
                ConfigurationException refused = refused(classPath, "db");
                assertThat(refused.anchor()).isEqualTo("bad-options");
                assertThat(refused).hasMessageContainingAll("db (com.acme.Db in ", "options() ");
                assertThat(Log.of(() -> classPath.find(Map.of(MODE, "b", "high-availability.db.url", "x"))))
                        .contains("WARN", "options() ", "ignored", "high-availability.db.url");
            }
        }

        @Test
        void mustNotOverlap(@TempDir Path directory) {
            FactoryJar jar = FactoryJar.named("acme.jar")
                    .factory("com.acme.Db", "db", "Option.text(\"a.b\", \"B.\")", "Option.map(\"a.*\", \"A.\")");
            try (ClassPath classPath = ClassPath.of(directory, jar)) {
                ConfigurationException refused = refused(classPath, "db");
                assertThat(refused.anchor()).isEqualTo("duplicate-option");
                assertThat(refused).hasMessageContainingAll("a.b (text, required)", "a.* (map, required)");
            }
        }
    }

    @Nested
    final class Loaders {
        private ClassLoader before = library();

        @BeforeEach
        void keepContext() {
            before = Thread.currentThread().getContextClassLoader();
        }

        @AfterEach
        void restoreContext() {
            Thread.currentThread().setContextClassLoader(before);
        }

        @Test
        void defaultToTheContextClassLoader(@TempDir Path directory) {
            try (ClassPath classPath = ClassPath.of(directory, acme)) {
                Thread.currentThread().setContextClassLoader(classPath);
                assertThat(Discovery.find(Settings.of(Map.of(MODE, "db")), null).mode())
                        .isEqualTo("db");
            }
        }

        @Test
        void defaultToTheLibraryWithoutContext() {
            Thread.currentThread().setContextClassLoader(null);
            assertThat(Discovery.loaders(null)).containsExactly(library());
        }

        @Test
        void includeTheLibraryWhenTheGivenOneDoesNotSeeIt() {
            ClassLoader stranger = ClassLoader.getPlatformClassLoader();
            assertThat(Discovery.loaders(stranger)).containsExactly(stranger, library());
            assertThat(Discovery.loaders(library())).containsExactly(library());
        }

        @Test
        void preferTheFirst(@TempDir Path one, @TempDir Path other) {
            try (ClassPath first = ClassPath.of(one, acme);
                    ClassPath second = ClassPath.of(other, acme)) {
                InstalledBackends both = InstalledBackends.find(List.of(first, second));
                assertThat(both.all()).hasSize(1);
                assertThat(both.all().get(0).factory().getClass().getClassLoader())
                        .isSameAs(first);
            }
        }

        @Test
        void mayHaveNothing() {
            ClassLoader empty = new ClassLoader(library()) {
                @Override
                public Enumeration<URL> getResources(String name) {
                    return Collections.emptyEnumeration();
                }
            };
            assertThat(InstalledBackends.find(List.of(empty)).all()).isEmpty();
        }
    }

    private static ClassLoader library() {
        return HighAvailabilityBackendFactory.class.getClassLoader();
    }

    /** The class file with another major version. */
    private static byte[] madeForJava99(byte[] classFile) {
        byte[] patched = classFile.clone();
        patched[7] = 99;
        return patched;
    }
}
