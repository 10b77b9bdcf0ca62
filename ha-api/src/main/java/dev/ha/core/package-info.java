/**
 * The engine: turns the drivers of a backend into services. Not exported.
 *
 * <p>It owns order, threads, deadlines, new candidacies, publication, error routing and close, so that each rule is kept once and not once per
 * backend. State is guarded by one lock per election; under a lock nothing is called but the engine's own queues.
 */
@NullMarked
package dev.ha.core;

import org.jspecify.annotations.NullMarked;
