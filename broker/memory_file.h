/*
 * memory_file - a file in memory that nobody can resize, to be handed to another process.
 * Process: keeper.
 */
#ifndef MEMORY_FILE_H
#define MEMORY_FILE_H

#include <stddef.h>

/* Makes a file of `size` bytes. With content, that is in it and can't be changed; with NULL it is zeroes (sparse: they
 * take no memory) and whoever holds it may write. `name` shows in /proc only. Returns its descriptor, close-on-exec and
 * the caller's, or -errno. */
int memory_file(const char *name, const void *content, size_t size);

#endif
