package dev.ha.zookeeper;

import dev.ha.ConfigurationException;
import dev.ha.spi.BackendContext;
import dev.ha.spi.Option;
import dev.ha.zookeeper.ZooKeeperOptions.Acl;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.security.auth.login.Configuration;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.client.ZKClientConfig;
import org.apache.zookeeper.data.ACL;

/** What is configured, checked as a whole. */
record Settings(
        String quorum,
        String root,
        Duration sessionTimeout,
        Duration connectionTimeout,
        Duration retryWait,
        Duration maxRetryWait,
        int maxRetryAttempts,
        Acl acl,
        boolean toleratesSuspended,
        boolean tracksEnsemble,
        Map<String, String> authorization,
        Optional<Duration> maxCloseWait,
        Sasl sasl,
        Optional<Tls> tls) {

    /** How to log in with JAAS. */
    record Sasl(boolean disabled, String service, String context) {}

    /** How to speak TLS. */
    record Tls(boolean verifiesHost, Optional<Store> trust, Optional<Store> key) {}

    /** A key store. */
    record Store(Path path, Optional<String> password) {
        @Override
        public String toString() {
            return path.toString();
        }
    }

    /** Reads and checks all options. */
    static Settings of(BackendContext context) {
        Settings settings = new Settings(
                context.get(ZooKeeperOptions.QUORUM),
                context.get(ZooKeeperOptions.ROOT),
                context.get(ZooKeeperOptions.SESSION_TIMEOUT),
                context.get(ZooKeeperOptions.CONNECTION_TIMEOUT),
                context.get(ZooKeeperOptions.RETRY_WAIT),
                context.get(ZooKeeperOptions.MAX_RETRY_WAIT),
                context.get(ZooKeeperOptions.MAX_RETRY_ATTEMPTS),
                context.get(ZooKeeperOptions.ACL),
                context.get(ZooKeeperOptions.TOLERATE_SUSPENDED),
                context.get(ZooKeeperOptions.ENSEMBLE_TRACKER),
                context.get(ZooKeeperOptions.AUTHORIZATION),
                context.get(ZooKeeperOptions.MAX_CLOSE_WAIT),
                new Sasl(
                        context.get(ZooKeeperOptions.SASL_DISABLE),
                        context.get(ZooKeeperOptions.SASL_SERVICE),
                        context.get(ZooKeeperOptions.SASL_CONTEXT)),
                tls(context));
        settings.check();
        return settings;
    }

    private static Optional<Tls> tls(BackendContext context) {
        Optional<Store> trust = store(context, ZooKeeperOptions.TRUST_STORE, ZooKeeperOptions.TRUST_STORE_PASSWORD);
        Optional<Store> key = store(context, ZooKeeperOptions.KEY_STORE, ZooKeeperOptions.KEY_STORE_PASSWORD);
        if (!context.get(ZooKeeperOptions.TLS_ENABLED)) {
            if (trust.isPresent() || key.isPresent()) {
                throw bad(
                        ZooKeeperOptions.TLS_ENABLED,
                        "false",
                        "must be true when a trust store or key store is configured");
            }
            return Optional.empty();
        }
        return Optional.of(new Tls(context.get(ZooKeeperOptions.TLS_VERIFY), trust, key));
    }

    private static Optional<Store> store(
            BackendContext context, Option<Optional<Path>> path, Option<Optional<String>> password) {
        return context.get(path).map(file -> new Store(file, context.get(password)));
    }

    private void check() {
        if (maxRetryWait.compareTo(retryWait) < 0) {
            throw bad(ZooKeeperOptions.MAX_RETRY_WAIT, maxRetryWait.toMillis() + " ms", "must be at least retry-wait");
        }
        if (acl == Acl.CREATOR && !hasCredentials()) {
            throw bad(
                    ZooKeeperOptions.ACL,
                    "creator",
                    "needs credentials, or nobody could be told from the creator: "
                            + ZooKeeperOptions.AUTHORIZATION.key() + ", a JAAS section '" + sasl.context
                            + "' without sasl.disable, or " + ZooKeeperOptions.KEY_STORE.key());
        }
    }

    private boolean hasCredentials() {
        return !authorization.isEmpty() || usesSasl() || tls.flatMap(Tls::key).isPresent();
    }

    /** Whether there is something to log in with. */
    boolean usesSasl() {
        if (sasl.disabled) {
            return false;
        }
        try {
            return Configuration.getConfiguration().getAppConfigurationEntry(sasl.context) != null;
        } catch (SecurityException noConfiguration) {
            return false; // no JAAS configuration in this JVM
        }
    }

    private static ConfigurationException bad(Option<?> option, String value, String sentence) {
        return new ConfigurationException(
                "bad-value",
                "high-availability." + ZooKeeperOptions.MODE + "." + option.key() + " = '" + value + "': " + sentence);
    }

    /** The rights of every node that is created. */
    List<ACL> acls() {
        return acl == Acl.CREATOR ? ZooDefs.Ids.CREATOR_ALL_ACL : ZooDefs.Ids.OPEN_ACL_UNSAFE;
    }

    /** What ZooKeeper's own client reads; its system properties go before our defaults. */
    ZKClientConfig clientConfig() {
        ZKClientConfig config = new ZKClientConfig();
        config.setProperty(ZKClientConfig.ENABLE_CLIENT_SASL_KEY, Boolean.toString(usesSasl()));
        config.setProperty(ZKClientConfig.LOGIN_CONTEXT_NAME_KEY, sasl.context);
        config.setProperty(ZKClientConfig.ZK_SASL_CLIENT_USERNAME, sasl.service);
        if (usesSasl()) {
            setDefault(config, "zookeeper.fips-mode", "false"); // on since 3.9.2, and refuses DIGEST-MD5
        }
        tls.ifPresent(with -> {
            config.setProperty(ZKClientConfig.SECURE_CLIENT, "true");
            config.setProperty(
                    ZKClientConfig.ZOOKEEPER_CLIENT_CNXN_SOCKET, "org.apache.zookeeper.ClientCnxnSocketNetty");
            setDefault(config, "zookeeper.ssl.protocol", "TLS");
            setDefault(config, "zookeeper.ssl.enabledProtocols", "TLSv1.3,TLSv1.2"); // servers before 3.9 know 1.2 only
            config.setProperty("zookeeper.ssl.hostnameVerification", Boolean.toString(with.verifiesHost));
            with.trust.ifPresent(store -> setStore(config, "zookeeper.ssl.trustStore.", store));
            with.key.ifPresent(store -> setStore(config, "zookeeper.ssl.keyStore.", store));
        });
        return config;
    }

    private static void setDefault(ZKClientConfig config, String key, String value) {
        if (System.getProperty(key) == null) {
            config.setProperty(key, value);
        }
    }

    private static void setStore(ZKClientConfig config, String prefix, Store store) {
        config.setProperty(prefix + "location", store.path.toString());
        store.password.ifPresent(password -> config.setProperty(prefix + "password", password));
    }

    @Override
    public String toString() {
        return quorum + root;
    }
}
