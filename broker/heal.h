/*
 * heal - a room whose roomd was lost goes on in another one, its heir, with the same ledger and the same connections.
 * Process: broker.
 * Never:   touches a stream: the heir does, and the kernel tells it where they stand (position.h).
 * Fails:   a room that kills its roomds again and again is poisoned: closed with 1011, remembered for a minute.
 *
 *   roomd lost --HEIR to the keeper--> (it sees that nothing is left of the old one) --ROOMD, LEDGER--> --READY-->
 *   REOPEN, RESEAT for each who sat there --> those whose ADOPT was lost on the way are adopted as if nothing had been
 */
#ifndef HEAL_H
#define HEAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "loop.h"

struct broker;
struct room;
struct roomd;
struct roomd_start;

/* Roomds lost within HEAL_POISON_MS, each in the middle of its work or of its start, until the room is poisoned. */
#define HEAL_DEATHS_MAX 3
#define HEAL_POISON_MS 10000
#define HEAL_REMEMBER_MS 60000

/* A room's part of it. */
struct heal {
	TAILQ_ENTRY(room) link; /* in broker->healing */
	uint64_t heir_of;       /* the lost roomd whose heir is awaited; 0: none is */

	uint64_t deaths_ms[HEAL_DEATHS_MAX]; /* the last, newest first; 0: none */

	bool poisoned;
	struct timer timer; /* POISONED: when it is forgotten */
};

void heal_init(struct room *room);
void heal_fini(struct room *room);

/* The roomd of an open room, or its heir before it was ready, is lost; it is freed. The room may be gone after this. */
void heal_begin(struct room *room, struct roomd *lost);

/* From the keeper: the heir of a lost roomd was started (the descriptors are ours), or could not be. */
void heal_on_heir(struct broker *broker, uint64_t heir_of, const struct roomd_start *start);
void heal_on_no_heir(struct broker *broker, uint64_t heir_of);

/* The heir is ready: it becomes the room's roomd. */
void heal_finish(struct room *room, struct roomd *heir);

/* Sends RESEATs and KEEPs, as far as the channel takes them. Returns whether all are sent. */
bool heal_reseat(struct room *room);

bool heal_is_under_way(const struct room *room);
bool heal_is_poisoned(const struct room *room);

#endif
