package dev.ha.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ha.UnavailableException;
import dev.ha.spi.Change;
import dev.ha.store.Entry;
import io.fabric8.kubernetes.api.model.ConfigMap;
import org.junit.jupiter.api.Test;

/** A root that is full: what does not fit is refused before anything is sent, and room can be made. */
class RootTextTest {
    private static final int LARGEST = 1024 * 1024;

    private static ConfigMap with(ConfigMap root, String name, int length) {
        return RootText.after(root, Change.create(name, new byte[length]));
    }

    private static Entry entry(ConfigMap root, String name) {
        return RootText.entry(root, name).orElseThrow();
    }

    @Test
    void whatDoesNotFitIsRefusedWithSizeAndLimit() {
        ConfigMap root = with(RootText.fresh("cluster", "election", 1, "me"), "half", 512 * 1024);
        assertThatThrownBy(() -> with(root, "other half", 512 * 1024))
                .isInstanceOf(UnavailableException.class)
                .hasMessageContainingAll(
                        "CREATE other half",
                        root.getMetadata().getName(),
                        Integer.toString(LARGEST),
                        "high-availability.storageDir");
        assertThat(RootText.names(with(root, "less", 500 * 1024))).containsExactlyInAnyOrder("half", "less");
    }

    @Test
    void aFullRootTakesWhatIsNotLongerAndWhatRemoves() {
        ConfigMap root = RootText.fresh("cluster", "election", 1, "me");
        int length = LARGEST - 4096;
        root = with(root, "a", length);
        int room = 4096;
        while (room > 0) { // to the last bytes
            try {
                root = with(root, "b" + room, room);
            } catch (UnavailableException full) {
                room -= 50;
                continue;
            }
            break;
        }
        ConfigMap full = root;
        assertThatThrownBy(() -> with(full, "c", 100)).isInstanceOf(UnavailableException.class);
        Entry old = entry(full, "a");
        ConfigMap replaced = RootText.after(full, Change.replace(old, new byte[length]));
        assertThat(entry(replaced, "a").version()).isNotEqualTo(old.version());
        ConfigMap emptier = RootText.after(replaced, Change.delete(entry(replaced, "a")));
        assertThat(RootText.names(with(emptier, "c", 100))).contains("c").doesNotContain("a");
    }
}
