/*
 * stats - what has happened since the broker started: counters that only grow, for status and metrics.
 * Process: broker.
 */
#ifndef STATS_H
#define STATS_H

#include "histogram.h"
#include "server_message.h"
#include "traffic.h"

/* Close codes that are counted apart; all others together. (A client can choose its own.) */
/* clang-format off */
#define STATS_CLOSE_CODES(X) \
	X(1000) X(1001) X(1002) X(1003) X(1005) X(1006) X(1007) X(1008) X(1009) X(1011) X(1012) X(1013) \
	X(4001) X(4002) X(4003)
/* clang-format on */

#define STATS_ONE(code) +1
enum { STATS_CLOSES = 1 STATS_CLOSE_CODES(STATS_ONE) };

struct stats {
	uint64_t connections;
	uint64_t past_bound; /* of those, more than there may be */
	uint64_t upgrades;
	uint64_t requests_refused; /* with a status of 400 or more */
	uint64_t joins;
	uint64_t suspended;       /* seats whose connection was lost */
	uint64_t resumes;         /* seats that were taken back */
	uint64_t resumes_refused; /* secrets that were none */
	uint64_t left[LEFT_REASONS_COUNT];
	uint64_t closes[STATS_CLOSES];
	uint64_t errors[TRAFFIC_ERRORS]; /* in the lobby; those of rooms are in `rooms` */
	uint64_t rooms_opened;
	uint64_t rooms_closed;
	uint64_t roomds_started;
	uint64_t roomds_failed; /* could not be started */
	uint64_t roomds_lost;
	uint64_t rooms_healed;
	struct room_traffic rooms; /* of all rooms that have ended */
	struct histogram handshake;
	struct histogram lobby;
	struct histogram join;
};

void stats_closed(struct stats *stats, uint32_t code);

/* The code that closes[i] is of; 0 for all others. */
unsigned stats_close_code(unsigned i);

/* Adds what a room has relayed. */
void stats_add_room(struct room_traffic *sum, const struct room_traffic *room);

#endif
