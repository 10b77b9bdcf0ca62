/**
 * The rules of {@code docs/SPEC.md} as JUnit 5 tests that every backend passes.
 *
 * <p>The author of a backend extends {@link dev.ha.tck.BackendContract} and implements {@link dev.ha.tck.HighAvailabilityFixture}; all else here serves those
 * two. Tests are package-private and final, so that no backend can weaken one. The outcome is a table of rules, written by
 * {@link dev.ha.tck.ConformanceListener} to {@code target/conformance}.
 */
@NullMarked
package dev.ha.tck;

import org.jspecify.annotations.NullMarked;
