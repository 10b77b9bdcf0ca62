/** How changes of the leader are found and told: once for every backend, on nothing but a follower. Not exported. */
@NullMarked
package dev.ha.core.alert;

import org.jspecify.annotations.NullMarked;
