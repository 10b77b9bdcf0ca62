/**
 * What a backend implements, and what it is handed.
 *
 * <p>A backend implements 14 methods on five interfaces: {@link dev.ha.spi.HighAvailabilityBackendFactory},
 * {@link dev.ha.spi.HighAvailabilityBackend}, {@link dev.ha.spi.LeaderElectionDriver},
 * {@link dev.ha.spi.LeaderRetrievalDriver} and {@link dev.ha.spi.MetadataStore}; they gain no abstract method within a
 * major version. What it is handed ({@link dev.ha.spi.BackendContext}, {@link dev.ha.spi.Candidacy},
 * {@link dev.ha.spi.Following}, {@link dev.ha.spi.Lease}) may gain any.
 *
 * <p>Drivers do I/O and report facts. The engine owns everything else: order, threads, deadlines, new candidacies,
 * publication, errors, close. It begins a call to a driver only when the former has returned (their stages may
 * overlap), from its I/O pool, never under a lock, and takes reports on any thread without running anybody's code on
 * it. {@code docs/writing-a-backend.md} leads through it.
 */
@NullMarked
package dev.ha.spi;

import org.jspecify.annotations.NullMarked;
