/*
 * sandbox - the way in is one way: from here on this process can use the descriptors it has or is handed, and nothing
 * else in the world.
 * Process: roomd; its zygote, for what it inherits.
 *          Back-ends: sandbox_linux.c, sandbox_none.c (for sanitizers and valgrind, which need more).
 * Fails:   a layer that the kernel does not have is left out, and its bit is missing in the answer.
 */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <stddef.h>
#include <stdint.h>

#include "sandbox_layers.h"

/* What the process may have from then on: descriptors, and memory beside the program's own. */
struct sandbox_bounds {
	unsigned fds;
	size_t memory_bytes;
};

/* Enters for good those of `layers` (enum sandbox_layer) that there are. `bounds` are for SANDBOX_RLIMITS alone, else
 * NULL. Returns the layers entered. */
uint32_t sandbox_enter(uint32_t layers, const struct sandbox_bounds *bounds);

#endif
