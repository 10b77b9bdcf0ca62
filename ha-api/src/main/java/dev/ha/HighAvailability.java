package dev.ha;

import dev.ha.core.Bootstrap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Entry point: turns a configuration into {@link HighAvailabilityServices} of the backend it names.
 *
 * <p>The backend is chosen by {@code high-availability.mode}: the mode of a factory that
 * {@link java.util.ServiceLoader} finds ({@code none}, {@code embedded}, {@code file}, ...; case-insensitive), the
 * class name of a factory, or {@code FACTORY_CLASS} together with {@code high-availability.factory-class}. Discovery
 * never guesses: whatever is wrong is a {@link ConfigurationException} (rule 8.1).
 *
 * <p>A configuration may be that of a whole application: keys not under {@code high-availability} are ignored, unknown
 * keys under it are errors. {@code docs/configuration.md} lists all keys.
 */
public final class HighAvailability {
    private HighAvailability() {}

    /**
     * Services from a map, flat ({@code "high-availability.mode"}) or nested (what HOCON, YAML and JSON parsers
     * return).
     *
     * @throws ConfigurationException as {@link Builder#build()}
     */
    public static HighAvailabilityServices create(Map<String, ?> configuration) {
        return builder().configuration(configuration).build();
    }

    /**
     * Services from properties; their defaults count.
     *
     * @throws ConfigurationException as {@link Builder#build()}
     */
    public static HighAvailabilityServices create(Properties configuration) {
        return builder().configuration(configuration).build();
    }

    /**
     * Everything {@link #create} takes, and the settings that are not configuration: executor, class loader, shutdown
     * hook.
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Collects what {@link #build()} needs. Not thread-safe; {@code build()} may be called more than once and makes new
     * services each time.
     */
    public static final class Builder {
        private Map<?, ?> configuration = Map.of();
        private @Nullable Executor callbackExecutor;
        private @Nullable ClassLoader classLoader;
        private boolean closeOnJvmShutdown;

        private Builder() {}

        /** As {@link HighAvailability#create(Map)}; replaces what was given before; read in {@link #build()}. */
        public Builder configuration(Map<String, ?> configuration) {
            this.configuration = configuration;
            return this;
        }

        /** As {@link HighAvailability#create(Properties)}; copied here. */
        public Builder configuration(Properties configuration) {
            Map<String, String> copy = new java.util.HashMap<>();
            configuration.stringPropertyNames().forEach(name -> copy.put(name, configuration.getProperty(name)));
            this.configuration = copy;
            return this;
        }

        /**
         * Where contenders and listeners are called. Default: threads of the library that grow with the callbacks in
         * progress, so that a blocking callback delays nobody else (rule 3.3). An executor that runs tasks in the
         * calling thread is refused by {@link #build()}; one that rejects a task later is replaced by the library's own
         * threads for that task. It is never shut down here. With too few threads a blocked callback delays others.
         */
        public Builder callbackExecutor(Executor executor) {
            this.callbackExecutor = executor;
            return this;
        }

        /**
         * Where factories are looked for first, in place of the context class loader of the thread that calls
         * {@link #build()}. This library's own class loader is asked as well.
         */
        public Builder classLoader(ClassLoader classLoader) {
            this.classLoader = classLoader;
            return this;
        }

        /**
         * Closes the services when the JVM is asked to stop (SIGTERM, SIGINT, {@code System.exit}), so that a standby
         * leads within milliseconds and not after the lease. The wait for contenders is bounded by
         * {@code high-availability.close-timeout}, 5 seconds at most; when it is hit the lock is not released but left
         * to run out, or to end with the process.
         */
        public Builder closeOnJvmShutdown() {
            this.closeOnJvmShutdown = true;
            return this;
        }

        /**
         * Reads and checks the configuration and finds the backend. Does no I/O but loading classes; connects later, at
         * the first start (rule 7.1).
         *
         * @throws ConfigurationException here or never: names the key, the value and what would be right
         * @throws IllegalArgumentException if the callback executor runs tasks in the calling thread
         * @throws java.util.concurrent.RejectedExecutionException if it takes no task
         */
        public HighAvailabilityServices build() {
            return Bootstrap.services(configuration, callbackExecutor, classLoader, closeOnJvmShutdown);
        }
    }
}
