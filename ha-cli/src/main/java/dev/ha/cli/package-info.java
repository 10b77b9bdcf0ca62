/** The {@code ha} command. */
@NullMarked
package dev.ha.cli;

import org.jspecify.annotations.NullMarked;
