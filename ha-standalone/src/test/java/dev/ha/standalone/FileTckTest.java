package dev.ha.standalone;

import dev.ha.spi.LeaderRecord;
import dev.ha.spi.SafeName;
import dev.ha.tck.BackendContract;
import dev.ha.tck.Capability;
import dev.ha.tck.Fault;
import dev.ha.tck.HighAvailabilityFixture;
import dev.ha.tck.RawElection;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Properties;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

class FileTckTest extends BackendContract {
    @Override
    protected HighAvailabilityFixture createFixture() throws IOException {
        return new FileFixture(Files.createTempDirectory("ha-tck"));
    }

    /** Reads the files as docs/decisions/0002-file-lock-protocol.md describes them, and asks the kernel who holds which lock. */
    private static final class FileFixture implements HighAvailabilityFixture {
        private static final Logger LOG = LoggerFactory.getLogger(FileFixture.class);
        private final Path directory;

        FileFixture(Path directory) {
            this.directory = directory;
        }

        @Override
        public Set<Capability> capabilities() {
            return Set.of(Capability.ELECTIONS, Capability.PROCESSES, Capability.DURABLE);
        }

        @Override
        public Map<String, String> configuration(List<InetSocketAddress> servers, Duration lease) {
            return Map.of("high-availability.mode", "file", "high-availability.file.directory", directory.toString());
        }

        private Path election(String clusterId, String election) {
            return directory.resolve(SafeName.encode(clusterId, 140)).resolve(SafeName.encode(election, 140));
        }

        @Override
        public RawElection raw(String clusterId, String election) throws IOException {
            Path files = election(clusterId, election);
            if (!Files.exists(files.resolve("token"))) {
                return RawElection.NOTHING;
            }
            Properties token = read(files.resolve("token"));
            Properties record = read(files.resolve("record"));
            long holder = holder(files, token.getProperty("token"));
            Map<String, LeaderRecord> records = new HashMap<>();
            if (record.getProperty("token", "").equals(Long.toString(holder))) {
                for (String key : record.stringPropertyNames()) {
                    if (key.startsWith("record.")) {
                        LeaderRecord.parse(record.getProperty(key))
                                .ifPresent(leader -> records.put(key.substring("record.".length()), leader));
                    }
                }
            }
            return new RawElection(
                    token.getProperty("history"),
                    holder,
                    records,
                    entries(files.resolve("entries")),
                    OptionalLong.of(Long.parseLong(record.getProperty("revision", "0"))));
        }

        private static Properties read(Path file) throws IOException {
            Properties properties = new Properties();
            try {
                properties.load(new StringReader(Files.readString(file)));
            } catch (NoSuchFileException none) {
                return properties;
            }
            return properties;
        }

        /** The token if its holder file is locked, else 0. Never opens that file, which may be locked by this very process. */
        private static long holder(Path files, String token) throws IOException {
            try {
                return KernelLocks.isHeld(files.resolve("holder-" + token)) ? Long.parseLong(token) : 0;
            } catch (NoSuchFileException left) {
                return 0;
            }
        }

        private static Map<String, String> entries(Path directory) throws IOException {
            Map<String, String> entries = new HashMap<>();
            try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "entry-*")) {
                for (Path file : files) {
                    try (DataInputStream in = new DataInputStream(Files.newInputStream(file))) {
                        in.skipNBytes(Integer.BYTES);
                        boolean present = in.readBoolean();
                        in.skipNBytes(2 * Long.BYTES);
                        block(in);
                        String name = block(in);
                        in.skipNBytes(Long.BYTES);
                        if (present) {
                            entries.put(name, block(in));
                        }
                    } catch (NoSuchFileException justDeleted) {
                        // Not there is what there is to read.
                    }
                }
            }
            return entries;
        }

        private static String block(DataInputStream in) throws IOException {
            return new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8);
        }

        @Override
        public Set<Fault> faults() {
            return EnumSet.allOf(Fault.class);
        }

        @Override
        public void inject(Fault fault, String clusterId, String election) throws IOException {
            RawElection raw = raw(clusterId, election);
            Path files = election(clusterId, election);
            if (raw.holderToken() == 0) {
                throw new IllegalStateException("nobody holds " + files);
            }
            switch (fault) {
                case REMOVE_LOCK -> {
                    Files.delete(files.resolve("lock"));
                    Files.deleteIfExists(files.resolve("holder-" + raw.holderToken()));
                    // Held by a process that was stopped during a change, it would let nobody lead (SAFETY F5).
                    Files.deleteIfExists(files.resolve("guard"));
                }
                case REMOVE_RECORDS -> Files.delete(files.resolve("record"));
                case OVERWRITE_RECORDS -> overwrite(files.resolve("record"));
                case WIPE -> wipe(files);
            }
        }

        private static void overwrite(Path record) throws IOException {
            StringBuilder text = new StringBuilder();
            for (String line : Files.readAllLines(record)) {
                if (line.startsWith("record.")) {
                    int at = line.indexOf('=');
                    LeaderRecord old =
                            LeaderRecord.parse(line.substring(at + 1)).orElseThrow();
                    text.append(line, 0, at + 1)
                            .append(new LeaderRecord(UUID.randomUUID(), old.fencingToken(), "elsewhere").toText())
                            .append('\n');
                } else if (!line.startsWith("crc32c=")) {
                    text.append(line).append('\n');
                }
            }
            CRC32C crc = new CRC32C();
            crc.update(text.toString().getBytes(StandardCharsets.US_ASCII));
            text.append(String.format("crc32c=%08x%n", crc.getValue()));
            Path aside = Files.writeString(record.resolveSibling("forged"), text);
            Files.move(aside, record, StandardCopyOption.ATOMIC_MOVE);
        }

        /** As {@code rm -rf} until it is content: whoever stands by makes the directory again, perhaps before it is gone. */
        private static void wipe(Path files) throws IOException {
            while (true) {
                try (Stream<Path> all = Files.walk(files)) {
                    for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                        Files.deleteIfExists(each);
                    }
                    return;
                } catch (DirectoryNotEmptyException | UncheckedIOException | NoSuchFileException changed) {
                    LOG.debug("once more", changed);
                }
            }
        }

        @Override
        public void close() throws IOException {
            wipe(directory);
        }
    }
}
