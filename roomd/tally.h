/*
 * tally - counts what comes and goes, in the ledger, where the broker sees it.
 * Process: roomd.  Pure.
 */
#ifndef TALLY_H
#define TALLY_H

#include "room.h"

/* A text message has come from the seat; one made of `parts` is owed to it. */
static inline void tally_in(struct room *room, unsigned seat, size_t length)
{
	struct seat_traffic *of_seat = &room->ledger->seats[seat].traffic;

	of_seat->messages_in++;
	of_seat->bytes_in += length;
	room->ledger->traffic.messages_in++;
	room->ledger->traffic.bytes_in += length;
}

static inline void tally_out(struct room *room, unsigned seat, const struct iovec *parts, int part_count)
{
	struct seat_traffic *of_seat = &room->ledger->seats[seat].traffic;
	size_t length = 0;

	for (int i = 0; i < part_count; i++)
		length += parts[i].iov_len;
	of_seat->messages_out++;
	of_seat->bytes_out += length;
	room->ledger->traffic.messages_out++;
	room->ledger->traffic.bytes_out += length;
}

/* A ping is answered, or a pong came for none. */
static inline void tally_pong(struct room *room, unsigned seat)
{
	struct seat *s = &room->ledger->seats[seat];

	if (s->traffic.ponged_ms < s->keepalive.pinged_ms)
		s->traffic.rtt_ms = (uint32_t)(room->now_ms - s->keepalive.pinged_ms) + 1;
	s->traffic.ponged_ms = room->now_ms;
}

#endif
