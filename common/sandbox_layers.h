/*
 * sandbox_layers - what may stand between a process and the rest of the system.
 * Process: all.
 */
#ifndef SANDBOX_LAYERS_H
#define SANDBOX_LAYERS_H

enum sandbox_layer {
	SANDBOX_NO_NEW_PRIVS = 1 << 0,
	SANDBOX_SECCOMP = 1 << 1,
	SANDBOX_LANDLOCK = 1 << 2,
	SANDBOX_RLIMITS = 1 << 3,
	SANDBOX_NOT_DUMPABLE = 1 << 4,
	SANDBOX_ALL = (1 << 5) - 1,
};

#endif
