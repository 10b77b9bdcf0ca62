/**
 * The stores, built once for every backend on {@link dev.ha.store.EntryStore} alone; docs/decisions/0008-stores.md tells
 * what they commit when, and who may believe it. Not exported.
 */
@NullMarked
package dev.ha.core.store;

import org.jspecify.annotations.NullMarked;
