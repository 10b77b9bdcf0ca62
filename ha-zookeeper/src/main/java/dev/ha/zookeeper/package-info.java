/**
 * Mode {@code zookeeper}: elections on an Apache ZooKeeper ensemble, by a recipe of this project's own on Curator's framework. The protocol and its
 * reasons are in {@code docs/decisions/0005-zookeeper-own-recipe.md}.
 */
@NullMarked
package dev.ha.zookeeper;

import org.jspecify.annotations.NullMarked;
