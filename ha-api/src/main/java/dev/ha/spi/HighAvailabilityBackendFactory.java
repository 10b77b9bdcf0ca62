package dev.ha.spi;

import java.util.Collection;

/**
 * Makes the backend behind the services. Implemented by backends (3 methods); found by {@link java.util.ServiceLoader}
 * or class name; needs a public constructor without parameters; does no I/O.
 */
public interface HighAvailabilityBackendFactory {
    /**
     * Lower-case name for {@code high-availability.mode}, {@code [a-z][a-z0-9-]*}; also the prefix of the backend's
     * keys.
     */
    String mode();

    /** Every key this backend reads; any other key under {@code high-availability.<mode>.} is an error (rule 8.1). */
    Collection<Option<?>> options();

    /**
     * Makes the backend, on the thread that builds the services. Must not connect (rule 7.1).
     *
     * @throws dev.ha.ConfigurationException for what a check of one option alone can't see
     */
    HighAvailabilityBackend create(BackendContext context);
}
