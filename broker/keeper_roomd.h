/*
 * keeper_roomd - the keeper's roomds: starts them, tells every broker of them, buries them.
 * Process: keeper.  Owns: the processes; a duplicate of the broker's end of each one's channel, and its roster, so that
 * the room outlives the broker; its ledger, so that the room outlives its roomd. Never:   blocks on the broker: what
 * does not go into its channel now goes later. Fails:   what can't be started is said to the broker, which asks again.
 *
 * States of a roomd: ALIVE --reaped--> DEAD --HEIR from the broker--> (another is started with its files) freed
 *                    ALIVE --RELEASE from the broker--> released --reaped--> freed       DEAD --RELEASE--> freed
 * While there is no broker, whoever lives goes on, and the next broker is told of it; who dies is buried, for its
 * clients' connections went with the broker.
 */
#ifndef KEEPER_ROOMD_H
#define KEEPER_ROOMD_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "ipc_messages.h"
#include "keeper_program.h"
#include "keeper_roster.h"
#include "keeper_store.h"
#include "tree.h"

/* How long a roomd may be stopped (by a debugger's SIGSTOP, say) until it counts as lost. */
#define KEEPER_STOPPED_MS 1000

struct keeper_roomd {
	RB_ENTRY(keeper_roomd) by_number;
	RB_ENTRY(keeper_roomd) by_pid; /* while ALIVE */
	TAILQ_ENTRY(keeper_roomd) due_link;
	uint64_t number; /* never reused */
	uint64_t heir_of;
	pid_t pid;
	struct keeper_program *program;
	int channel; /* -1: let go */
	int ledger;  /* -1: its heir has it, and the roster */
	struct keeper_roster roster;
	int pidfd;     /* -1: it is our child, and is not stored */
	bool stranger; /* it is not our child: its pidfd tells when it has ended */
	int place;     /* in the store, or -1 */
	bool store_due;
	bool inherited; /* from another broker */
	bool due;       /* the broker is to be told of it, or (heir_failed) that its heir could not be started */
	bool dead;
	bool released;
	bool heir_wanted;
	bool heir_failed;
	uint64_t kill_ms; /* it is stopped: when patience ends; 0: it runs */
};

#define KEEPER_ROOMD_KEY (UINT64_C(1) << 63)

struct keeper_roomds {
	RB_HEAD(keeper_number_tree, keeper_roomd) by_number;
	RB_HEAD(keeper_pid_tree, keeper_roomd) by_pid;
	TAILQ_HEAD(, keeper_roomd) due;
	struct keeper_program *program; /* of which fresh ones are made */
	size_t ledger_bytes;            /* of a fresh room */
	struct keeper_rosters rosters;
	int broker; /* the channel to the broker; -1: there is none */
	uint64_t last_number;
	uint32_t spawns_due; /* asked for and not started */
	uint32_t failed_due; /* asked for, and could not be started: the broker is to be told */
	int failed_error;
	bool inherited_due; /* the broker is to be told that it knows all there were before it */
	unsigned stopped;   /* that wait for kill_ms */
	struct keeper_store *store;
	int epoll; /* for pidfds of strangers, under KEEPER_ROOMD_KEY and their number */
};

/* `program` is an open executable, of which starts are made; it stays the caller's. Returns 0 or -errno. */
int keeper_roomds_init(struct keeper_roomds *roomds, int program, const struct ipc_open *limits,
		       struct keeper_store *store, int epoll);

/* Adds the record of one that lives. Returns false if there is one with this pid. */
bool keeper_roomds_add(struct keeper_roomds *roomds, struct keeper_roomd *roomd);

/* Goes through all of them: the first (NULL), the next; NULL at the end. */
struct keeper_roomd *keeper_roomds_next(struct keeper_roomds *roomds, struct keeper_roomd *roomd);

/* The pidfd of a stranger: it has ended. */
void keeper_roomds_on_pidfd(struct keeper_roomds *roomds, uint64_t number);

/* Fresh ones are made of this program, for rooms of this kind, from now on. Returns 0; or -errno, and all is as before.
 */
int keeper_roomds_configure(struct keeper_roomds *roomds, int program, const struct ipc_open *limits);

/* There is a new broker, which is to be told of all; or (-1) none any more. */
void keeper_roomds_connect(struct keeper_roomds *roomds, int broker);

/* Lets every roomd's channel go: the rooms end by themselves, if nobody else holds the channels. */
void keeper_roomds_end(struct keeper_roomds *roomds);

/* From the broker: SPAWN; and HEIR, KILL or RELEASE of one, whose roster it may keep. */
static inline void keeper_roomds_spawn(struct keeper_roomds *roomds, uint32_t count)
{
	roomds->spawns_due += count;
}
void keeper_roomds_on_which(struct keeper_roomds *roomds, enum ipc_type what, uint64_t number);
void keeper_roomds_release(struct keeper_roomds *roomds, uint64_t number, bool keeps_roster);

/* From waitid(2): a child was stopped, continued or has ended. Nothing happens if it is no roomd. */
void keeper_roomds_on_child(struct keeper_roomds *roomds, const siginfo_t *info, uint64_t now_ms);

/* Starts what is due and says what is due. Returns false if the channel is full: call again when it is not. With
 * spawns_due left, call again when whatever else has come is done. */
bool keeper_roomds_settle(struct keeper_roomds *roomds);

/* Kills those that were stopped for too long, and says again what the manager did not take. Returns when to call again;
 * 0: when another is stopped. */
uint64_t keeper_roomds_tick(struct keeper_roomds *roomds, uint64_t now_ms);

/* Kills every one. */
void keeper_roomds_kill(struct keeper_roomds *roomds);

/* Are all of them buried? */
static inline bool keeper_roomds_none(const struct keeper_roomds *roomds)
{
	return RB_EMPTY(&roomds->by_number);
}

#endif
