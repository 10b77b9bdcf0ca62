package dev.ha.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ha watch} with alerts, on leaders that are processes. */
final class AlertTest {
    private final Path directory;
    private final Ha.Setup setup;
    private final List<String> posted = new CopyOnWriteArrayList<>();
    private final AtomicInteger failures = new AtomicInteger();
    private @Nullable HttpServer server;

    AlertTest(@TempDir Path directory) {
        this.directory = directory;
        setup = new Ha.Setup(directory);
    }

    /** Refuses the first {@code failing} requests with 500. */
    private String serve(int failing) throws IOException {
        failures.set(failing);
        HttpServer created = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        created.createContext("/", exchange -> {
            String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            int status = failures.getAndDecrement() > 0 ? 500 : 200;
            if (status == 200) {
                posted.add(exchange.getRequestHeaders().getFirst("X-Key") + " " + body);
            }
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
        });
        created.start();
        server = created;
        return "http://localhost:" + created.getAddress().getPort() + "/hook/s3cr3t";
    }

    @AfterEach
    void stop() {
        if (server != null) {
            server.stop(0);
        }
    }

    private void elects(String address, String end) {
        try (Ha elect = setup.start("elect", "reports", "--json", "--address", address)) {
            elect.awaitEvent("confirmed");
            elect.signal(end);
            elect.exitCode();
        }
    }

    @Test
    void aWebhookIsToldOfRealChangesOnlyAndNoSecretIsShown() throws IOException {
        Path template = Files.writeString(
                directory.resolve("template.json"), "{\"text\": \"${event} ${oldAddress} > ${newAddress}\"}");
        setup.with("HA_ALERT_URL", serve(2)).with("HA_ALERT_HEADER", "X-Key: k3y");
        try (Ha watch =
                setup.start("watch", "reports", "--json", "--alert-template", template.toString(), "--grace", "1m")) {
            watch.awaitEvent("no-leader");
            elects("a\"1\"", "KILL");
            watch.awaitEvent("elected");
            elects("b", "TERM");
            assertThat(watch.awaitEvent("switched"))
                    .contains("\"oldAddress\":\"a\\\"1\\\"\"", "\"newAddress\":\"b\"", "\"gap\":\"LEADERLESS\"");
            elects("b", "TERM");
            watch.awaitEvent("re-elected");
            Processes.await("two alerts are posted", () -> posted.size() == 2);
            watch.signal("TERM");
            assertThat(watch.exitCode()).isZero();
            assertThat(posted)
                    .containsExactly(
                            "k3y {\"text\": \"SWITCHED a\\\"1\\\" > b\"}", "k3y {\"text\": \"RE_ELECTED b > b\"}");
            assertThat(watch.errors()).contains("answers with status 500").doesNotContain("s3cr3t", "k3y");
        }
    }

    @Test
    void aCommandGetsValuesByItsEnvironmentAloneAndNoSecrets() throws IOException {
        setup.with("HA_ALERT_URL", serve(0)).with("HA_ALERT_HEADER", "X-Key: k3y");
        String hostile = "$(touch injected); `touch injected`\" '; touch injected; '";
        String command = "printf '%s\\n' \"$HA_ALERT_URL$HA_ALERT_HEADER\" >>secrets;"
                + " printf '%s\\n' \"$HA_EVENT|$HA_ELECTION|$HA_OLD_ADDRESS|$HA_NEW_TOKEN|$HA_NEW_ADDRESS\" >>seen;"
                + " echo passed on; exit 0";
        try (Ha watch =
                setup.start("watch", "reports", "--json", "--exec", command, "--alert-on", "elected, switched")) {
            watch.awaitEvent("no-leader");
            elects(hostile, "TERM");
            elects("b", "TERM");
            watch.awaitEvent("switched");
            Path seen = directory.resolve("seen");
            Processes.await("both are seen", () -> lines(seen).size() == 2);
            String token = "[0-9]+";
            assertThat(lines(seen).get(0)).matches("ELECTED\\|reports\\|\\|" + token + "\\|" + Pattern.quote(hostile));
            assertThat(lines(seen).get(1))
                    .matches("SWITCHED\\|reports\\|" + Pattern.quote(hostile) + "\\|" + token + "\\|b");
            assertThat(directory.resolve("injected")).doesNotExist();
            assertThat(lines(directory.resolve("secrets"))).containsExactly("", "");
            Processes.await("the output is passed on", () -> watch.errors().contains("passed on"));
            watch.signal("TERM");
            assertThat(watch.exitCode()).isZero();
            assertThat(watch.lines()).noneMatch(line -> line.contains("passed on"));
        }
    }

    private static List<String> lines(Path file) {
        try {
            return Files.exists(file) ? Files.readAllLines(file) : List.of();
        } catch (IOException failure) {
            throw new IllegalStateException(failure);
        }
    }

    @Test
    void aCommandThatHangsIsKilledWithWhatItHasStarted() {
        try (Ha watch = setup.start(
                "watch",
                "reports",
                "--json",
                "--exec",
                "sleep 600 & echo $! >pid; wait",
                "--exec-timeout",
                "1s",
                "--alert-on",
                "elected")) {
            watch.awaitEvent("no-leader");
            elects("a", "TERM");
            Processes.await("it is killed", () -> watch.errors().contains("--exec has been killed"));
            long pid = Long.parseLong(lines(directory.resolve("pid")).get(0));
            Processes.await("so is its child", () -> !Processes.isRunning(pid));
            watch.signal("TERM");
            assertThat(watch.exitCode()).isZero();
        }
    }

    @Test
    void nobodyLeadsForTheGraceTime() {
        try (Ha watch = setup.start("watch", "reports", "--json", "--exec", "true", "--grace", "300 ms")) {
            assertThat(watch.awaitEvent("lost")).contains("\"oldAddress\":null", "\"gap\":\"LEADERLESS\"");
        }
    }
}
