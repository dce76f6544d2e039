/* heir - a roomd that goes on with a room whose process was lost. */
#include <assert.h>
#include <stdint.h>
#include <unistd.h>

#include "heir.h"
#include "member.h"

#define WHY_LOST "the room's process was lost"

/* Can the seat be what a roomd leaves behind? */
static bool is_sane(const struct room *room, const struct seat *s)
{
	const struct ipc_open *open = &room->ledger->open;

	return s->state > SEAT_FREE && s->state < SEAT_STATES && s->fate <= FATE_CUT &&
	       s->departure <= LEFT_REASONS_COUNT && s->leaving <= LEFT_REASONS_COUNT && s->sender.length >= 1 &&
	       s->sender.length <= LIMIT_NAME_BYTES && s->in.utf8 <= s->in.message && s->in.message <= s->in.at &&
	       s->in.at <= s->in.end && s->in.end <= ledger_input_size(open) && s->owed_boundary <= s->owed_at &&
	       s->owed_at <= s->owed_end && s->owed_end <= ledger_queue_size(open);
}

/* Brings the seat to where the kernel says that its streams are. Each returns whether that can be. */
static bool catch_up_in(const struct room *room, unsigned seat, struct seat *s, uint64_t in_bytes)
{
	uint64_t ahead = in_bytes - s->in_origin - s->in.end;

	if (in_bytes == UINT64_MAX || ahead > LIMIT_READ_BYTES || room->ledger->busy == seat + 1 ||
	    s->in.end + ahead > ledger_input_size(&room->ledger->open))
		return false;
	s->in.end += (uint32_t)ahead;
	return true;
}

static bool catch_up_out(const struct room *room, unsigned seat, struct seat *s, uint64_t out_bytes, bool no_stream)
{
	uint64_t ahead = out_bytes - s->out_origin - s->owed_at;

	if (no_stream) /* only the marks tell: it is closed, and what they miss is a byte or a frame too much */
		return room->ledger->moving != seat + 1;
	if (out_bytes == UINT64_MAX || ahead > s->owed_end - s->owed_at || room->ledger->moving == seat + 1)
		return false;
	s->owed_at += (uint32_t)ahead;
	return true;
}

/* The others were being told that somebody is gone: those who do not know it yet, now do. One that had only been about
 * to go is still here. */
static void finish_departure(struct room *room, unsigned seat)
{
	struct seat *s = &room->ledger->seats[seat];

	if (s->state == SEAT_TAKEN)
		s->departure = s->leaving = 0;
	else
		room_on_departure(room, seat);
}

/* The member's connection was lost with those who had it: it has gone, and the others are still to be told. */
static void lose(struct room *room, unsigned seat)
{
	struct seat *s = &room->ledger->seats[seat];

	s->told_up_to = 0;
	s->leaving = LEFT_DISCONNECT + 1;
	ledger_fence();
	s->state = SEAT_GONE;
	room->members--;
}

/* Everyone sits again: ends those who can't go on, goes on with the rest. */
static void finish(struct room *room)
{
	struct ledger *ledger = room->ledger;

	for (unsigned i = 0; i < room->seats; i++)
		if (room->sockets[i].fd >= 0)
			member_sit_again(room, i, room->sockets[i].fd);
	ledger_mark(&ledger->busy, 0);
	ledger_mark(&ledger->moving, 0);
	room->reports = true;
	for (unsigned i = 0; i < room->seats; i++)
		if (!room->sockets[i].known && ledger->seats[i].state == SEAT_TAKEN)
			lose(room, i);
	for (unsigned i = 0; i < room->seats; i++)
		if (ledger->seats[i].state != SEAT_FREE && ledger->seats[i].leaving)
			finish_departure(room, i);
	for (unsigned i = 0; i < room->seats; i++) {
		struct seat *s = &ledger->seats[i];
		if (s->state != SEAT_FREE && !room->sockets[i].known)
			member_forget(room, i);
		else if (s->state == SEAT_GONE)
			continue; /* it had no connection any more: the broker is told again */
		else if (s->fate == FATE_CLOSE && s->state == SEAT_TAKEN)
			member_close(room, i, WS_CLOSE_RESTART, WHY_LOST, LEFT_DISCONNECT);
		else if (s->fate != FATE_GO_ON && s->state != SEAT_RETURNING)
			member_cut(room, i, true, LEFT_DISCONNECT);
		s->fate = FATE_GO_ON;
	}
	for (unsigned i = 0; i < room->seats; i++)
		if (ledger->seats[i].state == SEAT_TAKEN)
			member_parse(room, i);
}

void heir_give_up(struct room *room)
{
	room->reseats_due = 0;
	finish(room);
}

void heir_reopen(struct room *room, const struct ipc_reopen *reopen)
{
	struct ledger *ledger = room->ledger;

	room_open(room, &reopen->open);
	ledger->seen = 0;
	ledger->top = 0;
	room->occupied = true;
	room->reseats_due = reopen->reseats;
	for (unsigned i = 0; i < room->seats; i++) {
		struct seat *s = &ledger->seats[i];
		room->sockets[i].fd = -1;
		if (s->state != SEAT_FREE && !is_sane(room, s))
			s->state = SEAT_FREE;
		if (s->state != SEAT_FREE)
			ledger->top = i + 1;
		room->members += s->state == SEAT_TAKEN;
		room->used += s->state != SEAT_FREE;
	}
	if (room->reseats_due == 0)
		finish(room);
}

void heir_reseat(struct room *room, const struct ipc_reseat *reseat, int fd)
{
	unsigned seat = 0;

	assert(room->reseats_due > 0);
	while (seat < room->seats &&
	       (room->ledger->seats[seat].state == SEAT_FREE || room->ledger->seats[seat].client != reseat->client))
		seat++;
	if (seat == room->seats) { /* what its seat held was out of range */
		seat = room_free_seat(room);
		member_miss(room, seat, reseat->client, reseat->member);
	}
	struct seat *s = &room->ledger->seats[seat];
	assert(!room->sockets[seat].known);
	room->sockets[seat].known = true;
	bool out = catch_up_out(room, seat, s, reseat->out_bytes, reseat->no_stream);
	bool in = catch_up_in(room, seat, s, reseat->in_bytes);
	if (!reseat->member)
		s->departure = 0;
	enum seat_fate fate = !out ? FATE_CUT : in ? FATE_GO_ON : FATE_CLOSE;
	if (fate > s->fate)
		s->fate = (uint8_t)fate;
	if (s->state == SEAT_GONE)
		close(fd);
	else
		room->sockets[seat].fd = fd; /* nobody is heard before everyone sits: the marks are still those found */
	if (--room->reseats_due == 0)
		finish(room);
}
