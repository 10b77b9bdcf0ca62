package dev.ha.cli;

import dev.ha.HighAvailabilityServices;
import dev.ha.alert.AlertPolicy;
import dev.ha.alert.AlertSink;
import dev.ha.alert.LeaderChange;
import dev.ha.alert.LeaderChangeMonitor;
import dev.ha.alert.Webhook;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What {@code ha watch} does when the leader has really changed. Alerts are on when there is a URL or a command. */
final class AlertOptions {
    private static final String URL_VARIABLE = "HA_ALERT_URL";
    private static final String HEADER_VARIABLE = "HA_ALERT_HEADER";

    /** Variables that are for this process alone. */
    static final List<String> SECRETS = List.of(URL_VARIABLE, HEADER_VARIABLE);

    private static final EnumSet<LeaderChange.Type> ALL = EnumSet.allOf(LeaderChange.Type.class);

    @Option(
            names = "--alert-url",
            paramLabel = "URL",
            description = "Post an alert there when the leader has really changed, as JSON. "
                    + "One that holds a secret belongs in the environment variable HA_ALERT_URL.")
    private @Nullable String url;

    @Option(
            names = "--alert-header",
            paramLabel = "FILE",
            description = "File with one or more headers for it, 'Name: value' a line. "
                    + "Or in the environment variable HA_ALERT_HEADER.")
    private @Nullable Path headers;

    @Option(
            names = "--alert-template",
            paramLabel = "FILE",
            description = "What to post instead, with ${NAME} for the fields of an alert (docs/alerts.md).")
    private @Nullable Path template;

    @Option(
            names = "--alert-timeout",
            paramLabel = "D",
            defaultValue = "10 s",
            description = "How long one request may take. Default: ${DEFAULT-VALUE}.")
    private String timeout = "";

    @Option(
            names = "--exec",
            paramLabel = "COMMAND",
            description =
                    "Run COMMAND by sh -c for each alert, one after the other; the fields are in its environment, "
                            + "such as HA_EVENT, HA_OLD_ADDRESS and HA_NEW_TOKEN. It writes to the standard error.")
    private @Nullable String command;

    @Option(
            names = "--exec-timeout",
            paramLabel = "D",
            defaultValue = "30 s",
            description = "When COMMAND is killed, with what it has started. Default: ${DEFAULT-VALUE}.")
    private String commandTimeout = "";

    @Option(
            names = "--alert-on",
            paramLabel = "TYPES",
            description = "What alerts, with commas between: elected, lost, restored, re-elected, switched, "
                    + "history-reset. Default: switched,re-elected,lost,history-reset.")
    private @Nullable String types;

    @Option(
            names = "--grace",
            paramLabel = "D",
            defaultValue = "10 s",
            description = "How long no leader may be known before it is lost. Default: ${DEFAULT-VALUE}.")
    private String grace = "";

    /**
     * A monitor that has to be started; empty when alerts are off.
     *
     * @throws Misuse for a file, a header or a type that can't be used
     * @throws dev.ha.ConfigurationException for a duration that is none
     */
    Optional<LeaderChangeMonitor.Builder> monitor(
            HighAvailabilityServices services, String election, AlertSink events) {
        AlertPolicy policy = new AlertPolicy(types(), DurationArgument.parse("--grace", grace));
        Optional<String> to = given(url, URL_VARIABLE);
        Optional<AlertSink> webhook = to.map(this::webhook);
        if (webhook.isEmpty() && (headers != null || template != null)) {
            throw new Misuse("--alert-header and --alert-template need --alert-url or " + URL_VARIABLE, null);
        }
        Optional<AlertSink> hook = Optional.ofNullable(command)
                .map(line -> new CommandSink(line, DurationArgument.parse("--exec-timeout", commandTimeout)));
        if (webhook.isEmpty() && hook.isEmpty()) {
            return Optional.empty();
        }
        LeaderChangeMonitor.Builder builder =
                LeaderChangeMonitor.of(services, election).policy(policy).sink("events", events, ALL);
        webhook.ifPresent(sink -> builder.sink("webhook", sink));
        hook.ifPresent(sink -> builder.sink("exec", sink));
        return Optional.of(builder);
    }

    private static Optional<String> given(@Nullable String option, String variable) {
        return Optional.ofNullable(option)
                .or(() -> Optional.ofNullable(System.getenv(variable)).filter(value -> !value.isEmpty()));
    }

    private Set<LeaderChange.Type> types() {
        if (types == null) {
            return AlertPolicy.DEFAULT.types();
        }
        return Arrays.stream(types.split(",", -1)).map(AlertOptions::type).collect(Collectors.toSet());
    }

    private static LeaderChange.Type type(String text) {
        return ALL.stream()
                .filter(type -> name(type).equals(text.strip().toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() -> new Misuse(
                        "--alert-on = '" + text.strip() + "': must be of "
                                + ALL.stream().map(AlertOptions::name).collect(Collectors.joining(", ")),
                        null));
    }

    /** On the command line and in the output: {@code re-elected}. */
    static String name(LeaderChange.Type type) {
        return type.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private AlertSink webhook(String text) {
        try {
            Webhook webhook =
                    Webhook.to(new URI(text.strip())).timeout(DurationArgument.parse("--alert-timeout", timeout));
            for (String line : headerLines()) {
                int colon = line.indexOf(':');
                if (colon < 1) {
                    throw new Misuse("a header of --alert-header (not shown, as it is a secret) has no 'Name: '", null);
                }
                webhook.header(
                        line.substring(0, colon).strip(),
                        line.substring(colon + 1).strip());
            }
            if (template != null) {
                webhook.template(read("--alert-template", template));
            }
            return webhook.build();
        } catch (URISyntaxException secret) {
            throw new Misuse("--alert-url (not shown, as it may hold a secret) is no URL", null);
        } catch (IllegalArgumentException bad) {
            throw new Misuse(Failure.reason(bad), bad);
        }
    }

    private List<String> headerLines() {
        List<String> lines = new ArrayList<>();
        Optional<String> all =
                headers == null ? given(null, HEADER_VARIABLE) : Optional.of(read("--alert-header", headers));
        all.ifPresent(text -> text.lines().filter(line -> !line.isBlank()).forEach(lines::add));
        return lines;
    }

    private static String read(String option, Path file) {
        try {
            return Files.readString(file);
        } catch (IOException unreadable) {
            throw new Misuse(
                    option + " " + file + " can't be read; is it a text file, and may this user read it?", unreadable);
        }
    }
}
