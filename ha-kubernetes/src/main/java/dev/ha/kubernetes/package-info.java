/**
 * The backend on Kubernetes Leases: mode {@code kubernetes}. Who may believe what, when and on whose clock stands in
 * {@code docs/decisions/0007-kubernetes-protocol.md}.
 */
@NullMarked
package dev.ha.kubernetes;

import org.jspecify.annotations.NullMarked;
