/* heir - a roomd that goes on with a room whose process was lost. */
#include <assert.h>
#include <stdint.h>
#include <unistd.h>

#include "heir.h"
#include "member.h"
#include "queue.h"
#include "resume.h"
#include "tell.h"

#define WHY_LOST "the room's process was lost"

/* Can the seat be what a roomd leaves behind? */
static bool is_sane(const struct room *room, unsigned seat)
{
	const struct ipc_open *open = &room->ledger->open;
	const struct seat *s = &room->ledger->seats[seat];

	if (s->state == SEAT_SUSPENDED && !seat_is_resumable(s))
		return false;
	if (seat_is_resumable(s) && !(open->resume_ms && replay_is_sane(ledger_replay(room->ledger, seat))))
		return false;
	return s->state > SEAT_FREE && s->state < SEAT_STATES && s->fate <= FATE_CUT &&
	       s->departure <= LEFT_REASONS_COUNT && s->news < NEWS_LEFT + LEFT_REASONS_COUNT &&
	       s->sender.length >= 1 && s->sender.length <= LIMIT_NAME_BYTES && s->in.utf8 <= s->in.message &&
	       s->in.message <= s->in.at && s->in.at <= s->in.end && s->in.end <= ledger_input_size(open) &&
	       s->owed_boundary <= s->owed_at && s->owed_at <= s->owed_end &&
	       s->owed_end <= ledger_queue_place(room->ledger, seat);
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

/* Did the message that was being said reach its seat? Then whose cursor it is stands behind that; and one that is kept
 * is queued, too. */
static void finish_saying(struct room *room)
{
	struct ledger *ledger = room->ledger;
	const struct saying *y = &ledger->saying;
	struct iovec parts[2];

	if (y->to < 1 || y->to > room->seats || y->by >= room->seats)
		return;
	unsigned seat = y->to - 1;
	const struct seat *s = &ledger->seats[seat];
	struct seat *by = &ledger->seats[y->by];
	bool queued = s->out_origin + s->owed_end != y->queued;
	bool said = queued;
	if (seat_is_members(s) && seat_is_resumable(s)) {
		struct replay *r = ledger_replay(ledger, seat);
		said = r->next != y->next;
		/* One that is lost for it: its stream has a gap. One without a place in the queue: it is too slow. */
		if (said && !queued && s->state == SEAT_TAKEN &&
		    (r->first == r->next ||
		     queue_append(ledger, seat, WS_OP_TEXT, parts, replay_read(r, r->next - 1, parts)) < 0))
			ledger->seats[seat].fate = FATE_CUT;
	}
	/* (It stands before the seats that were passed over, too: the one it is about, and empty ones.) */
	if (said && y->cursor == CURSOR_TOLD && by->told_up_to <= seat)
		by->told_up_to = seat + 1;
	if (said && y->cursor == CURSOR_HANDED && by->resume.handed_up_to <= seat)
		by->resume.handed_up_to = seat + 1;
}

/* The others were being told what has become of somebody: those who do not know it yet, now do. What had only been
 * about to be has not been. */
static void finish_news(struct room *room, unsigned seat)
{
	struct seat *s = &room->ledger->seats[seat];
	bool true_now = s->news == NEWS_SUSPENDED ? s->state == SEAT_SUSPENDED
			: s->news < NEWS_LEFT     ? s->state == SEAT_TAKEN
						  : !seat_is_members(s);

	if (true_now)
		tell_news(room, seat);
	else if (s->news >= NEWS_LEFT)
		s->departure = 0;
	s->news = NEWS_NONE;
}

static void finish_all_news(struct room *room)
{
	for (unsigned i = 0; i < room->seats; i++)
		if (room->ledger->seats[i].state != SEAT_FREE && room->ledger->seats[i].news)
			finish_news(room, i);
}

/* Ends a connection that can't go on. */
static void meet_fate(struct room *room, unsigned seat)
{
	struct seat *s = &room->ledger->seats[seat];

	if (s->state == SEAT_GONE || s->state == SEAT_SUSPENDED)
		return; /* it had no connection any more: the broker is told again */
	if (s->fate == FATE_CLOSE && s->state == SEAT_TAKEN)
		member_hang_up(room, seat, WS_CLOSE_RESTART, WHY_LOST);
	else if (s->fate != FATE_GO_ON && s->state != SEAT_RETURNING)
		member_cut(room, seat, true, LEFT_DISCONNECT);
}

/* Everyone sits again, or (`missing`) there will be no more: ends those who can't go on, goes on with the rest. */
static void finish(struct room *room, bool missing)
{
	struct ledger *ledger = room->ledger;

	for (unsigned i = 0; i < room->seats; i++)
		if (room->sockets[i].fd >= 0)
			member_sit_again(room, i, room->sockets[i].fd);
	ledger_mark(&ledger->busy, 0);
	ledger_mark(&ledger->moving, 0);
	room->reports = true;
	finish_saying(room);
	ledger_mark(&ledger->saying.to, 0);
	for (unsigned i = 0; i < room->seats; i++)
		room->sockets[i].lost = !room->sockets[i].known && seat_is_members(&ledger->seats[i]) &&
					!(missing && seat_is_resumable(&ledger->seats[i]));
	finish_all_news(room); /* first: nobody is to hear of the end of one of whom it did not hear that it joined */
	for (unsigned i = 0; i < room->seats; i++)
		if (room->sockets[i].lost) {
			room->sockets[i].lost = false;
			member_lose(room, i);
		}
	finish_all_news(room);
	for (unsigned i = 0; i < room->seats; i++) {
		struct seat *s = &ledger->seats[i];
		bool expected = missing || room->sockets[i].known;
		if (expected && s->state == SEAT_TAKEN && room->sockets[i].fd < 0 && seat_is_resumable(s))
			resume_suspend(room, i); /* its connection is lost, which is what its seat is kept for */
		else if (s->state == SEAT_FREE || room->sockets[i].known)
			meet_fate(room, i);
		else if (!missing || s->state != SEAT_SUSPENDED)
			member_forget(room, i);
		s->fate = FATE_GO_ON;
	}
	for (unsigned i = 0; i < room->seats; i++)
		if (ledger->seats[i].state == SEAT_TAKEN)
			member_parse(room, i);
}

void heir_give_up(struct room *room)
{
	room->reseats_due = 0;
	finish(room, true);
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
		if (s->state != SEAT_FREE && !is_sane(room, i))
			s->state = SEAT_FREE;
		if (s->state != SEAT_FREE)
			ledger->top = i + 1;
		room->members += seat_is_members(s);
		room->used += s->state != SEAT_FREE;
	}
	if (room->reseats_due == 0)
		finish(room, false);
}

