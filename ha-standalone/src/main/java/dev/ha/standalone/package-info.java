/**
 * The backends that need no server: modes {@code none}, {@code embedded} and {@code file}.
 *
 * <p>{@code none} and {@code embedded} are two sets of rules over one cluster in memory ({@code Memory...}); {@code file} is a protocol of its own, laid
 * down in {@code docs/decisions/0002-file-lock-protocol.md}.
 */
@NullMarked
package dev.ha.standalone;

import org.jspecify.annotations.NullMarked;
