/* operator - what an operator wants of the room. */
#include <assert.h>

#include "bucket.h"
#include "member.h"
#include "operator.h"
#include "out.h"
#include "resume.h"
#include "session.h"
#include "title.h"

/* What the broker must hear of departures is not to wait behind what it would only like to know: past this rate, and
 * with a full channel, signals are counted instead. */
static struct {
	struct bucket rate;
	uint64_t missed;
} trace;

void operator_show_title(struct room *room)
{
	char text[32];
	struct out o = out_init(text, sizeof(text));

	if (room->state != IPC_IN_OPEN || room->members + 1 == room->shown)
		return;
	room->shown = room->members + 1;
	out_text(&o, "roomd: ");
	out_unsigned(&o, room->members);
	out_text(&o, room->members == 1 ? " member" : " members");
	out_bytes(&o, "", 1);
	title_set(text);
}

static void end(struct room *room, unsigned seat, uint16_t code, const char *why)
{
	const struct seat *s = &room->ledger->seats[seat];

	if (s->state == SEAT_TAKEN)
		member_close(room, seat, code, why, LEFT_KICKED);
	else if (s->state == SEAT_SUSPENDED)
		resume_give_up(room, seat, LEFT_KICKED);
}

/* Ends the connection, and the seat, of the client with the broker's number, if it still is a member. */
static void kick(struct room *room, uint64_t client)
{
	for (unsigned i = 0; i < room->ledger->top; i++)
		if (room->ledger->seats[i].client == client)
			end(room, i, ROOM_CLOSE_KICKED, "kicked by an operator");
}

static void close_all(struct room *room)
{
	for (unsigned i = 0; i < room->ledger->top; i++)
		end(room, i, ROOM_CLOSE_CLOSED, "room closed by an operator");
}

void operator_on_message(struct room *room, const struct ipc_message *m)
{
	switch (m->type) {
	case IPC_KICK:
		kick(room, ((const struct ipc_which_client *)m->body)->client);
		return;
	case IPC_CLOSE:
		close_all(room);
		return;
	case IPC_TRACE:
		room->traced = ((const struct ipc_flag *)m->body)->on;
		trace.missed = 0;
		return;
	case IPC_ICE:
		session_on_ice(room, m);
		return;
	default:
		assert(!"not a broker's message");
	}
}

static void tell(const struct room *room, unsigned from, const struct relay_decision *d,
		 const struct candidate_counts *candidates)
{
	struct ipc_traced body = {
	    .from = room->ledger->seats[from].client,
	    .to = d->kind == RELAY_TO_ONE ? room->ledger->seats[d->target].client : 0,
	    .action = d->message.action,
	    .bytes = (uint32_t)d->message.data.length,
	    .candidates = *candidates,
	    .missed = trace.missed,
	};

	if (room->orphaned || room->channel_full ||
	    !bucket_take(&trace.rate, room->now_ms, LIMIT_TRACE_RATE, LIMIT_TRACE_RATE, 1) ||
	    ipc_send(room->channel, IPC_TRACED, &body, NULL, 0, -1) < 0)
		trace.missed++;
	else
		trace.missed = 0;
}

void operator_on_signal(struct room *room, unsigned from, const struct relay_decision *d)
{
	struct seat_traffic *of_seat = &room->ledger->seats[from].traffic;
	struct room_traffic *of_room = &room->ledger->traffic;
	struct candidate_counts candidates = candidate_count(d->message.data.at, d->message.data.length);
	unsigned signal = d->message.action - ACTION_OFFER;

	of_seat->signals[signal]++;
	of_room->signals[signal]++;
	of_room->signal_bytes[signal] += d->message.data.length;
	for (int i = 0; i < CANDIDATE_TYPES_COUNT; i++)
		of_seat->candidates.of[i] += candidates.of[i];
	if (room->traced)
		tell(room, from, d, &candidates);
}
