/*
 * loop - what the broker waits for: descriptors and timers, in one epoll set.
 * Process: broker.  Owns: the epoll set and its alarm.
 * Never:   allocates; calls a source or timer that was removed, even within the turn in which it is.
 */
#ifndef LOOP_H
#define LOOP_H

#include <stdint.h>
#include <sys/epoll.h>

#include "alarm.h"
#include "limits.h"
#include "tree.h"

/* A descriptor that is waited for; part of the thing it belongs to. */
struct source {
	int fd;
	uint32_t interest; /* epoll events; 0: not in the set */
	void (*on)(struct source *source, uint32_t events);
};

/* A moment that is waited for; part of the thing it belongs to. All zero is one that is not set. */
struct timer {
	RB_ENTRY(timer) link;
	uint64_t at_ms; /* 0: not set */
	void (*on)(struct timer *timer);
};

RB_HEAD(timer_tree, timer);

struct loop {
	int epoll;
	struct alarm alarm; /* for the first of the timers */
	uint64_t now_ms;    /* of this turn */
	struct timer_tree timers;
	struct epoll_event batch[LIMIT_EPOLL_EVENTS];
	int batch_at; /* the event being served */
	int batch_count;
};

/* Returns 0 or -errno. */
int loop_init(struct loop *loop);
void loop_fini(struct loop *loop);

/* Waits for `events` on source->fd from now on (adds, changes; 0 removes). Returns 0 or -errno, and only adding can
 * fail. */
int loop_watch(struct loop *loop, struct source *source, uint32_t events);

/* Calls timer->on once, at at_ms or as soon as possible after it; replaces an earlier setting. UINT64_MAX: never. */
void loop_timer_set(struct loop *loop, struct timer *timer, uint64_t at_ms);
void loop_timer_cancel(struct loop *loop, struct timer *timer);

/* Waits until something is due, and serves it. */
void loop_turn(struct loop *loop);

/* The object that `member` is part of. */
#define container_of(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
