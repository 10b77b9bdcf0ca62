/**
 * The backend on etcd 3.4 and 3.5: mode {@code etcd}. Who may believe what, when and on whose clock stands in
 * {@code docs/decisions/0006-etcd-protocol.md}.
 */
@NullMarked
package dev.ha.etcd;

import org.jspecify.annotations.NullMarked;
