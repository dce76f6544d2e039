/*
 * fuzz - what every fuzz target includes.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must be true whatever the input. */
#define CHECK(condition)                                                                                               \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                        \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

/* A copy that ends where the input ends, so that a sanitizer sees one byte too many. */
static inline void *fuzz_copy(const uint8_t *data, size_t size)
{
	uint8_t *copy = calloc(size > 0 ? size : 1, 1); /* zeroed for gcc, which warns of an empty one */

	CHECK(copy != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	return copy;
}

#endif
