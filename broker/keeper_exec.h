/*
 * keeper_exec - the keeper becomes the program that lies in its place now, after an upgrade: same process, same
 * children, same descriptors. These are listed in a memory file, whose number is in the environment.
 * Process: keeper.
 * Fails:   then nothing has changed, and the keeper that is there goes on.
 */
#ifndef KEEPER_EXEC_H
#define KEEPER_EXEC_H

#include <stdbool.h>

#include "out.h"
#include "passed.h"

/* A list of descriptors, by name. */
struct keeper_exec {
	char *text; /* lines of `name fd` */
	size_t length;
	size_t size;
	bool failed;
};

/* Has the program been replaced since this process was started from it? */
bool keeper_exec_is_due(void);

/* Does the program that lies there now accept its arguments and settings (-n)? Waits for it a moment. */
bool keeper_exec_check(int argc, char *const argv[]);

/* Adds a descriptor to hand down. fd -1: nothing. */
void keeper_exec_add(struct keeper_exec *e, const char *name, int fd);

/* Becomes the other program. Returns -errno if that can't be. */
int keeper_exec_now(struct keeper_exec *e, char *const argv[]);

#endif
