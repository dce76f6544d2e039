/*
 * keeper_link - the broker's end of the channel to the keeper.
 * Process: broker.  Owns: that channel.
 * Never:   blocks: what does not go now goes later.
 * Fails:   when the channel ends, the broker stops.
 */
#ifndef KEEPER_LINK_H
#define KEEPER_LINK_H

#include <sys/queue.h>

#include "ipc_messages.h"
#include "loop.h"

struct broker;

/* What is to be said of one roomd when the turn is over, or as soon as the channel takes it. */
struct keeper_due {
	TAILQ_ENTRY(keeper_due) link;
	enum ipc_type type;
	struct ipc_release what; /* of other types, only the number counts */
};

struct keeper_link {
	struct source channel;
	struct broker *broker;
	enum ipc_state state;
	TAILQ_HEAD(, keeper_due) due;
	uint32_t spawns_due; /* roomds to be asked for */
	int roster;          /* that came last and is no roomd's yet, or -1 */
	uint64_t roster_number;
};

/* Takes the channel that this process was started with, and waits on it for CONFIGURE and the LISTENERs. Returns 0 or
 * -errno. */
int keeper_link_init(struct keeper_link *link, struct broker *broker);
void keeper_link_fini(struct keeper_link *link);

/* Says that all is here but the rooms; or that the rooms are the next broker's. */
void keeper_equipped(struct keeper_link *link);
void keeper_handed_over(struct keeper_link *link);

/* Says that clients are accepted from now on. */
void keeper_serving(struct keeper_link *link);

/* Says what the functions below have left to be said: once a turn, so that many rooms that come and go wake the keeper
 * once. */
void keeper_flush(struct keeper_link *link);

/* Asks for `count` more roomds. */
void keeper_spawn(struct keeper_link *link, uint32_t count);

/* This roomd is not needed any more: its channel is to end; its roster may be kept for another. Or: it is to be killed.
 */
void keeper_release(struct keeper_link *link, uint64_t roomd);
void keeper_release_all_but_roster(struct keeper_link *link, uint64_t roomd);
void keeper_kill(struct keeper_link *link, uint64_t roomd);

/* This roomd was lost: start another with its ledger, as soon as nothing is left of it. heal_on_heir() or
 * heal_on_no_heir() follows. */
void keeper_heir(struct keeper_link *link, uint64_t roomd);

#endif
