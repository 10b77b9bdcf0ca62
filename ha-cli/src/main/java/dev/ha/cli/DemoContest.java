package dev.ha.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The processes of {@code ha demo}, and who of them leads. Whatever happens is shown in a {@link DemoTable}. */
final class DemoContest implements AutoCloseable {
    private static final String ELECTION = "demo";
    private static final long LOOK_AGAIN_MILLIS = 100;

    /**
     * A leader.
     *
     * @param since when that was heard, by {@link System#nanoTime()}
     */
    record Lead(String name, long pid, long token, long since) {}

    /** One process, and what is known of it. */
    private static final class Contender {
        private final ElectProcess process;
        private String state = "starts";
        private long token;
        private long since;

        Contender(ElectProcess process) {
            this.process = process;
        }
    }

    private final List<String> configuration;
    private final DemoTable table;
    private final Map<String, Contender> contenders = new LinkedHashMap<>();

    DemoContest(Path directory, DemoTable table) {
        this.configuration = List.of(
                "-D", Layers.MODE + "=file", "-D", Layers.ROOT + ".file.directory=" + directory.resolve("elections"));
        this.table = table;
    }

    synchronized void say(String text) {
        table.say(text);
    }

    /** Starts the process of {@code name}, once more if it was killed. */
    synchronized void start(String name) throws IOException {
        Contender contender =
                new Contender(ElectProcess.start(configuration, false, ELECTION, name, heard -> heard(name, heard)));
        contenders.put(name, contender);
        show(name, contender);
    }

    /** As {@code kill -9}. */
    synchronized void kill(String name) {
        Contender contender = contender(name);
        contender.process.kill();
        become(name, contender, "killed");
    }

    /** The leader, or the next one. When the demo is to stop, anybody. */
    synchronized Lead awaitLeader(long until, Stop stop) throws Failure, InterruptedException {
        while (true) {
            Optional<Lead> leader = leader();
            if (leader.isPresent()) {
                return leader.get();
            }
            if (stop.isAsked()) {
                return new Lead("nobody", 0, 0, 0);
            }
            if (System.nanoTime() - until > 0) {
                throw new Failure("nobody leads; is this machine very busy? -v tells more");
            }
            wait(LOOK_AGAIN_MILLIS);
        }
    }

    private Optional<Lead> leader() {
        return contenders.entrySet().stream()
                .filter(entry -> entry.getValue().state.equals("leads"))
                .map(entry -> new Lead(
                        entry.getKey(), entry.getValue().process.pid(), entry.getValue().token, entry.getValue().since))
                .findFirst();
    }

    private synchronized void heard(String name, ElectProcess.Heard heard) {
        Contender contender = contender(name);
        if (contender.process.pid() != heard.pid() || contender.state.equals("killed")) {
            return; // the last words of one that was killed
        }
        switch (heard.event()) {
            case "started", "revoked" -> become(name, contender, "waits");
            case "granted" -> {
                contender.token = heard.token();
                contender.since = heard.nanoTime();
                become(name, contender, "leads");
            }
            case ElectProcess.ENDED -> become(name, contender, "ended");
            default -> {}
        }
    }

    private void become(String name, Contender contender, String state) {
        contender.state = state;
        show(name, contender);
        notifyAll();
    }

    private void show(String name, Contender contender) {
        table.show(name, contender.process.pid(), contender.state, contender.token);
    }

    private Contender contender(String name) {
        Contender found = contenders.get(name);
        if (found == null) {
            throw new IllegalArgumentException("no contender " + name);
        }
        return found;
    }

    /** Ends all at once: nobody is left who could take over. */
    @Override
    public void close() {
        List<Contender> all;
        synchronized (this) {
            all = List.copyOf(contenders.values());
            all.forEach(contender -> contender.state = "killed");
        }
        all.forEach(contender -> contender.process.kill());
        all.forEach(contender -> contender.process.close());
    }
}
