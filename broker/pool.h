/*
 * pool - warm roomd processes, sandboxed, waiting for a room; and rooms waiting for a process.
 * Process: broker.  Owns: the roomds that are not a room's: starting, warm, retired.
 * Never:   blocks; knows of clients.
 * Fails:   when none can be started: rooms that wait are told (room_on_no_roomd()), and it tries again later.
 */
#ifndef POOL_H
#define POOL_H

#include "roomd.h"

struct room;

struct pool {
	struct broker *broker;
	struct roomd_list roomds;
	unsigned starting; /* asked for and not yet warm: at most starting_max */
	unsigned starting_max;
	unsigned warm;
	unsigned retry_ms;
	unsigned failures;       /* attempts to start one that came to nothing, in a row */
	bool proven;             /* one was ready: the sandbox is known to hold, or not to */
	uint32_t sandbox_layers; /* in force in every roomd so far */
	struct timer timer;      /* to try again */
	TAILQ_HEAD(, room) waiting;
	unsigned waiting_count;
};

void pool_init(struct pool *pool, struct broker *broker);

/* Asks for as many roomds as are missing and may start at once; one that is ready makes way for the next. */
void pool_refill(struct pool *pool);

/* When this turn is over: asks for as many as are missing, lets go of those beyond the size that is set. */
void pool_settle(struct pool *pool);

/* Takes a warm roomd, which is the caller's from then on; NULL if there is none. */
struct roomd *pool_take(struct pool *pool);

/* A room for which there is none gets the next; and one that needs none any more. */
void pool_await(struct pool *pool, struct room *room);
void pool_forget(struct pool *pool, struct room *room);

/* What became of roomds: one was started, could not be, is ready, is not a room's any more, has gone. */
void pool_on_started(struct pool *pool, const struct roomd_start *start);
void pool_on_failed(struct pool *pool, unsigned count, int error);
void pool_on_ready(struct pool *pool, struct roomd *roomd);
void pool_add(struct pool *pool, struct roomd *roomd);
void pool_on_lost(struct pool *pool, struct roomd *roomd);

#endif
