/*
 * traffic - what has come from a member and gone to it, and what a room has relayed: counters in the ledger.
 * Process: roomd (counts), broker (reads them, and believes them only where it does no harm).
 */
#ifndef TRAFFIC_H
#define TRAFFIC_H

#include <stdint.h>

#include "candidate.h"
#include "client_message.h"

/* offer, answer, ice-candidate; ACTION_OFFER is the first. */
#define TRAFFIC_SIGNALS 3

/* Codes of errors, ERROR_NONE among them. */
#define TRAFFIC_ERRORS (ERROR_INTERNAL + 1)

/* Of one member since it came. Messages are text messages, bytes their payload. */
struct seat_traffic {
	uint64_t messages_in;
	uint64_t bytes_in;
	uint64_t messages_out;
	uint64_t bytes_out;
	uint32_t signals[TRAFFIC_SIGNALS]; /* it sent */
	struct candidate_counts candidates;
	uint64_t ponged_ms; /* when the last pong came */
	uint32_t rtt_ms;    /* of the last ping that was answered, and 1 more; 0: none was */
	uint32_t unused;
};

/* Of the room since it opened. */
struct room_traffic {
	uint64_t messages_in;
	uint64_t bytes_in;
	uint64_t messages_out;
	uint64_t bytes_out;
	uint64_t signals[TRAFFIC_SIGNALS];
	uint64_t signal_bytes[TRAFFIC_SIGNALS]; /* of `data` */
	uint64_t errors[TRAFFIC_ERRORS];
};

#endif
