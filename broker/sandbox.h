/*
 * sandbox - from here on the broker can use the descriptors it has or is handed, memory and the clock, and nothing
 * else: it opens, starts and connects to nothing. What it needs later, the keeper opens and passes. Process: broker.
 * Back-ends: sandbox_linux.c, sandbox_none.c (for sanitizers and valgrind, which need more). Fails:   a layer that the
 * kernel does not have is left out, and its bit is missing in the answer.
 */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdint.h>

#include "sandbox_layers.h"

/* Enters for good those of `layers` (enum sandbox_layer) that there are; all but tests want SANDBOX_ALL. Returns the
 * layers in force. */
uint32_t sandbox_enter(uint32_t layers);

#endif
