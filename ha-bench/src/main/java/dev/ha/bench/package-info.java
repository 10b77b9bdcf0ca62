/** Benchmarks of backends beside their peers: all in one run, so that their ratios mean something on any machine. See {@code docs/benchmarks.md}. */
@NullMarked
package dev.ha.bench;

import org.jspecify.annotations.NullMarked;
