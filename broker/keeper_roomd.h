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
#include "tree.h"

/* How long a roomd may be stopped (by a debugger's SIGSTOP, say) until it counts as lost. */
#define KEEPER_STOPPED_MS 1000

/* A roomd program. A room's heirs are made of the one that it began with: its ledger is theirs to read. */
struct keeper_program {
	int fd; /* our own duplicate */
	unsigned users;
};

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
	int roster;
	bool inherited; /* from another broker */
	bool due;       /* the broker is to be told of it, or (heir_failed) that its heir could not be started */
	bool dead;
	bool released;
	bool heir_wanted;
	bool heir_failed;
	uint64_t kill_ms; /* it is stopped: when patience ends; 0: it runs */
};

struct keeper_roomds {
	RB_HEAD(keeper_number_tree, keeper_roomd) by_number;
	RB_HEAD(keeper_pid_tree, keeper_roomd) by_pid;
	TAILQ_HEAD(, keeper_roomd) due;
	struct keeper_program *program; /* of which fresh ones are made */
	size_t ledger_bytes;            /* of a fresh room's memory files */
	size_t roster_bytes;
	int broker; /* the channel to the broker; -1: there is none */
	uint64_t last_number;
	uint32_t spawns_due; /* asked for and not started */
	uint32_t failed_due; /* asked for, and could not be started: the broker is to be told */
	int failed_error;
	bool inherited_due; /* the broker is to be told that it knows all there were before it */
	unsigned stopped;   /* that wait for kill_ms */
};

/* `program` is an open executable, of which starts are made; it stays the caller's. Returns 0 or -errno. */
int keeper_roomds_init(struct keeper_roomds *roomds, int program, const struct ipc_open *limits);

/* Fresh ones are made of this program, for rooms of this kind, from now on. Returns 0; or -errno, and all is as before.
 */
int keeper_roomds_configure(struct keeper_roomds *roomds, int program, const struct ipc_open *limits);

/* There is a new broker, which is to be told of all; or (-1) none any more. */
void keeper_roomds_connect(struct keeper_roomds *roomds, int broker);

/* Lets every roomd's channel go: the rooms end by themselves, if nobody else holds the channels. */
void keeper_roomds_end(struct keeper_roomds *roomds);

/* From the broker: SPAWN; and HEIR, KILL or RELEASE of one. */
void keeper_roomds_spawn(struct keeper_roomds *roomds, uint32_t count);
void keeper_roomds_on_which(struct keeper_roomds *roomds, enum ipc_type what, uint64_t number);

/* From waitid(2): a child was stopped, continued or has ended. Nothing happens if it is no roomd. */
void keeper_roomds_on_child(struct keeper_roomds *roomds, const siginfo_t *info, uint64_t now_ms);

/* Starts what is due and says what is due. Returns false if the channel is full: call again when it is not. */
bool keeper_roomds_settle(struct keeper_roomds *roomds);

/* Kills those that were stopped for too long. Returns when to call again; 0: when another is stopped. */
uint64_t keeper_roomds_tick(struct keeper_roomds *roomds, uint64_t now_ms);

/* Kills every one. */
void keeper_roomds_kill(struct keeper_roomds *roomds);

/* Are all of them buried? */
bool keeper_roomds_none(const struct keeper_roomds *roomds);

#endif
