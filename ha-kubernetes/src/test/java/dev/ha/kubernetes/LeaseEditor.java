package dev.ha.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Consumer;

/** The objects of elections as an administrator sees and changes them. */
final class LeaseEditor {
    static final String ANNOTATIONS = "ha-services.github.io/";

    private static final String LEASES =
            "/apis/coordination.k8s.io/v1/namespaces/" + TestedCluster.NAMESPACE + "/leases";
    private static final String CONFIG_MAPS = "/api/v1/namespaces/" + TestedCluster.NAMESPACE + "/configmaps";
    private final KubeApi admin;

    LeaseEditor(TestedCluster cluster) {
        admin = cluster.admin();
    }

    static String path(String name) {
        return LEASES + "/" + name;
    }

    /** The Lease of an election; empty if there is none. */
    Optional<JsonNode> find(String cluster, String election) throws Exception {
        return find(LEASES, cluster, election);
    }

    /** The ConfigMap of an election; empty if there is none. */
    Optional<JsonNode> store(String cluster, String election) throws Exception {
        return find(CONFIG_MAPS, cluster, election);
    }

    /** By what is written in it, not by how the backend makes a name of it. */
    private Optional<JsonNode> find(String kind, String cluster, String election) throws Exception {
        for (JsonNode item : admin.get(kind).path("items")) {
            if (annotation(item, "cluster").equals(cluster)
                    && annotation(item, "election").equals(election)) {
                return Optional.of(item);
            }
        }
        return Optional.empty();
    }

    JsonNode of(String cluster, String election) throws Exception {
        return find(cluster, election).orElseThrow(() -> new IllegalStateException("no Lease of " + election));
    }

    /** One that the backend has not made, or whose annotations somebody has removed. */
    JsonNode named(String name) throws Exception {
        return admin.get(path(name));
    }

    boolean exists(String name) throws Exception {
        return admin.exists(path(name));
    }

    /** As {@code kubectl create} does, with {@code spec} and more of {@code metadata}, both JSON objects. */
    JsonNode create(String name, String metadata, String spec) throws Exception {
        ObjectNode lease = (ObjectNode) KubeApi.json("{\"metadata\":" + metadata + ",\"spec\":" + spec + "}");
        ((ObjectNode) lease.path("metadata")).put("name", name);
        return admin.post(LEASES, lease.toString());
    }

    /** As {@code kubectl edit} does. */
    JsonNode edit(String name, Consumer<ObjectNode> change) throws Exception {
        return admin.edit(path(name), lease -> change.accept((ObjectNode) lease));
    }

    /** As an administrator takes it away from its holder: nobody waits for that one any more. */
    void release(String name) throws Exception {
        edit(name, lease -> lease.withObject("/spec").putNull("holderIdentity"));
    }

    /** As {@code kubectl delete} does. */
    void delete(String name) throws Exception {
        admin.delete(path(name));
    }

    void deleteAll(String cluster, String election) throws Exception {
        Optional<JsonNode> lease = find(cluster, election);
        if (lease.isPresent()) {
            delete(name(lease.get()));
        }
        Optional<JsonNode> store = store(cluster, election);
        if (store.isPresent()) {
            admin.delete(CONFIG_MAPS + "/" + name(store.get()));
        }
    }

    // ---- what is in one

    static String name(JsonNode object) {
        return object.path("metadata").path("name").asText();
    }

    static String uid(JsonNode object) {
        return object.path("metadata").path("uid").asText();
    }

    static String annotation(JsonNode object, String name) {
        return object.path("metadata")
                .path("annotations")
                .path(ANNOTATIONS + name)
                .asText("");
    }

    static void annotate(JsonNode object, String name, String value) {
        ((ObjectNode) object.path("metadata").path("annotations")).put(ANNOTATIONS + name, value);
    }

    static String holder(JsonNode lease) {
        return lease.path("spec").path("holderIdentity").asText("");
    }

    static int transitions(JsonNode lease) {
        return lease.path("spec").path("leaseTransitions").asInt();
    }

    static Instant renewed(JsonNode lease) {
        return Instant.parse(lease.path("spec").path("renewTime").asText());
    }

    static Instant acquired(JsonNode lease) {
        return Instant.parse(lease.path("spec").path("acquireTime").asText());
    }

    /** Somebody else's taking a Lease over, or renewing it, with a clock that shows {@code now}. */
    static void hold(ObjectNode lease, String holder, int seconds, Instant now) {
        ObjectNode spec = lease.withObject("/spec");
        if (!holder.equals(spec.path("holderIdentity").asText(""))) {
            spec.put("leaseTransitions", spec.path("leaseTransitions").asInt() + 1);
            spec.put("acquireTime", time(now));
        }
        spec.put("holderIdentity", holder);
        spec.put("leaseDurationSeconds", seconds);
        spec.put("renewTime", time(now));
    }

    /** As Kubernetes writes it: always with microseconds. */
    private static String time(Instant now) {
        return java.time.format.DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'")
                .withZone(java.time.ZoneOffset.UTC)
                .format(now);
    }
}
