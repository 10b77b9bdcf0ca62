package dev.ha.core;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * The engine's own settings; see {@link CoreOptions}.
 *
 * @param closeTimeout bounds every close, and the wait for a contender where the lock never expires
 * @param retryWait first wait before a new try
 * @param maxRetryWait longest wait before a new try
 * @param resignWait wait before a new candidacy after the former was given up by ourselves
 * @param clusterId name of the cluster
 * @param storage directory of all clusters' blobs, if there is one
 */
record EngineSettings(
        Duration closeTimeout,
        Duration retryWait,
        Duration maxRetryWait,
        Duration resignWait,
        String clusterId,
        Optional<Path> storage) {}
