package dev.ha.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.ha.OutcomeUnknownException;
import dev.ha.UnavailableException;
import dev.ha.etcd.Keys.ElectionKeys;
import dev.ha.spi.RecordText;
import io.etcd.jetcd.api.Event;
import io.etcd.jetcd.api.KeyValue;
import io.grpc.Status;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;

/** Names, versions and views. */
class PartsTest {
    private static final ElectionKeys KEYS = new Keys("/ha", "c").election("e");

    private static KeyValue key(ByteString key, long created, long written) {
        return KeyValue.newBuilder()
                .setKey(key)
                .setCreateRevision(created)
                .setModRevision(written)
                .build();
    }

    private static Event put(KeyValue now) {
        return Event.newBuilder().setType(Event.EventType.PUT).setKv(now).build();
    }

    private static Event delete(ByteString key, long revision) {
        return Event.newBuilder()
                .setType(Event.EventType.DELETE)
                .setKv(key(key, 0, revision))
                .build();
    }

    @Test
    void clustersAndElectionsNeverShareKeys() {
        assertThat(new Keys("/ha", "a/b").election("x").prefix())
                .isNotEqualTo(new Keys("/ha/a", "b").election("x").prefix());
        assertThat(new Keys("/ha", "A").cluster()).isNotEqualTo(new Keys("/ha", "a").cluster());
        assertThat(KEYS.prefix()).isEqualTo("/ha/c/elections/e/");
        assertThat(Keys.endOf("/ha/")).isEqualTo(ByteString.copyFromUtf8("/ha0"));
        assertThat(KEYS.nonce(KEYS.candidate("n"))).isEqualTo("n");
        assertThat(List.of(KEYS.root(), KEYS.record(), ByteString.copyFromUtf8("/ha/c/elections/e/x/y")))
                .noneMatch(KEYS::isCandidate);
    }

    @Test
    void theFirstCreatedHoldsTheLock() {
        View view = View.read(
                KEYS,
                9,
                List.of(
                        key(KEYS.candidate("late"), 8, 8),
                        key(KEYS.candidate("first"), 5, 5),
                        key(KEYS.record(), 3, 3)));
        assertThat(holder(view)).isEqualTo("first");
        View after = view.after(List.of(delete(KEYS.candidate("first"), 10)));
        assertThat(holder(after)).isEqualTo("late");
        assertThat(after.revision()).isEqualTo(10);
        assertThat(holder(view)).isEqualTo("first");
    }

    private static String holder(View view) {
        KeyValue holder = view.holder();
        return holder == null ? "" : KEYS.nonce(holder.getKey());
    }

    @Test
    void whatAViewKnowsAlreadyChangesNothing() {
        View view = View.read(KEYS, 9, List.of(key(KEYS.candidate("a"), 5, 5)));
        assertThat(view.after(List.of(delete(KEYS.candidate("a"), 9)))).isSameAs(view);
    }

    @Test
    void recordsThatAreWrittenAndRemovedAtOnceAreAChange() {
        View view = View.read(KEYS, 9, List.of(key(KEYS.candidate("a"), 5, 5)));
        View after = view.after(List.of(put(key(KEYS.record(), 10, 10)), delete(KEYS.record(), 11)));
        assertThat(after.record()).isEqualTo(RecordText.NOTHING);
        assertThat(after.recordRevision()).isNotEqualTo(view.recordRevision());
    }

    @Test
    void versionsThatKeepLeasesAreToldFromThoseThatDoNot() {
        Map.of(
                        "3.4.23",
                        false,
                        "3.4.30",
                        false,
                        "3.4.31",
                        true,
                        "3.5.12",
                        false,
                        "3.5.13",
                        true,
                        "3.5.16",
                        true,
                        "3.6.0",
                        true,
                        "3.3.99",
                        false,
                        "4.0.0",
                        true,
                        "nonsense",
                        false)
                .forEach((version, good) -> assertThat(ServerVersion.of(version).keepsLeases())
                        .as(version)
                        .isEqualTo(good));
    }

    @Test
    void endpointsAreReadAndOthersRefused() {
        assertThat(Endpoint.of("host")).isEqualTo(new Endpoint("host", 2379, ""));
        assertThat(Endpoint.of("https://10.0.0.1:1")).isEqualTo(new Endpoint("10.0.0.1", 1, "https"));
        assertThat(Endpoint.of("[::1]:2")).isEqualTo(new Endpoint("[::1]", 2, ""));
        assertThat(List.of("", "a b", "ftp://a", "a:0", "a:99999", "a/b", "u@a", "a?b"))
                .noneMatch(Endpoint::isOne);
    }

    @Test
    void aMarginIsASecondOrATenth() {
        assertThat(Settings.margin(Duration.ofSeconds(3))).isEqualTo(Duration.ofSeconds(1));
        assertThat(Settings.margin(Duration.ofSeconds(60))).isEqualTo(Duration.ofSeconds(6));
    }

    /** A connection that breaks in TLS when it is in use has carried requests; one that breaks while the two sides introduce themselves has not. */
    @Test
    void onlyAHandshakeThatFailsShowsThatNothingWasSent() {
        Status broken = Status.UNAVAILABLE.withDescription("io exception");
        assertThat(Failures.ofWrite(broken.withCause(new SSLException("closed")).asRuntimeException(), "writing"))
                .isInstanceOf(OutcomeUnknownException.class);
        assertThat(Failures.ofWrite(
                        broken.withCause(new SSLHandshakeException("unknown CA"))
                                .asRuntimeException(),
                        "writing"))
                .isInstanceOf(UnavailableException.class);
    }
}
