package dev.ha.tck;

import java.util.List;
import java.util.stream.Stream;

/** Names that are merged or mistaken for paths when encoded carelessly (rule 8.2). All different, all legal. */
final class OddNames {
    static final List<String> ALL = Stream.concat(
                    Stream.of(
                            "a",
                            "A",
                            "a/b",
                            "a//b",
                            "/a",
                            "a/",
                            "a_b",
                            "a_2fb",
                            "a%2Fb",
                            "a.b",
                            "a\\b",
                            "a:b",
                            "a b",
                            " a",
                            "a ",
                            ".",
                            "..",
                            "../a",
                            "../../a",
                            "a/../a",
                            "-",
                            "_",
                            "__",
                            "*",
                            "?",
                            "#",
                            "$",
                            "a\tb",
                            "a\nb",
                            "\u00e4",
                            "a\u0308",
                            "\u00c4",
                            "\u20ac",
                            "\ud83d\ude80",
                            "job",
                            "job-1",
                            "jobs",
                            "JOB",
                            "lock",
                            "leader",
                            "holder",
                            "records",
                            "entries",
                            "history",
                            "con",
                            "nul",
                            "null",
                            "0"),
                    Stream.of("x".repeat(200), "x".repeat(199) + "y", "\u20ac".repeat(200), "/".repeat(200)))
            .toList();

    private OddNames() {}
}
