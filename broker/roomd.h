/*
 * roomd - the broker's end of one room process.
 * Process: broker.  Owns: the channel to it.
 * Never:   believes it: a message that the table or the room's state does not allow ends that process, and nothing
 * else.
 *
 * States (the channel's): of another broker's: COUNTING --COUNTED--> OPEN
 *                         STARTING --READY--> WARM --OPEN--> OPEN --EMPTY, RETIRE--> RETIRED --end of channel--> freed
 *                         any --end of channel--> lost; of an OPEN one, an heir is made: STARTING --READY, REOPEN-->
 * OPEN
 */
#ifndef ROOMD_H
#define ROOMD_H

#include <stdbool.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "ipc_messages.h"
#include "ledger.h"
#include "loop.h"

struct broker;
struct room;

struct roomd {
	struct source channel;
	struct broker *broker;
	TAILQ_ENTRY(roomd) link; /* in the pool: all roomds that are not OPEN */
	uint64_t number;         /* the keeper's for it */
	pid_t pid;               /* for operators to see */
	enum ipc_state state;
	struct room *room;           /* whose process it is, or (an heir that is not ready) will be */
	bool heir;                   /* it goes on with a room whose roomd was lost */
	const struct ledger *ledger; /* mapped: its front, with the seats; only to be looked at, and not believed */
	size_t ledger_bytes;         /* of that */
	struct roster *roster;       /* mapped; ours alone; NULL: it is a spare one by now */
	size_t roster_bytes;
	uint64_t roster_number;  /* the keeper's for it */
	unsigned roster_entered; /* so many of its entries may not be blank */
};

/* A roomd that the keeper has started, as it tells of it. */
struct roomd_start {
	uint64_t number;
	pid_t pid;
	int channel; /* these are the callee's, whatever becomes of it; -1: lost on the way */
	int ledger;
	int roster; /* -1: lost, too, or one of the spare ones */
	uint64_t roster_number;
	bool fresh; /* for any room: its roster is blank */
};

TAILQ_HEAD(roomd_list, roomd);

/* Makes the record of a roomd that the keeper has started. NULL: no memory, or something was lost on the way. */
struct roomd *roomd_new(struct broker *broker, const struct roomd_start *start);

/* Closes what came with the news of a roomd that nobody wants. */
void roomd_start_close(const struct roomd_start *start);

void roomd_free(struct roomd *roomd);

/* It is another broker's from now on: nothing more is heard of it, or said to it. */
void roomd_disconnect(struct roomd *roomd);

/* Sends a message; returns 0 or -errno as ipc_send(). With -EAGAIN, room_seat() is called when it may go. */
int roomd_send(struct roomd *roomd, enum ipc_type type, const void *body, const void *tail, size_t tail_length, int fd);

/* Tells an empty room's process to go; the room is not its any more. */
void roomd_retire(struct roomd *roomd);

/* Reads all that it has said so far. The roomd, and its room, may be gone after this. */
void roomd_read(struct roomd *roomd);

#endif
