/** The metadata stores of an election: small versioned entries, read by all and written only under a leadership. */
@NullMarked
package dev.ha.store;

import org.jspecify.annotations.NullMarked;
