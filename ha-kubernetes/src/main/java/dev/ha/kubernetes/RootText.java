package dev.ha.kubernetes;

import dev.ha.Reason;
import dev.ha.UnavailableException;
import dev.ha.spi.Change;
import dev.ha.spi.EntryText;
import dev.ha.spi.SafeName;
import dev.ha.store.Entry;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The root of an election's store: a ConfigMap with a seal and all entries, so that one PUT is atomic over all of them (SAFETY S4). The version of an entry is the
 * id of its write, which no other one has (rule 6.4).
 */
final class RootText {
    private static final String TOKEN = Names.PREFIX + "token";
    private static final String SEALER = Names.PREFIX + "sealer";
    private static final String NAME = ".name";
    private static final int LONGEST_KEY = 253 - NAME.length();
    /** Kubernetes allows 1 MiB of values. */
    private static final int LARGEST = 1024 * 1024;

    private RootText() {}

    /** The token of the leader that has sealed it; 0 if none has. */
    static long seal(ConfigMap root) {
        try {
            return Long.parseLong(annotation(root, TOKEN));
        } catch (NumberFormatException notOurs) {
            return 0;
        }
    }

    /** The candidate of that leader. */
    static String sealer(ConfigMap root) {
        return annotation(root, SEALER);
    }

    private static String annotation(ConfigMap root, String name) {
        String found = copy(root.getMetadata().getAnnotations()).get(name);
        return found == null ? "" : found;
    }

    /** An empty one, sealed. */
    static ConfigMap fresh(String cluster, String election, long token, String sealer) {
        ObjectMeta metadata = new ObjectMetaBuilder()
                .withName(Names.object(cluster, election))
                .addToLabels(Lock.CLUSTER, Names.label(cluster))
                .addToAnnotations(Lock.CLUSTER, cluster)
                .addToAnnotations(Lock.ELECTION, election)
                .addToAnnotations(TOKEN, Long.toString(token))
                .addToAnnotations(SEALER, sealer)
                .build();
        return new ConfigMapBuilder().withMetadata(metadata).build();
    }

    /** The same, sealed. */
    static ConfigMap sealed(ConfigMap root, long token, String sealer) {
        return new ConfigMapBuilder(root)
                .editMetadata()
                .withManagedFields()
                .addToAnnotations(TOKEN, Long.toString(token))
                .addToAnnotations(SEALER, sealer)
                .endMetadata()
                .build();
    }

    /** The same under another resourceVersion. */
    static ConfigMap touched(ConfigMap root, String by) {
        return new ConfigMapBuilder(root)
                .editMetadata()
                .withManagedFields()
                .addToAnnotations(
                        Names.PREFIX + "touched", by + "@" + root.getMetadata().getResourceVersion())
                .endMetadata()
                .build();
    }

    /** The entry of that name. */
    static Optional<Entry> entry(ConfigMap root, String name) {
        String found = copy(root.getBinaryData()).get(key(name));
        if (found == null) {
            return Optional.empty();
        }
        Entry entry = EntryText.read(name, Base64.getDecoder().decode(found), "");
        return Optional.of(new Entry(name, entry.value(), entry.writeId().toString(), entry.writeId()));
    }

    /** The names of all entries. */
    static Set<String> names(ConfigMap root) {
        Map<String, String> clear = copy(root.getData());
        return copy(root.getBinaryData()).keySet().stream()
                .map(key -> {
                    String name = clear.get(key + NAME);
                    return name == null ? SafeName.decode(key) : name;
                })
                .collect(Collectors.toUnmodifiableSet());
    }

    /**
     * The same after {@code change}, whose condition holds.
     *
     * @throws UnavailableException if there is no room for it
     */
    static ConfigMap after(ConfigMap root, Change change) {
        Map<String, String> values = copy(root.getBinaryData());
        Map<String, String> names = copy(root.getData());
        String key = key(change.name());
        if (change.kind() == Change.Kind.DELETE) {
            values.remove(key);
            names.remove(key + NAME);
        } else {
            values.put(key, Base64.getEncoder().encodeToString(EntryText.write(change.writeId(), change.value())));
            if (key.contains("__")) { // shortened: no other key has that
                names.put(key + NAME, change.name());
            }
            checkSize(root.getMetadata().getName(), change, values, names);
        }
        return new ConfigMapBuilder(root)
                .editMetadata()
                .withManagedFields()
                .endMetadata()
                .withBinaryData(values)
                .withData(names)
                .build();
    }

    private static void checkSize(String name, Change change, Map<String, String> values, Map<String, String> names) {
        long size = 0;
        for (Map.Entry<String, String> value : values.entrySet()) {
            size += value.getKey().length() + value.getValue().length() / 4 * 3L;
        }
        for (Map.Entry<String, String> clear : names.entrySet()) {
            size += clear.getKey().length() + clear.getValue().getBytes(StandardCharsets.UTF_8).length;
        }
        if (size > LARGEST) {
            throw new UnavailableException(
                    change + ": all entries of an election are in one ConfigMap, and " + name + " would have " + size
                            + " bytes of the " + LARGEST
                            + " that Kubernetes allows; remove entries, or set high-availability.storageDir, so that larger values are kept in files",
                    Reason.INITIAL,
                    null);
        }
    }

    private static String key(String name) {
        return SafeName.encode(name, LONGEST_KEY);
    }

    private static Map<String, String> copy(@Nullable Map<String, String> map) {
        return map == null ? new HashMap<>() : new HashMap<>(map);
    }
}
