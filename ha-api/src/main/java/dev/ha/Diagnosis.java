package dev.ha;

import java.time.Duration;

/**
 * The outcome of one check of {@link HighAvailabilityServices#diagnose()}.
 *
 * @param check what was checked, a few words
 * @param passed whether the backend meets it
 * @param detail what was seen; never a secret
 * @param remedy what to do when it did not pass; empty when it did
 * @param took how long the check took
 */
public record Diagnosis(String check, boolean passed, String detail, String remedy, Duration took) {}
