/**
 * What a user of the library sees: services, elections, followers and errors.
 *
 * <p>Start at {@link dev.ha.HighAvailability}. Types here are of two kinds: those a user implements
 * ({@link dev.ha.LeaderContender}, {@link dev.ha.LeaderRetrievalListener}, {@link dev.ha.LeaderTask},
 * {@link dev.ha.LeaderAction}) gain no abstract method within a major version; those the library hands out may gain
 * any.
 *
 * <p>The promises are the numbered rules of {@code docs/SPEC.md}; a rule id in a comment, such as "rule 1.3", refers to
 * it.
 */
@NullMarked
package dev.ha;

import org.jspecify.annotations.NullMarked;
