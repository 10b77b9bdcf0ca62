package dev.ha.tck;

import static dev.ha.tck.Capability.ELECTIONS;

import dev.ha.ConfigurationException;
import dev.ha.Leadership;
import dev.ha.spi.HighAvailabilityBackendFactory;
import dev.ha.spi.Option;
import dev.ha.tck.Scenario.Node;
import dev.ha.tck.Scenario.Seat;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Chapter 8 of the specification. */
abstract class ConfigurationContract extends RuleGroup {
    private static final String SECRET = "tck-secret-7d1f";

    ConfigurationContract(BackendContract contract) {
        super(contract);
    }

    // ---- 8.1

    @Test
    @Rule("8.1")
    @DisplayName("An unknown key is refused by name, whether it looks like the engine's or the backend's")
    final void unknownKeys() {
        for (String key : List.of("high-availability.no-such-key", "high-availability.cluster-idd")) {
            assertRefused(key, "value", key);
        }
        String mode = mode();
        // A backend that is named by its factory's class keeps its keys under its own name, which is not to be seen
        // here.
        if (mode.matches("[a-z][a-z0-9-]*")) {
            String key = "high-availability." + mode + ".no-such-key";
            assertRefused(key, "value", key);
        }
    }

    @Test
    @Rule("8.1")
    @DisplayName("A bad value is refused with its key, the value and what would be right")
    final void badValues() {
        assertRefused("high-availability.resign-wait", "soon", "high-availability.resign-wait", "soon");
        assertRefused("high-availability.close-timeout", "-1 s", "high-availability.close-timeout", "-1");
        assertRefused("high-availability.mode", "no-such-mode", "high-availability.mode", "no-such-mode");
    }

    private void assertRefused(String key, String value, String... named) {
        ConfigurationException refused = expect().thrown(
                        ConfigurationException.class,
                        () -> scenario().nodeWith("a").with(key, value).open(),
                        key + " = " + value + " is refused when the services are built",
                        "are the backend's keys declared in options() of its factory?");
        expect().that(
                        Stream.of(named).allMatch(String.valueOf(refused.getMessage())::contains),
                        "a message that names " + List.of(named),
                        refused.getMessage(),
                        "does a check of the backend itself report the key?");
    }

    @Test
    @Rule("8.1")
    @DisplayName("A secret is in no error, whether it is refused itself or another setting is")
    final void secretsAreNotShown() {
        HighAvailabilityBackendFactory factory = factory(mode());
        List<String> secrets = factory.options().stream()
                .filter(Option::isSecret)
                .map(option -> "high-availability." + factory.mode() + "." + option.key())
                .toList();
        if (secrets.isEmpty()) {
            scenario().abort("the backend has no secret options");
        }
        for (String key : secrets) {
            // A secret map has free names.
            String name = key.replace("*", "name");
            for (String other : List.of(name, "high-availability.no-such-key")) {
                String shown =
                        shown(scenario().nodeWith("a").with(other, SECRET).with(name, SECRET));
                expect().that(
                                !shown.contains(SECRET),
                                "no error that shows the value of " + name,
                                shown,
                                "is the option declared with secret(), and its value put into no message?");
            }
        }
    }

    /** The messages of the error that the settings cause, and of its causes; empty when they cause none. */
    private static String shown(Scenario.NodeSettings settings) {
        StringBuilder shown = new StringBuilder();
        try {
            settings.open();
        } catch (ConfigurationException e) {
            for (Throwable cause = e; cause != null; cause = cause.getCause()) {
                shown.append(cause).append('\n');
            }
        }
        return shown.toString();
    }

    /** What the mode stands for: the name of a factory that is provided, or the name of its class. */
    private static HighAvailabilityBackendFactory factory(String mode) {
        ClassLoader loader = Thread.currentThread().getContextClassLoader();
        return ServiceLoader.load(HighAvailabilityBackendFactory.class, loader).stream()
                .map(ServiceLoader.Provider::get)
                .filter(factory -> mode.equalsIgnoreCase(factory.mode()))
                .findFirst()
                .orElseGet(() -> {
                    try {
                        return Class.forName(mode, true, loader)
                                .asSubclass(HighAvailabilityBackendFactory.class)
                                .getConstructor()
                                .newInstance();
                    } catch (ReflectiveOperationException e) {
                        throw new IllegalStateException("no factory of mode " + mode, e);
                    }
                });
    }

