package dev.ha.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Namespace, Role and RoleBindings as docs/kubernetes.md tells administrators to set them up. */
final class Rights {
    private static final String ROLES = "/apis/rbac.authorization.k8s.io/v1/namespaces/" + TestedCluster.NAMESPACE;
    private static final Pattern YAML = Pattern.compile("(?s)```yaml\n(.*?)```");

    private final KubeApi admin;
    private JsonNode role = MissingNode.getInstance();

    Rights(KubeApi admin) {
        this.admin = admin;
    }

    /** Role, and its binding to {@code subject}. */
    void setUp(String subject) throws Exception {
        role = admin.apply(ROLES + "/roles", documentedRole());
        bind(subject, "user");
    }

    private static String documentedRole() throws IOException {
        Path docs = Path.of("..", "docs", "kubernetes.md");
        Matcher blocks = YAML.matcher(Files.readString(docs));
        while (blocks.find()) {
            for (String document : blocks.group(1).split("(?m)^---$", -1)) {
                if (document.contains("kind: Role\n")) {
                    return document;
                }
            }
        }
        throw new IllegalStateException("no Role in " + docs.toAbsolutePath());
    }

    /** The Role, for {@code subject} as well. */
    void bind(String subject, String name) throws Exception {
        admin.post(ROLES + "/rolebindings", """
                {"metadata":{"name":"%s"},"subjects":[%s],
                 "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"%s"}}""".formatted(name, subject, roleName()));
    }

    private String roleName() {
        return role.path("metadata").path("name").asText();
    }

    /** Takes {@code verb} out of the Role. */
    void forbid(String verb) throws Exception {
        admin.edit(
                ROLES + "/roles/" + roleName(), present -> present.path("rules").forEach(rule -> {
                    List<String> left = new ArrayList<>();
                    rule.path("verbs").forEach(each -> left.add(each.asText()));
                    left.remove(verb);
                    left.forEach(((ObjectNode) rule).putArray("verbs")::add);
                }));
    }

    /** The Role as documented again. */
    void allowAll() throws Exception {
        admin.edit(ROLES + "/roles/" + roleName(), present -> ((ObjectNode) present).set("rules", role.path("rules")));
    }
}
