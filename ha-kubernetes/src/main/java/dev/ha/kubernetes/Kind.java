package dev.ha.kubernetes;

/** The kinds of objects that are used. */
enum Kind {
    /** Lock and leader information. */
    LEASES("/apis/coordination.k8s.io/v1", "leases", "leases.coordination.k8s.io"),
    /** The roots of stores. */
    CONFIG_MAPS("/api/v1", "configmaps", "configmaps");

    private final String group;
    private final String plural;
    private final String resource;

    Kind(String group, String plural, String resource) {
        this.group = group;
        this.plural = plural;
        this.resource = resource;
    }

    String path(String namespace) {
        return group + "/namespaces/" + namespace + "/" + plural;
    }

    /** What an operator calls the right that {@code verb} needs. */
    String right(String verb, String namespace) {
        return verb + " " + resource + " in namespace " + namespace;
    }
}
