/*
 * lockdown - what every process of ours gives away in the same way: Landlock with nothing allowed, no_new_privs, being
 * looked into.
 * Process: broker, roomd (their sandboxes), keeper.  Linux only.
 * Fails:   a layer that the kernel does not have is left out, and the answer is 0 instead of its bit.
 */
#ifndef LOCKDOWN_H
#define LOCKDOWN_H

#include <stdint.h>
#include <sys/resource.h>

#include "sandbox_layers.h"

/* Nothing that is executed from here on has more rights than we. Returns SANDBOX_NO_NEW_PRIVS or 0. */
uint32_t lockdown_no_new_privs(void);

/* No core, no ptrace, no look into /proc/self by others of the same user. Returns SANDBOX_NOT_DUMPABLE or 0. */
uint32_t lockdown_not_dumpable(void);

/* No file can be opened, changed or executed by a path, no TCP port bound or connected to, no process outside
 * signalled: as far as this kernel's Landlock knows of it. Needs no_new_privs. Returns SANDBOX_LANDLOCK or 0. */
uint32_t lockdown_landlock(void);

/* The version of the kernel's Landlock (landlock(7)); 0: it has none. */
unsigned lockdown_landlock_abi(void);

struct lockdown_limit {
	__rlimit_resource_t resource;
	rlim_t most;
};

/* Sets count limits, soft and hard; one that is lower already stays. Returns SANDBOX_RLIMITS, or 0 if one failed. */
uint32_t lockdown_limits(const struct lockdown_limit *limits, unsigned count);

/* "no_new_privs,seccomp": the names of the layers in `layers`, or "none". Returns `text`. */
const char *lockdown_names(uint32_t layers, char *text, unsigned size);

#endif
