/*
 * sandbox - the way in is one way: from here on a roomd can use the descriptors it has or is handed, and nothing else
 * in the world; and its zygote, make roomds.
 * Process: roomd, zygote.
 *          Back-ends: sandbox_linux.c, sandbox_none.c (for sanitizers and valgrind, which need more).
 * Fails:   a layer that the kernel does not have is left out, and its bit is missing in the answer.
 */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <stddef.h>
#include <stdint.h>

#include "sandbox_layers.h"

/* The zygote enters for good those of `layers` (enum sandbox_layer) that there are, as far as it can and still make
 * roomds, which inherit that (nothing is left with which an assertion could say its words): `fds` is how many
 * descriptors each may have. All rooms are in one domain of Landlock, which keeps them from everything but each other:
 * the other layers do that. (One each took a tenth of a join's work.) Returns the layers entered. */
uint32_t sandbox_enter_zygote(uint32_t layers, unsigned fds);

/* A roomd enters the rest of `layers`; it may have memory_bytes beside the program's own. `zygotes` are those that its
 * zygote has entered. Returns those that it is wholly in. */
uint32_t sandbox_enter_roomd(uint32_t layers, uint32_t zygotes, size_t memory_bytes);

#endif
