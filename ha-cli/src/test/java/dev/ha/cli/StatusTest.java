package dev.ha.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.curator.test.InstanceSpec;
import org.apache.curator.test.TestingServer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Metrics and health of real processes, over HTTP. */
final class StatusTest {
    private static final Path DASHBOARD = Path.of("../docs/grafana/ha.json");
    private static final String ELECTION = "{election=\"reports\"}";

    private final HttpClient client = HttpClient.newBuilder()
            .connectTimeout(Ha.LIMIT)
            .version(HttpClient.Version.HTTP_1_1)
            .build();

    private final Path directory;
    private final Ha.Setup setup;

    StatusTest(@TempDir Path directory) {
        this.directory = directory;
        setup = new Ha.Setup(directory);
    }

    /** {@code ha elect} on a free port, and what that shows. */
    private final class Node implements AutoCloseable {
        final Ha ha;
        final URI metrics;
        final URI health;

        Node(Ha.Setup how) {
            ha = how.start("elect", "reports", "--json", "--metrics-port", "0", "--health-port", "0");
            var urls = ConfigFactory.parseString(ha.awaitEvent("serving"));
            metrics = URI.create(urls.getString("metrics"));
            health = URI.create(urls.getString("health"));
        }

        String scrape() {
            HttpResponse<String> answer = ask("GET", metrics);
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(answer.headers().firstValue("Content-Type"))
                    .hasValueSatisfying(type -> assertThat(type).startsWith("text/plain; version=0.0.4"));
            return answer.body();
        }

        /** Value of a sample, by its name and labels as they are written; none is not a number. */
        double sample(String sample) {
            return scrape().lines()
                    .filter(line -> line.startsWith(sample + " "))
                    .map(line -> line.substring(sample.length() + 1).replace("Inf", "Infinity"))
                    .mapToDouble(Double::parseDouble)
                    .findFirst()
                    .orElse(Double.NaN);
        }

        @Override
        public void close() {
            ha.close();
        }
    }

    private HttpResponse<String> ask(String method, URI uri) {
        try {
            return client.send(
                    HttpRequest.newBuilder(uri)
                            .method(method, BodyPublishers.noBody())
                            .timeout(Ha.LIMIT)
                            .build(),
                    BodyHandlers.ofString());
        } catch (IOException | InterruptedException failure) {
            throw new IllegalStateException(method + " " + uri, failure);
        }
    }

    @Test
    void leaderAndStandbyAreScrapedAndTheHandoverIsSeen() {
        try (Node first = new Node(setup)) {
            String granted = first.ha.awaitEvent("confirmed");
            try (Node second = new Node(setup)) {
                second.ha.awaitEvent("started");
                assertThat(first.sample("ha_leader" + ELECTION)).isEqualTo(1);
                assertThat(first.sample("ha_fencing_token" + ELECTION)).isEqualTo((double) ElectTest.token(granted));
                Processes.await("the grant is counted", () -> first.sample("ha_grants_total" + ELECTION) == 1);
                assertThat(first.sample("ha_lease_remaining_seconds" + ELECTION))
                        .isInfinite();
                assertThat(second.sample("ha_leader" + ELECTION)).isZero();
                assertThat(second.sample("ha_fencing_token" + ELECTION)).isZero();
                assertThat(second.sample("ha_grants_total" + ELECTION)).isZero();
                Processes.await(
                        "the standby has seen the first leader",
                        () -> second.sample("ha_callback_seconds_count{callback=\"notify\"}") >= 1
                                && second.scrape().contains("ha_handover_seconds_count" + ELECTION + " 0"));
                first.ha.signal("KILL");
                String succeeded = second.ha.awaitEvent("confirmed");
                assertThat(second.sample("ha_leader" + ELECTION)).isEqualTo(1);
                assertThat(second.sample("ha_fencing_token" + ELECTION)).isEqualTo((double) ElectTest.token(succeeded));
                Processes.await(
                        "the handover is recorded", () -> second.sample("ha_handover_seconds_count" + ELECTION) == 1);
                assertThat(second.sample("ha_grants_total" + ELECTION)).isEqualTo(1);
                assertThat(second.sample("ha_health{status=\"up\"}")).isEqualTo(1);
                second.ha.signal("TERM");
                assertThat(second.ha.exitCode()).isZero();
            }
        }
    }

