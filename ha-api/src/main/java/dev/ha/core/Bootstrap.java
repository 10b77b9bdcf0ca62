package dev.ha.core;

import dev.ha.ConfigurationException;
import dev.ha.HighAvailabilityServices;
import dev.ha.spi.HighAvailabilityBackendFactory;
import dev.ha.spi.Option;
import java.util.Map;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Puts the services together. The way in from {@link dev.ha.HighAvailability}. */
public final class Bootstrap {
    private static final Logger LOG = LoggerFactory.getLogger(Bootstrap.class);

    private Bootstrap() {}

    /** As {@link dev.ha.HighAvailability.Builder#build()}. */
    public static HighAvailabilityServices services(
            Map<?, ?> configuration, @Nullable Executor callbacks, @Nullable ClassLoader loader, boolean closeOnExit) {
        if (callbacks != null) {
            refuseCallingThread(callbacks);
        }
        Settings settings = Settings.of(configuration);
        HighAvailabilityBackendFactory factory = Discovery.find(settings, loader);
        Platform platform = new JvmPlatform(callbacks);
        EngineContext.Values values = new EngineContext.Values() {
            @Override
            public <T> T get(Option<T> option) {
                return settings.backend(factory, option);
            }
        };
        try {
            Engine engine = new Engine(
                    platform,
                    engineSettings(settings),
                    made -> new EngineContext(made, platform, values, settings.core(CoreOptions.CLUSTER_ID)),
                    factory);
            if (closeOnExit) {
                closeOnExit(engine);
            }
            return engine;
        } catch (LinkageError otherVersion) {
            platform.close();
            throw new ConfigurationException(
                    "broken-backend",
                    "the backend of mode " + factory.mode() + ", "
                            + factory.getClass().getName()
                            + ", can't be created: " + otherVersion
                            + "; use a version of it that was built for this version of the library, with all it needs",
                    otherVersion);
        } catch (RuntimeException | Error refused) {
            platform.close();
            throw refused;
        }
    }

    static EngineSettings engineSettings(Settings settings) {
        return new EngineSettings(
                settings.core(CoreOptions.CLOSE_TIMEOUT),
                settings.core(CoreOptions.RETRY_WAIT),
                settings.core(CoreOptions.MAX_RETRY_WAIT),
                settings.core(CoreOptions.RESIGN_WAIT),
                settings.core(CoreOptions.CLUSTER_ID),
                settings.core(CoreOptions.STORAGE_DIR).map(StorageDirectory::path));
    }

    /** A contender called on the engine's own threads could block the revocation of another one, so such an executor is refused. */
    private static void refuseCallingThread(Executor callbacks) {
        Thread caller = Thread.currentThread();
        boolean[] inCaller = new boolean[1];
        callbacks.execute(() -> {
            if (Thread.currentThread() == caller) {
                inCaller[0] = true;
            }
        });
        if (inCaller[0]) {
            throw new IllegalArgumentException("the callback executor " + callbacks
                    + " runs tasks in the calling thread; give one with threads of its own, or none");
        }
    }

    private static void closeOnExit(Engine engine) {
        Thread hook = new Thread(engine::closeForExit, "ha-shutdown");
        Runtime.getRuntime().addShutdownHook(hook);
        engine.onClosed(() -> {
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException exiting) {
                LOG.debug("Closed while the JVM exits", exiting);
            }
        });
    }
}
