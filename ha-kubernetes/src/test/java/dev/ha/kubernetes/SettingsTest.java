package dev.ha.kubernetes;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ha.ConfigurationException;
import dev.ha.HighAvailability;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Bad input gets an error that names key, value and what would be right (rule 8.1). */
class SettingsTest {
    private static final String TIMING = "leader-election.";

    @Test
    void aDeadlineThatIsNotWellBelowTheLeaseIsRefused() {
        isRefused(
                Map.of(TIMING + "lease-duration", "6 s", TIMING + "renew-deadline", "6 s"),
                "high-availability.kubernetes.leader-election.renew-deadline = '6 s'",
                "shorter than lease-duration");
        isRefused(
                Map.of(TIMING + "lease-duration", "6 s", TIMING + "renew-deadline", "2 s"),
                "high-availability.kubernetes.leader-election.renew-deadline = '2 s'",
                "at least half");
    }

    @Test
    void aDeadlineIntoWhichNoSecondTryFitsIsRefused() {
        isRefused(
                Map.of(TIMING + "renew-deadline", "10 s", TIMING + "retry-period", "6 s"),
                "high-availability.kubernetes.leader-election.retry-period = '6 s'",
                "half of renew-deadline");
        isRefused(
                Map.of("request-timeout", "8 s"),
                "high-availability.kubernetes.request-timeout = '8 s'",
                "at most 4 s");
    }

    @Test
    void aLeaseOfPartsOfASecondIsRefused() {
        isRefused(
                Map.of(TIMING + "lease-duration", "6500 ms"),
                "high-availability.kubernetes.leader-election.lease-duration",
                "whole seconds");
    }

    @Test
    void twoServersAreRefused() {
        isRefused(
                Map.of("master-url", "https://a:6443", "kubeconfig", "/nowhere"),
                "high-availability.kubernetes.master-url",
                "kubeconfig");
        isRefused(
                Map.of("master-url", "https://a:6443", "context", "prod"),
                "high-availability.kubernetes.master-url",
                "context");
    }

    @Test
    void whatIsNoAddressAndNoNamespaceIsRefused() {
        for (String url : new String[] {"a:6443", "ftp://a", "https://", "https://a b", "http://[::1"}) {
            isRefused(Map.of("master-url", url), "high-availability.kubernetes.master-url", url, "https://host:port");
        }
        isRefused(Map.of("namespace", "Prod/1"), "high-availability.kubernetes.namespace", "Prod/1");
    }

    @Test
    void halfOfACredentialAndTwoOfThemAreRefused() {
        isRefused(Map.of("tls.key", "/k"), "high-availability.kubernetes.tls.certificate is missing");
        isRefused(Map.of("tls.certificate", "/c"), "high-availability.kubernetes.tls.key is missing");
        isRefused(Map.of("token", "s3cret", "token-file", "/t"), "high-availability.kubernetes.token-file");
    }

    @Test
    void credentialsThatCanNotBeUsedAreRefusedAndNotShown() {
        isRefused(Map.of("token", "s3cret\ntoken"), "high-availability.kubernetes.token ", "line breaks");
        isRefused(Map.of("master-url", "https://me:s3cret@a:6443"), "high-availability.kubernetes.master-url", "token");
    }

    private static void isRefused(Map<String, String> settings, String... parts) {
        Map<String, String> all = new HashMap<>(Map.of("high-availability.mode", "kubernetes"));
        settings.forEach((key, value) -> all.put("high-availability.kubernetes." + key, value));
        assertThatThrownBy(() -> HighAvailability.create(all).close())
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContainingAll(parts)
                .hasMessageNotContaining("s3cret");
    }
}
