/*
 * broker_memory - what a broker leaves to the next one beside the rooms: counters, and what operators have said.
 * Process: broker (alone writes it), keeper (makes the file, and holds it).
 */
#ifndef BROKER_MEMORY_H
#define BROKER_MEMORY_H

#include "stats.h"

/* Raised with every change of the layout: a broker that finds another one begins anew. */
#define BROKER_MEMORY_VERSION 1

struct broker_memory {
	/* These never move. */
	uint64_t version;
	uint64_t clients; /* the last numbers that were given; never reused */
	uint64_t rooms;
	uint8_t log_key[16]; /* the keeper's: names are hashed with it in the log */

	uint64_t started_ms; /* the first broker's start */

	/* What an operator chose instead of the setting log_level when that was `log_setting`. */
	uint32_t log_level;
	uint32_t log_setting;
	uint32_t log_chosen;
	uint32_t draining; /* an operator wants no new rooms */

	struct stats stats;
};

#endif
