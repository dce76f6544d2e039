/*
 * keeper_left - what a keeper before this one left: in the service manager's store, or in our own hands when it became
 * this program (keeper_exec.h). It comes among the passed descriptors (passed.h), by names that begin with a `+`.
 * Process: keeper.  Owns: those descriptors, until keeper_left_give().
 */
#ifndef KEEPER_LEFT_H
#define KEEPER_LEFT_H

#include <stdbool.h>
#include <sys/types.h>

#include "keeper_adopt.h"

/* Beside those of keeper_store.h, in our own hands only: the channel to the broker, whose pid follows. */
#define LEFT_BROKER_CHANNEL "+.B"

struct keeper_left {
	struct keeper_roomd_left *rooms;
	unsigned count;
	int memory;         /* of brokers, or -1 */
	int broker_pidfd;   /* of the last broker, which was another keeper's child; or -1 */
	int broker_channel; /* of the broker that is our child; or -1 */
	pid_t broker_pid;
	bool handed_down; /* by ourselves: nothing has ended */
};

void keeper_left_init(struct keeper_left *left);

/* Takes a passed descriptor if its name says that a keeper left it. Returns whether. */
bool keeper_left_take(struct keeper_left *left, const char *name, int fd);

/* Makes sure that the broker of a keeper that is not there any more is not there either. Blocks until it has gone. */
void keeper_left_end_broker(struct keeper_left *left);

/* Gives all rooms to `roomds`. */
void keeper_left_give(struct keeper_left *left, struct keeper_roomds *roomds);

#endif
