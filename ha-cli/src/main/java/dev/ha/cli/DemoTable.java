package dev.ha.cli;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What {@code ha demo} shows: on a terminal a table that changes in place, below what is said; elsewhere one line for
 * each change. For one thread at a time.
 */
final class DemoTable {
    private static final String ESCAPE = "\u001b[";
    private static final String BOLD = ESCAPE + "1;32m";
    private static final String PLAIN = ESCAPE + "0m";

    private record Row(long pid, String state, long token) {}

    private final Output output;
    private final boolean terminal;
    private final Map<String, Row> rows = new LinkedHashMap<>();
    private int drawn;

    DemoTable(Output output, boolean terminal) {
        this.output = output;
        this.terminal = terminal;
    }

    void say(String text) {
        if (terminal) {
            redraw(text + "\n\n");
        } else {
            output.line(text);
        }
    }

    void show(String name, long pid, String state, long token) {
        Row row = new Row(pid, state, token);
        if (row.equals(rows.put(name, row))) {
            return;
        }
        if (terminal) {
            redraw("");
        } else {
            output.line("  " + line(name, row));
        }
    }

    /** In one write, so that nothing flickers. */
    private void redraw(String above) {
        StringBuilder text = new StringBuilder();
        if (drawn > 0) {
            // up to its first line, and clear to the end
            text.append(ESCAPE).append(drawn).append('A').append(ESCAPE).append('J');
        }
        text.append(above);
        rows.forEach((name, row) -> {
            boolean leads = row.state.equals("leads");
            text.append(leads ? BOLD : "")
                    .append("  ")
                    .append(line(name, row))
                    .append(leads ? PLAIN : "")
                    .append('\n');
        });
        drawn = rows.size();
        output.write(text.toString());
    }

    private static String line(String name, Row row) {
        String token = row.state.equals("leads") ? "  token " + row.token : "";
        return String.format("%-6s process %-8d %-7s", name, row.pid, row.state) + token;
    }
}