    private String mode() {
        String mode = scenario()
                .fixture()
                .configuration(scenario().fixture().servers(), TckTimeouts.longLease())
                .get("high-availability.mode");
        if (mode == null) {
            throw new IllegalStateException("configuration() of the fixture has no high-availability.mode");
        }
        return mode;
    }

    // ---- 8.2

    @Test
    @Rule("8.2")
    @DisplayName("Odd names of elections are kept apart: each is led, published and read by itself")
    final void oddElections() {
        needs(ELECTIONS);
        Node node = node("a");
        Node elsewhere = node("b");
        List<Seat> seats = new ArrayList<>();
        for (String name : OddNames.ALL) {
            String address = "tcp://" + seats.size();
            Seat seat = node.seat(name)
                    .onGrant(leadership -> leadership.confirm(address))
                    .start();
            Leadership leadership = seat.leadership();
            seats.add(seat);
            Follower follower = elsewhere.follow(name);
            expect().eventually(
                            () -> follower.last()
                                    .flatMap(told -> told.leader())
                                    .filter(leader -> leader.address().equals(address)
                                            && leader.sessionId().equals(leadership.sessionId()))
                                    .isPresent(),
                            "the leader of the election '" + name + "' at " + address,
                            follower,
                            "are names encoded one-to-one?");
            RawElection raw = scenario().raw(name);
            expect().that(
                            Optional.ofNullable(raw.records().get("leader"))
                                    .filter(record -> record.address().equals(address))
                                    .isPresent(),
                            "the record of the election '" + name + "' in the store, at " + address,
                            raw,
                            "are names encoded one-to-one, by the backend and by the fixture?");
        }
        expect().that(
                        seats.stream().allMatch(seat -> seat.contender().leads()),
                        "all elections are led at the same time",
                        seats,
                        "are names encoded one-to-one?");
    }

    @Test
    @Rule("8.2")
    @DisplayName("Odd names of components are kept apart")
    final void oddComponents() {
        needs(ELECTIONS);
        Node node = node("a");
        List<String> names = OddNames.ALL.subList(0, 40);
        List<Seat> seats = new ArrayList<>();
        for (String name : names) {
            String address = "tcp://" + seats.size();
            seats.add(node.seat(Scenario.ELECTION, name)
                    .onGrant(leadership -> leadership.confirm(address))
                    .start());
        }
        seats.forEach(Seat::leadership);
        Node elsewhere = node("b");
        for (int i = 0; i < names.size(); i++) {
            String address = "tcp://" + i;
            Follower follower = elsewhere.follow(elsewhere.services().leaderRetrieval(Scenario.ELECTION, names.get(i)));
            expect().eventually(
                            () -> follower.last()
                                    .flatMap(told -> told.leader())
                                    .filter(leader -> leader.address().equals(address))
                                    .isPresent(),
                            "the leader of the component '" + names.get(i) + "' at " + address,
                            follower,
                            "are names encoded one-to-one?");
        }
    }

    @Test
    @Rule("8.2")
    @DisplayName("No name, more than 200 characters and half a character are refused")
    final void refusedNames() {
        Node node = node("a");
        for (String name : List.of("", "x".repeat(201), "\ud83d", "a\ude80")) {
            for (Executable call : List.<Executable>of(
                    () -> node.services().leaderElection(name),
                    () -> node.services().leaderElectionService("e").component(name),
                    () -> node.services().leaderRetrieval(name),
                    () -> node.services().leaderRetrieval("e", name),
                    () -> node.services().stores(name),
                    () -> node.services().stores("e").entries().get(name))) {
                expect().thrown(
                                IllegalArgumentException.class,
                                call,
                                "a name of " + name.length() + " characters that is no proper text is refused",
                                "this is the engine's work");
            }
        }
    }
}
