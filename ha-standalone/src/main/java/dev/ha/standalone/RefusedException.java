package dev.ha.standalone;

import java.nio.file.FileSystemException;

/** The directory can't be used for locks at all, however often it is tried; the message says why and what to do. */
final class RefusedException extends FileSystemException {
    private static final long serialVersionUID = 1L;

    RefusedException(String message) {
        super(null, null, message);
    }
}
