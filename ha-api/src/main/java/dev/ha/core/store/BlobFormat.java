package dev.ha.core.store;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The file of a blob: format version, then blocks of length, bytes and the checksum of the blob's name and all bytes so far, then a block of no length. So what is handed out has been
 * verified, each block has its place in this file and no other, and an end that is missing shows.
 */
final class BlobFormat {
    private static final int VERSION = 0x48414201;
    private static final int BLOCK = 64 * 1024;

    private BlobFormat() {}

    /**
     * What a file holds.
     *
     * @param length of the data
     * @param crc of the name of the blob and the data
     */
    record Content(long length, int crc) {}

    /** Writes all that {@code data} gives, for the blob of that name. */
    static Content write(String name, InputStream data, OutputStream file) throws IOException {
        DataOutputStream out = new DataOutputStream(file);
        CRC32C crc = checksum(name);
        long length = 0;
        out.writeInt(VERSION);
        for (byte[] block = data.readNBytes(BLOCK); ; block = data.readNBytes(BLOCK)) {
            crc.update(block);
            length += block.length;
            out.writeInt(block.length);
            out.write(block);
            out.writeInt((int) crc.getValue());
            if (block.length == 0) {
                out.flush();
                return new Content(length, (int) crc.getValue());
            }
        }
    }

    private static CRC32C checksum(String name) {
        CRC32C crc = new CRC32C();
        crc.update(name.getBytes(StandardCharsets.US_ASCII));
        return crc;
    }

    /** The data of {@code file}, which must be those of {@code blob}; verified before they are given, block by block. */
    static InputStream read(Blob blob, InputStream file) throws IOException {
        DataInputStream in = new DataInputStream(file);
        if (in.readInt() != VERSION) {
            throw new CorruptBlobException(blob, "is no blob of a format known here");
        }
        return new Verified(blob, in);
    }

    /** The file of a blob is not what was written. */
    static final class CorruptBlobException extends IOException {
        private static final long serialVersionUID = 1L;

        CorruptBlobException(Blob blob, String what) {
            super("blob " + blob.name() + " " + what);
        }
    }

    private static final class Verified extends InputStream {
        private final Blob blob;
        private final DataInputStream file;
        private final CRC32C crc;
        private byte @Nullable [] block = new byte[0];
        private int at;
        private long length;

        Verified(Blob blob, DataInputStream file) {
            this.blob = blob;
            this.file = file;
            this.crc = checksum(blob.name());
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int from, int count) throws IOException {
            Objects.checkFromIndexSize(from, count, into.length);
            if (count == 0) {
                return 0;
            }
            if (block != null && at == block.length) {
                block = next();
                at = 0;
            }
            byte[] present = block;
            if (present == null) {
                return -1;
            }
            int taken = Math.min(count, present.length - at);
            System.arraycopy(present, at, into, from, taken);
            at += taken;
            return taken;
        }

        /** The next block, verified; null at the end. */
        private byte @Nullable [] next() throws IOException {
            try {
                int size = file.readInt();
                if (size < 0 || size > BLOCK) {
                    throw new CorruptBlobException(blob, "has a block of " + size + " bytes");
                }
                byte[] read = new byte[size];
                file.readFully(read);
                crc.update(read);
                length += size;
                if (file.readInt() != (int) crc.getValue()) {
                    throw new CorruptBlobException(blob, "does not match its checksum");
                }
                if (size > 0) {
                    return read;
                }
            } catch (EOFException shortened) {
                throw new CorruptBlobException(blob, "ends too early, after " + length + " bytes");
            }
            if (length != blob.length() || (int) crc.getValue() != blob.crc() || file.read() >= 0) {
                throw new CorruptBlobException(blob, "is not the one that its entry speaks of");
            }
            return null;
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
