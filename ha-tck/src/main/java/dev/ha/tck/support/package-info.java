/**
 * For the tests that the author of a backend writes beside the TCK, of what is its own: services as a process has them, contenders and listeners that remember, a
 * context without an engine, and waiting. Nothing here belongs to a rule.
 */
@NullMarked
package dev.ha.tck.support;

import org.jspecify.annotations.NullMarked;