/* The seat in which the client is a member, or else one in which it says goodbye; room->seats: it has none. */
static unsigned find(const struct room *room, uint64_t client)
{
	unsigned found = room->seats;

	for (unsigned i = 0; i < room->seats; i++) {
		const struct seat *s = &room->ledger->seats[i];
		if (s->state == SEAT_FREE || s->client != client)
			continue;
		if (seat_is_members(s))
			return i;
		found = i;
	}
	return found;
}

/* Has another client got the seat that was this one's, which the broker has not heard? */
static bool is_succeeded(const struct room *room, uint64_t client)
{
	for (unsigned i = 0; i < room->seats; i++) {
		const struct seat *s = &room->ledger->seats[i];
		if (s->state != SEAT_FREE && (s->due & DUE_RESUMED) && s->resume.of == client)
			return true;
	}
	return false;
}

static void one_less_due(struct room *room)
{
	if (--room->reseats_due == 0)
		finish(room, false);
}

void heir_keep(struct room *room, uint64_t client)
{
	unsigned seat = find(room, client);

	assert(room->reseats_due > 0);
	if (seat < room->seats) {
		room->sockets[seat].known = true;
		room->ledger->seats[seat].due &= (uint8_t)~DUE_SUSPENDED;
	} else if (!is_succeeded(room, client)) { /* what its seat held was out of range */
		seat = room_free_seat(room);
		member_miss(room, seat, client, true, 0);
		room->sockets[seat].known = true;
	}
	one_less_due(room);
}

void heir_reseat(struct room *room, const struct ipc_reseat *reseat, int fd)
{
	unsigned seat = find(room, reseat->client);

	assert(room->reseats_due > 0);
	if (seat == room->seats) { /* what its seat held was out of range */
		seat = room_free_seat(room);
		member_miss(room, seat, reseat->client, reseat->member && !is_succeeded(room, reseat->client), 0);
	}
	struct seat *s = &room->ledger->seats[seat];
	assert(!room->sockets[seat].known);
	room->sockets[seat].known = true;
	bool out = catch_up_out(room, seat, s, reseat->out_bytes, reseat->no_stream);
	bool in = catch_up_in(room, seat, s, reseat->in_bytes);
	if (!reseat->member && !(s->due & DUE_RESUMED))
		s->departure = 0;
	enum seat_fate fate = !out ? FATE_CUT : in ? FATE_GO_ON : FATE_CLOSE;
	if (fate > s->fate)
		s->fate = (uint8_t)fate;
	if (s->state == SEAT_SUSPENDED)
		s->due |= DUE_SUSPENDED;
	if (s->state == SEAT_GONE || s->state == SEAT_SUSPENDED)
		close(fd);
	else
		room->sockets[seat].fd = fd; /* nobody is heard before everyone sits: the marks are still those found */
	one_less_due(room);
}
