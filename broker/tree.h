/*
 * tree - libbsd's red-black trees (tree(3bsd)), with all of a tree's functions private to the file that makes them.
 * Process: broker.
 */
#ifndef TREE_H
#define TREE_H

#include <bsd/sys/tree.h>

#define TREE_GENERATE(name, type, field, compare)                                                                      \
	RB_GENERATE_INTERNAL(name, type, field, compare, __attribute__((__unused__)) static)

#endif
