package dev.ha.cli;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where a command that runs until told otherwise shows its metrics and its health. */
final class StatusOptions {
    private static final int HIGHEST = 65_535;

    @Option(
            names = "--metrics-port",
            paramLabel = "PORT",
            description = "Serve GET /metrics for Prometheus there; 0 for a free port.")
    private @Nullable Integer metricsPort;

    @Option(
            names = "--health-port",
            paramLabel = "PORT",
            description = "Serve GET /health there: 200 when UP or DEGRADED, 503 when DOWN, and why; "
                    + "/health/live is 200 while the process runs. May be the port of the metrics.")
    private @Nullable Integer healthPort;

    @Option(
            names = "--bind",
            paramLabel = "ADDRESS",
            defaultValue = "127.0.0.1",
            description =
                    "Address of these ports, as 0.0.0.0 for all. Default: ${DEFAULT-VALUE}, for this machine only.")
    private String bind = "";

    /**
     * Takes the ports; nothing is served yet.
     *
     * @throws Misuse for what is no port or address of this machine
     * @throws Failure if a port is not free
     */
    StatusServer open() throws Failure {
        return new StatusServer(address("--metrics-port", metricsPort), address("--health-port", healthPort));
    }

    private @Nullable InetSocketAddress address(String option, @Nullable Integer port) {
        if (port == null) {
            return null;
        }
        if (port < 0 || port > HIGHEST) {
            throw new Misuse(
                    option + " " + port + ": a port is a number from 1 to " + HIGHEST + ", or 0 for a free one", null);
        }
        try {
            return new InetSocketAddress(InetAddress.getByName(bind), port);
        } catch (UnknownHostException unknown) {
            throw new Misuse(
                    "--bind '" + bind + "': give an address of this machine, such as 127.0.0.1 or 0.0.0.0", unknown);
        }
    }
}
