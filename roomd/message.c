/* message - what members say, and what is done about it. */
#include <assert.h>

#include "allowance.h"
#include "compiler.h"
#include "member.h"
#include "message.h"
#include "operator.h"
#include "relay.h"
#include "resume.h"
#include "session.h"
#include "tally.h"
#include "tell.h"

/* Answers a member's message with what was written, and what stands behind that. */
static void answer(struct room *room, unsigned seat, const struct out *o, struct span rest)
{
	struct iovec parts[3] = {
	    {o->at, o->length}, {(void *)(uintptr_t)rest.at, rest.length}, {(void *)(uintptr_t) "}", 1}};

	assert(!o->truncated);
	tell_one(room, seat, seat, parts, rest.at ? 3 : 1);
}

static SELDOM void refuse(struct room *room, unsigned seat, const struct complaint *complaint)
{
	char text[LIMIT_SERVER_MESSAGE_BYTES];
	struct out o = out_init(text, sizeof(text));

	server_message_error(&o, complaint);
	room->ledger->traffic.errors[complaint->code]++;
	answer(room, seat, &o, (struct span){0});
}

static SELDOM void on_refused(struct room *room, unsigned seat, const struct complaint *complaint)
{
	struct seat *s = &room->ledger->seats[seat];

	refuse(room, seat, complaint);
	if (!allowance_note_refusal(&s->allowance, &room->ledger->open, complaint->code) && s->state == SEAT_TAKEN)
		member_close(room, seat, WS_CLOSE_POLICY, "too many bad messages", LEFT_FLOOD);
}

static void relay(struct room *room, unsigned from, const struct relay_decision *d)
{
	const struct seat *s = &room->ledger->seats[from];
	char text[LIMIT_SERVER_MESSAGE_BYTES] UNINITIALIZED; /* not shared: a slow reader may be found while it is being
								said */
	struct out o = out_init(text, sizeof(text));

	server_message_signal_begin(&o, d->message.action, &room->ledger->open.room_id, &s->id, &s->sender,
				    d->message.target);
	struct iovec parts[3] = {{o.at, o.length},
				 {(void *)(uintptr_t)d->message.data.at, d->message.data.length},
				 {(void *)(uintptr_t) "}", 1}};
	assert(!o.truncated);
	operator_on_signal(room, from, d);
	if (d->kind == RELAY_TO_ONE)
		tell_one(room, from, d->target, parts, 3);
	else
		tell_others(room, from, parts, 3);
}

static SELDOM void on_ack(struct room *room, unsigned seat, uint64_t seq)
{
	struct complaint complaint;

	if (resume_on_ack(room, seat, seq))
		return;
	complain(&complaint, ERROR_INVALID_FIELD, "\"seq\" is the number of a message that was not sent yet.");
	on_refused(room, seat, &complaint);
}

static SELDOM void pong(struct room *room, unsigned seat, struct span data)
{
	char text[LIMIT_SERVER_MESSAGE_BYTES];
	struct out o = out_init(text, sizeof(text));

	server_message_pong_begin(&o, data.length > 0);
	answer(room, seat, &o, data.at ? data : (struct span){"", 0});
}

static SELDOM void leave(struct room *room, unsigned seat)
{
	const struct seat *s = &room->ledger->seats[seat];
	char text[LIMIT_SERVER_MESSAGE_BYTES];
	struct out o = out_init(text, sizeof(text));

	server_message_left(&o, &room->ledger->open.room_id, &s->id);
	answer(room, seat, &o, (struct span){0});
	if (s->state == SEAT_TAKEN)
		member_leave(room, seat);
}

static SELDOM void ask_ice(struct room *room, unsigned seat)
{
	struct complaint complaint;

	if (!session_ask_ice(room, seat, &complaint))
		refuse(room, seat, &complaint);
}

static void serve(struct room *room, unsigned seat, const struct relay_decision *d)
{
	switch (d->kind) {
	case RELAY_TO_OTHERS:
	case RELAY_TO_ONE:
		relay(room, seat, d);
		return;
	case RELAY_PONG:
		pong(room, seat, d->message.data);
		return;
	case RELAY_LEAVE:
		leave(room, seat);
		return;
	case RELAY_ICE:
		ask_ice(room, seat);
		return;
	case RELAY_ACK:
		on_ack(room, seat, d->message.seq);
		return;
	case RELAY_REFUSE:
		on_refused(room, seat, &d->complaint);
		return;
	}
}

static void on_text(struct room *room, unsigned seat, const struct ws_event *event)
{
	struct relay_decision d UNINITIALIZED;

	relay_decide(room->ledger, seat, (const char *)event->data, event->length, &d);
	if (!resume_begin_message(room, seat, &d))
		return;
	serve(room, seat, &d);
	resume_end_message(room, seat, d.message.n);
}

static SELDOM void refuse_rate(struct room *room, unsigned seat)
{
	struct complaint complaint;

	allowance_complain(&complaint, &room->ledger->open);
	refuse(room, seat, &complaint);
}

/* Is the frame within what the member may send? If not, it has been answered. */
static bool within_rate(struct room *room, unsigned seat, const struct ws_event *event)
{
	switch (allowance_take(&room->ledger->seats[seat].allowance, &room->ledger->open, room->now_ms, event)) {
	case ALLOWANCE_GRANTED:
		return true;
	case ALLOWANCE_FLOOD:
		member_close(room, seat, WS_CLOSE_POLICY, "sending too fast", LEFT_FLOOD);
		return false;
	case ALLOWANCE_REFUSED:
		break;
	}
	if (event->kind == WS_TEXT || event->kind == WS_BINARY)
		refuse_rate(room, seat);
	return false;
}

static SELDOM void refuse_binary(struct room *room, unsigned seat)
{
	struct complaint complaint;

	complain(&complaint, ERROR_NOT_TEXT, "Send one JSON object in each text message.");
	on_refused(room, seat, &complaint);
}

void message_on_event(struct room *room, unsigned seat, const struct ws_event *event)
{
	resume_on_heard(room, seat, event);
	if (event->kind != WS_CLOSE && event->kind != WS_FAIL && !within_rate(room, seat, event))
		return;
	switch (event->kind) {
	case WS_TEXT:
		tally_in(room, seat, event->length);
		on_text(room, seat, event);
		return;
	case WS_BINARY:
		refuse_binary(room, seat);
		return;
	case WS_PING:
		member_answer(room, seat, WS_OP_PONG, event);
		return;
	case WS_CLOSE:
		member_hang_up(room, seat, event->code, "");
		return;
	case WS_FAIL:
		member_close(room, seat, event->code, event->why, LEFT_DISCONNECT);
		return;
	case WS_PONG:
		tally_pong(room, seat);
		return;
	case WS_MORE:
		return;
	}
}
