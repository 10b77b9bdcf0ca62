import dev.ha.spi.HighAvailabilityBackendFactory;

/** High-availability services: leader election, leader retrieval and metadata stores over a pluggable backend. */
@SuppressWarnings("requires-automatic") // Micrometer is not a module yet
module dev.ha {
    requires static micrometer.core; // not transitive, or whoever requires dev.ha could not do without it
    requires static transitive org.jspecify;
    requires java.net.http;
    requires org.slf4j;

    exports dev.ha;
    exports dev.ha.alert;
    exports dev.ha.metrics;
    exports dev.ha.spi;
    exports dev.ha.store;

    uses HighAvailabilityBackendFactory;
}
