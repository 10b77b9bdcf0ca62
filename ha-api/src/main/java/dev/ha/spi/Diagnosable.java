package dev.ha.spi;

import java.util.List;
import java.util.concurrent.Callable;

/**
 * An ability of a backend: checks of what it must meet, for {@code ha doctor} and
 * {@link dev.ha.HighAvailabilityServices#diagnose()}.
 */
public interface Diagnosable {
    /**
     * The checks, in the order in which they should run, on the thread that asked; each may block, bounded by the
     * backend's own request timeout.
     */
    List<Check> checks();

    /**
     * One check.
     *
     * @param name what is checked, a few words
     * @param run passes by returning what was seen, fails by throwing
     * @param remedy what to do when it fails
     */
    record Check(String name, Callable<String> run, String remedy) {}
}
