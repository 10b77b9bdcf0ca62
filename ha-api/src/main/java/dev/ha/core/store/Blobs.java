package dev.ha.core.store;

import dev.ha.ConfigurationException;
import dev.ha.CorruptDataException;
import dev.ha.Leadership;
import dev.ha.Reason;
import dev.ha.UnavailableException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The blobs of one election, if it has a directory for them: on the I/O pool, with the errors that users know. */
final class Blobs {
    private static final Logger LOG = LoggerFactory.getLogger(Blobs.class);

    private final StoreEnvironment environment;
    private final Optional<BlobDirectory> directory;

    Blobs(StoreEnvironment environment, Optional<BlobDirectory> directory) {
        this.environment = environment;
        this.directory = directory;
    }

    boolean areThere() {
        return directory.isPresent();
    }

    /**
     * The directory.
     *
     * @param why it is needed
     * @throws ConfigurationException if none is configured
     */
    BlobDirectory require(String why) {
        return directory.orElseThrow(() -> new ConfigurationException(
                "missing-key",
                "high-availability.storageDir is missing; set it to a directory that all processes share, or the URI of one: "
                        + why));
    }

    CompletableFuture<Blob> write(Leadership leadership, String name, InputStream data) {
        BlobDirectory files = require(name + " needs a blob");
        return environment
                .blocking(() -> files.write(
                        name.substring(StateNames.RESERVED.length()),
                        leadership.historyId(),
                        leadership.fencingToken(),
                        data))
                .exceptionallyCompose(failure -> Futures.unwrap(failure) instanceof IOException io
                        ? CompletableFuture.failedFuture(
                                unavailable("writing a blob for " + name + " below " + files, io))
                        : CompletableFuture.failedFuture(Futures.unwrap(failure)));
    }

    /** Its data, verified as they are read; {@link CorruptDataException} if it is missing or something else. */
    CompletableFuture<InputStream> open(String name, Blob blob) {
        return read(name, blob, data -> data);
    }

    /** All its data, verified. */
    CompletableFuture<byte[]> readAll(String name, Blob blob) {
        return read(name, blob, opened -> {
            try (InputStream data = opened) {
                return data.readAllBytes();
            }
        });
    }

    private interface Reading<T> {
        T of(InputStream data) throws IOException;
    }

    private <T> CompletableFuture<T> read(String name, Blob blob, Reading<T> reading) {
        return Futures.of(() -> {
            BlobDirectory files = require(name + " points to blob " + blob.name());
            return environment
                    .blocking(() -> reading.of(files.open(blob)))
                    .exceptionallyCompose(failure -> failed("reading the blob of " + name + " in " + files, failure));
        });
    }

    /** Only for who knows that no entry names it, nor ever will (SAFETY S9). */
    CompletableFuture<Void> delete(String name, Blob blob) {
        return Futures.of(() -> {
            BlobDirectory files = require(name + " points to blob " + blob.name());
            return environment
                    .<Void>blocking(() -> {
                        files.delete(blob);
                        return null;
                    })
                    .exceptionallyCompose(failure -> failed("deleting blob " + blob.name() + " in " + files, failure));
        });
    }

    /** As {@link #delete}, when that is not worth a failure: what stays is an orphan. Never fails. */
    CompletableFuture<Void> discard(String name, Optional<Blob> blob) {
        return blob.map(unused -> delete(name, unused).exceptionally(failure -> {
                    LOG.warn(
                            "Blob {} stays as an orphan: {}",
                            unused.name(),
                            Futures.unwrap(failure).toString());
                    return null;
                }))
                .orElseGet(Futures::done);
    }

    /** As {@link #delete}, for one that was found. */
    CompletableFuture<Void> deleteOrphan(BlobDirectory.Found orphan) {
        BlobDirectory files = require("it has been listed");
        return environment
                .<Void>blocking(() -> {
                    files.delete(orphan);
                    return null;
                })
                .exceptionallyCompose(failure -> failed("deleting " + orphan.file(), failure));
    }

    CompletableFuture<List<BlobDirectory.Found>> list() {
        return directory
                .map(files -> environment
                        .blocking(files::list)
                        .exceptionallyCompose(failure ->
                                Blobs.<List<BlobDirectory.Found>>failed("listing the blobs in " + files, failure)))
                .orElseGet(() -> CompletableFuture.completedFuture(List.of()));
    }

    private static <T> CompletableFuture<T> failed(String act, Throwable failure) {
        Throwable inner = Futures.unwrap(failure);
        if (inner instanceof NoSuchFileException || inner instanceof BlobFormat.CorruptBlobException) {
            return CompletableFuture.failedFuture(new CorruptDataException(act + " failed: " + inner, inner));
        }
        return CompletableFuture.failedFuture(inner instanceof IOException io ? unavailable(act, io) : inner);
    }

    private static UnavailableException unavailable(String act, IOException failure) {
        Reason reason = failure instanceof AccessDeniedException ? Reason.ACCESS_DENIED : Reason.CONNECTION_LOST;
        return new UnavailableException(act + " failed, nothing was changed: " + failure, reason, failure);
    }
}
