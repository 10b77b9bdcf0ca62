package dev.ha.tck;

import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.Timeout;

/**
 * All rules of {@code docs/SPEC.md} that can be tested on one backend, a group per chapter. The author of a backend extends it, once for each version of the
 * server that is supported, in a class whose name ends in {@code TckTest}:
 *
 * <pre>{@code
 * class FileTckTest extends BackendContract {
 *     @Override
 *     protected HighAvailabilityFixture createFixture() {
 *         return new FileFixture();
 *     }
 * }
 * }</pre>
 */
@TestInstance(Lifecycle.PER_CLASS)
@Timeout(value = 5, unit = TimeUnit.MINUTES)
public abstract class BackendContract {
    static final Spec SPEC = Spec.load();

    private @Nullable HighAvailabilityFixture fixture;

    /** For subclasses. */
    protected BackendContract() {}

    /** The fixture of all tests of this class; may start servers. Closed after the last test. */
    protected abstract HighAvailabilityFixture createFixture() throws Exception;

    @BeforeAll
    final void openFixture() throws Exception {
        fixture = createFixture();
    }

    @AfterAll
    final void closeFixture() throws Exception {
        if (fixture != null) {
            fixture.close();
        }
    }

    /** The rules that have a test here. */
    static Set<String> rules() {
        return Stream.of(BackendContract.class.getDeclaredClasses())
                .filter(RuleGroup.class::isAssignableFrom)
                .flatMap(group -> Stream.of(group.getSuperclass().getDeclaredMethods()))
                .map(method -> method.getAnnotation(Rule.class))
                .filter(Objects::nonNull)
                .map(Rule::value)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    final HighAvailabilityFixture fixture() {
        return Objects.requireNonNull(fixture, "asked before the first test");
    }

    @Nested
    @DisplayName("1 Safety")
    final class Safety extends SafetyContract {
        Safety() {
            super(BackendContract.this);
        }
    }

    @Nested
    @DisplayName("2 Liveness")
    final class Liveness extends LivenessContract {
        Liveness() {
            super(BackendContract.this);
        }
    }

    @Nested
    @DisplayName("3 Callbacks")
    final class Callbacks extends CallbackContract {
        Callbacks() {
            super(BackendContract.this);
        }
    }

    @Nested
    @DisplayName("4 Publication")
    final class Publication extends PublicationContract {
        Publication() {
            super(BackendContract.this);
        }
    }

    @Nested
    @DisplayName("5 Retrieval")
    final class Retrieval extends RetrievalContract {
        Retrieval() {
            super(BackendContract.this);
        }
    }

    @Nested
    @DisplayName("6 Stores")
    final class Stores extends StoreContract {
        Stores() {
            super(BackendContract.this);
        }
    }

    @Nested
    @DisplayName("6 Stores of states")
    final class States extends StateContract {
        States() {
            super(BackendContract.this);
        }
    }

    @Nested
    @DisplayName("6 Stores and superseded leaders")
    final class StoreFences extends StoreFenceContract {
        StoreFences() {
            super(BackendContract.this);
        }
    }

    @Nested
    @DisplayName("6 Stores and writes that come late")
    final class HeldWrites extends HeldWriteContract {
        HeldWrites() {
            super(BackendContract.this);
        }
    }

    @Nested
    @DisplayName("6 Stores of jobs")
    final class Jobs extends JobContract {
        Jobs() {
            super(BackendContract.this);
        }
    }

    @Nested
    @DisplayName("6 Stores and killed processes")
    final class StoreProcesses extends StoreProcessContract {
        StoreProcesses() {
            super(BackendContract.this);
        }
    }

    @Nested
    @DisplayName("7 Lifecycle")
    final class Lifecycle extends LifecycleContract {
        Lifecycle() {
            super(BackendContract.this);
        }
    }

    @Nested
    @DisplayName("8 Configuration")
    final class Configuration extends ConfigurationContract {
        Configuration() {
            super(BackendContract.this);
        }
    }

    @Nested
    @Tag("once")
    @DisplayName("9 Faults with real processes")
    final class Processes extends ProcessContract {
        Processes() {
            super(BackendContract.this);
        }
    }

    @Nested
    @DisplayName("9 Faults of servers")
    final class ServerFaults extends ServerContract {
        ServerFaults() {
            super(BackendContract.this);
        }
    }

    @Nested
    @DisplayName("10 Alerts")
    final class Changes extends AlertContract {
        Changes() {
            super(BackendContract.this);
        }
    }
}
