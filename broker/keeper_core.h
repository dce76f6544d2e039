/*
 * keeper_core - what the parts of the keeper share: one struct, owned by keeper.c.
 * Process: keeper.
 */
#ifndef KEEPER_CORE_H
#define KEEPER_CORE_H

#include "broker_memory.h"
#include "keeper.h"
#include "keeper_broker.h"
#include "keeper_roomd.h"

/* What epoll tells: signals, one of the brokers, or (with KEEPER_ROOMD_KEY) the end of a roomd. */
#define KEY_SIGNALS 0
#define KEY_BROKERS 1
#define BROKERS 2

enum keeper_state { KEEPER_STARTING, KEEPER_RUNNING, KEEPER_STOPPING };

struct keeper {
	struct keeper_config *config;
	enum keeper_state state;
	int epoll;
	int signals;
	struct keeper_broker brokers[BROKERS]; /* one has the rooms; another may be about to follow it, or leaving */
	struct keeper_broker *current;         /* that has the rooms; NULL: they are on their own */
	uint64_t served_ms;                    /* when this one, or the last one, began to serve */
	uint64_t restart_at_ms;                /* when the next broker is due; 0: not */
	uint64_t restart_ms;                   /* how late the last was */
	uint64_t handover_at_ms;               /* when the one that hands over must have done so; 0: there is none */
	uint64_t stop_at_ms;
	bool on_terminal;
	bool reload_due;    /* an operator wants the settings to be read again */
	bool configure_due; /* rooms are to be of the kind of the settings, as soon as the next broker has them */
	int status;
	int memory;                   /* what brokers hand on */
	struct broker_memory *shared; /* the same, mapped: the log's key is ours */
	struct keeper_store store;
	struct keeper_roomds roomds;
	bool settled; /* the broker knows all of them that it is to know */
};

/* Of two moments of which either may be 0: never. */
static inline uint64_t keeper_earlier(uint64_t a_ms, uint64_t b_ms)
{
	return !a_ms || (b_ms && b_ms < a_ms) ? b_ms : a_ms;
}

/* Has the service manager taken all that it was told? */
static inline bool keeper_manager_knows(const struct keeper *k)
{
	return keeper_store_settled(&k->store) && !notify_is_due(k->config->notify);
}

#endif
