/*
 * ledger_view - the counters that a room's process writes, as the broker reads them.
 * Process: broker.
 * Never:   believes them: they are numbers to be shown. What says how much there is to read is the broker's own.
 */
#ifndef LEDGER_VIEW_H
#define LEDGER_VIEW_H

#include <stdbool.h>

#include "traffic.h"

struct room;

struct seat_view {
	struct seat_traffic traffic;
	uint64_t heard_ms; /* when the member last sent anything */
	uint64_t queued;   /* bytes that wait for it */
	uint64_t kept;     /* messages that it has not confirmed; 0 too if it may not resume */
	uint64_t until_ms; /* its seat is kept, if it is SUSPENDED */
};

/* What the room has relayed; zeroes where it has no process. */
struct room_traffic ledger_view_room(const struct room *room);

/* Finds the member with the broker's number for it; *hint, 0 at first, makes one look after the other quick. Returns
 * false if it is in no seat. */
bool ledger_view_seat(const struct room *room, uint64_t client, unsigned *hint, struct seat_view *ret);

#endif