    @Test
    void healthFollowsTheServer() throws Exception {
        InstanceSpec spec = new InstanceSpec(null, -1, -1, -1, true, 1, 500, 1_000, null, "127.0.0.1");
        try (TestingServer server = new TestingServer(spec, true);
                Node node = new Node(setup.with("HIGH_AVAILABILITY_MODE", "zookeeper")
                        .without("HIGH_AVAILABILITY_FILE_DIRECTORY")
                        .with("HIGH_AVAILABILITY_ZOOKEEPER_QUORUM", server.getConnectString())
                        .with("HIGH_AVAILABILITY_ZOOKEEPER_CLIENT_SESSION_TIMEOUT", "10 s"))) {
            node.ha.awaitEvent("confirmed");
            assertThat(ask("GET", node.health).statusCode()).isEqualTo(200);
            Processes.await(
                    "it is well",
                    () -> ask("GET", node.health).body().equals("{\"status\":\"UP\",\"detail\":\"connected\"}\n"));
            Processes.await("a renewal is timed", () -> node.sample("ha_renewal_seconds_count") >= 1);
            assertThat(node.sample("ha_lease_remaining_seconds" + ELECTION)).isBetween(0.0, 10.0);

            server.stop();
            Processes.await("health is 503", () -> ask("GET", node.health).statusCode() == 503);
            assertThat(ask("GET", node.health).body()).contains("\"status\":\"DOWN\"", "CONNECTION");
            assertThat(ask("GET", node.health.resolve("/health/live")).statusCode())
                    .isEqualTo(200);
            assertThat(node.sample("ha_leader" + ELECTION)).isZero();
            assertThat(node.sample("ha_health{status=\"down\"}")).isEqualTo(1);

            server.restart();
            Processes.await("health is 200", () -> ask("GET", node.health).statusCode() == 200);
            Processes.await("it leads again", () -> node.sample("ha_leader" + ELECTION) == 1);
            Processes.await("the outage is counted", () -> node.sample("ha_reconnects_total") >= 1);
            Processes.await("the watch is back", () -> node.sample("ha_watch_restarts_total" + ELECTION) >= 1);
            assertThat(names(node.scrape())).containsAll(namesInTheDashboard());
        }
    }

    /** Names of all samples of a scrape. */
    private static Set<String> names(String scrape) {
        return scrape.lines()
                .filter(line -> !line.startsWith("#"))
                .map(line -> line.split("[{ ]", 2)[0])
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> namesInTheDashboard() throws IOException {
        String text = Files.readString(DASHBOARD);
        assertThat(ConfigFactory.parseString(text).getList("panels")).hasSizeGreaterThan(5);
        Matcher name = Pattern.compile("\\bha_[a-z_]+").matcher(text);
        Set<String> names = new TreeSet<>();
        while (name.find()) {
            names.add(name.group());
        }
        assertThat(names).hasSizeGreaterThan(10);
        return names;
    }

    @Test
    void onlyWhatIsThereIsServed() {
        try (Node node = new Node(setup)) {
            assertThat(node.metrics.getHost()).isEqualTo("127.0.0.1");
            assertThat(node.metrics.getPort()).isEqualTo(node.health.getPort());
            for (String path : new String[] {"/", "/metric", "/metrics/", "/metrics/x", "/healthy", "/health/liv"}) {
                assertThat(ask("GET", node.metrics.resolve(path)).statusCode())
                        .as(path)
                        .isEqualTo(404);
            }
            HttpResponse<String> refused = ask("POST", node.metrics);
            assertThat(refused.statusCode()).isEqualTo(405);
            assertThat(refused.headers().firstValue("Allow")).contains("GET, HEAD");
            assertThat(ask("DELETE", node.health).statusCode()).isEqualTo(405);
            HttpResponse<String> head = ask("HEAD", node.health);
            assertThat(head.statusCode()).isEqualTo(200);
            assertThat(head.body()).isEmpty();
        }
    }

    @Test
    void aPortThatIsTakenEndsTheCommandBeforeItContends() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String port = Integer.toString(taken.getLocalPort());
            Ha ha = setup.run("elect", "reports", "--json", "--metrics-port", port);
            assertThat(ha.exitCode()).isEqualTo(1);
            assertThat(ha.lines()).isEmpty();
            assertThat(ha.errors()).contains("--metrics-port " + port + " on 127.0.0.1", "in use");
            assertThat(directory.resolve("elections")).doesNotExist();
        }
    }

    @Test
    void aCommandThatIsRunOnlyWhileLeadingIsServedToo() {
        try (Ha ha = setup.start(
                "run",
                "reports",
                "--health-port",
                "0",
                "--metrics-port",
                "0",
                "--",
                "sh",
                "-c",
                "echo runs; sleep 60")) {
            ha.await("runs");
            Matcher at = Pattern.compile("metrics at (\\S+)").matcher(ha.errors());
            assertThat(at.find()).as(ha.errors()).isTrue();
            assertThat(ask("GET", URI.create(at.group(1))).body()).contains("ha_leader" + ELECTION + " 1.0");
            Matcher health = Pattern.compile("health at (\\S+)").matcher(ha.errors());
            assertThat(health.find()).as(ha.errors()).isTrue();
            assertThat(ask("GET", URI.create(health.group(1))).statusCode()).isEqualTo(200);
            ha.signal("TERM");
            ha.exitCode();
        }
    }
}
