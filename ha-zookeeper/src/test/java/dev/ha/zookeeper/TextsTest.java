package dev.ha.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ha.CorruptDataException;
import dev.ha.spi.EntryText;
import dev.ha.spi.LeaderRecord;
import dev.ha.spi.RecordText;
import dev.ha.spi.SafeName;
import dev.ha.store.Entry;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Names and contents of nodes. */
class TextsTest {
    private static final LeaderRecord RECORD =
            new LeaderRecord(new UUID(1, 2), 7, "tcp://a \"{}\" \\ \u2028 \ud83d\ude00");

    @Test
    void recordsAreReadAsTheyWereWritten() {
        RecordText text = RecordText.published("c-x", 9, Map.of("leader", RECORD, "a \"b\"/\u00e9{}", RECORD));
        assertThat(RecordText.parse(text.toBytes())).isEqualTo(text);
    }

    @Test
    void theRecordsNodeIsOneLineOfJson() {
        RecordText text =
                RecordText.published("c-x", 9, Map.of("leader", new LeaderRecord(new UUID(1, 2), 9, "tcp://a")));
        assertThat(new String(text.toBytes(), StandardCharsets.UTF_8))
                .isEqualTo(
                        "{\"v\":1,\"candidate\":\"c-x\",\"token\":9,\"released\":false,\"records\":{\"leader\":{\"v\":1,"
                                + "\"session\":\"00000000-0000-0001-0000-000000000002\",\"token\":9,\"address\":\"tcp://a\"}}}");
    }

    @Test
    void whatIsNotOursIsNothing() {
        for (String text : List.of(
                "", "{", "null", "[]", "{\"v\":2}", "{\"v\":1,\"token\":\"x\"}", "\u0000\u00ac", "{\"v\":1}x")) {
            assertThat(RecordText.parse(text.getBytes(StandardCharsets.UTF_8)))
                    .as(text)
                    .isEqualTo(RecordText.NOTHING);
        }
    }

    @Test
    void candidatesAreOrderedBySequence() {
        String nonce = CandidateName.newNonce();
        assertThat(nonce).hasSize(22);
        String first = CandidateName.prefix(nonce) + "0000000009";
        String second = CandidateName.prefix(CandidateName.newNonce()) + "0000000010";
        assertThat(first).hasSize(CandidateName.LENGTH);
        assertThat(CandidateName.inOrder(List.of("record", second, "entries", first, "c-short-1", "c-" + nonce + "-x")))
                .extracting(CandidateName::text)
                .containsExactly(first, second);
        assertThat(CandidateName.parse(first))
                .hasValueSatisfying(name -> assertThat(name.nonce()).isEqualTo(nonce));
    }

    @Test
    void entriesKeepTheirNamesAndBytes() {
        for (String name : List.of("a", "A/b", "..", "\u00e9 \ud83d\ude00", "_5f", "x".repeat(200))) {
            String node = new Paths("", "/r", "c").election("e").entry(name);
            assertThat(SafeName.decode(node.substring(node.lastIndexOf('/') + 1)))
                    .isEqualTo(name);
        }
        UUID writeId = UUID.randomUUID();
        Entry entry = EntryText.read("e", EntryText.write(writeId, new byte[] {0, -1, 10}), EntryVersion.of(255, 3));
        assertThat(entry.value()).containsExactly(0, -1, 10);
        assertThat(entry.writeId()).isEqualTo(writeId);
        assertThat(entry.version()).isEqualTo("ff-3");
        assertThat(EntryVersion.dataVersion("ff-3")).isEqualTo(3);
        assertThatThrownBy(() -> EntryText.read("e", new byte[] {1, 2}, "")).isInstanceOf(CorruptDataException.class);
    }

    @Test
    void clustersAndElectionsNeverShareNodes() {
        assertThat(new Paths("", "/flink", "a/b").election("x").node())
                .isNotEqualTo(new Paths("", "/flink/a", "b").election("x").node());
        assertThat(new Paths("", "/flink", "A").cluster()).isNotEqualTo(new Paths("", "/flink", "a").cluster());
        assertThat(Paths.withAncestors("/a/b/c")).containsExactly("/a", "/a/b", "/a/b/c");
    }
}
