/*
 * keeper - the process that must not fail: starts broker and roomds, reaps them, and outlives either.
 * Process: keeper.  Owns: the listeners, a duplicate of every room's channel (so that a room outlives its broker), the
 *          rooms' memory files, the children.
 * Never:   reads a byte that came from a network; knows of clients or room names.
 * Fails:   its end is everyone's: channels close, so broker and rooms go; unless a service manager keeps descriptors
 *          (keeper_store.h): then the rooms live on, and the next keeper goes on where this one ended.
 *
 * States: STARTING --SERVING from the broker--> RUNNING --SIGTERM, SIGINT--> STOPPING --last child reaped--> exit
 * While it is RUNNING, SIGHUP has another broker take over from the one there is (keeper_broker.h), with the settings
 * and programs that are there now, after the keeper has itself become the program that is there now (keeper_exec.h);
 * and a broker that dies is replaced.
 */
#ifndef KEEPER_H
#define KEEPER_H

struct keeper_left;

#include "bind.h"
#include "child.h"
#include "ipc_messages.h"
#include "notify.h"
#include "operators.h"
#include "settings.h"

struct keeper_config {
	int argc; /* of the command line, to read the settings again */
	char **argv;
	struct settings *settings; /* in force */
	const struct bind_listeners *listeners;
	struct child_programs *programs;
	struct operators *operators;
	int secrets; /* the sealed memory file of struct secrets */
	struct notify *notify;
	struct keeper_left *left; /* by a keeper before this one */
};

/* Runs until told to stop. Returns the exit status of the program. */
int keeper_run(struct keeper_config *config);

#endif
