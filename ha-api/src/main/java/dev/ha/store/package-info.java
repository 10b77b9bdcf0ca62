/**
 * The metadata stores of an election, read by all and written only under a leadership: small versioned entries, and built
 * on them states of any size, job graphs, checkpoints, counters, job results and blobs.
 */
@NullMarked
package dev.ha.store;

import org.jspecify.annotations.NullMarked;
