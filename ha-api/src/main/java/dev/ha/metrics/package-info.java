/**
 * The services' metrics in Micrometer, for whoever has that on the class path; nothing else of the library needs it.
 *
 * <p>{@link dev.ha.metrics.HighAvailabilityMetrics} binds them, {@link dev.ha.metrics.HighAvailabilityMeter} lists them.
 */
@NullMarked
package dev.ha.metrics;

import org.jspecify.annotations.NullMarked;
