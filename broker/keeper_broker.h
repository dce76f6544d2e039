/*
 * keeper_broker - one broker, as the keeper has it: started, equipped, given the rooms, taken from them, gone.
 * Process: keeper.  Owns: the process, and the keeper's end of the channel to it.
 *
 * States: NONE --start--> STARTING --EQUIPPED--> EQUIPPED --given the rooms, SERVING--> SERVING
 *         SERVING --HANDOVER--> HANDING_OVER --HANDED_OVER--> LEAVING
 *         any --its process has ended--> NONE
 */
#ifndef KEEPER_BROKER_H
#define KEEPER_BROKER_H

#include <stdbool.h>
#include <sys/types.h>

#include "ipc.h"

enum keeper_broker_state {
	BROKER_NONE,
	BROKER_STARTING,
	BROKER_EQUIPPED, /* it has all that it needs but the rooms */
	BROKER_SERVING,  /* the rooms are its */
	BROKER_HANDING_OVER,
	BROKER_LEAVING, /* it says goodbye to some clients, and has nothing to say to us any more */
	BROKER_STATES
};

struct keeper_broker {
	enum keeper_broker_state state;
	pid_t pid;
	int channel; /* -1: it has ended, and the process will, too */
	enum ipc_state ipc_state;
	int epoll;    /* in which the channel is ... */
	uint64_t key; /* ... under this */
};

void keeper_broker_init(struct keeper_broker *broker, int epoll, uint64_t key);

/* Goes to another state; asserts that it may. */
void keeper_broker_enter(struct keeper_broker *broker, enum keeper_broker_state next);

/* Starts one from `program`. Returns 0 or -errno. */
int keeper_broker_start(struct keeper_broker *broker, int program);

/* Waits for place in the channel, too, or not any more. */
void keeper_broker_watch(struct keeper_broker *broker, bool writable);

/* Its channel has ended, or it has said what it may not: the process is to go, and is killed if `kills` and it is not
 * leaving anyway. (SIGCHLD tells when it has gone.) */
void keeper_broker_drop(struct keeper_broker *broker, bool kills);

/* Its process has been reaped. */
void keeper_broker_on_reaped(struct keeper_broker *broker);

/* Both are to agree on who has the lobby: `from` gives it to `to`. Returns 0 or -errno. */
int keeper_broker_hand_over(struct keeper_broker *from, struct keeper_broker *to);

#endif
