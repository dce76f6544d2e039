/* room - one room: who sits in it, what is said in it, what the broker is told of it. */
#include <assert.h>
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "allowance.h"
#include "clock.h"
#include "heir.h"
#include "member.h"
#include "operator.h"
#include "relay.h"
#include "report.h"
#include "resume.h"
#include "session.h"
#include "tally.h"
#include "tell.h"

int room_init(struct room *room, int channel, int epoll, struct ledger *ledger, size_t ledger_size)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = LIMIT_SEATS_CEILING};

	room->channel = channel;
	room->epoll = epoll;
	room->state = IPC_IN_WARM;
	room->ledger = ledger;
	ledger->version = IPC_VERSION;
	ledger->top = 0; /* an heir takes the seats over one by one */
	room->ledger_size = ledger_size;
	room->now_ms = clock_ms();
	return epoll_ctl(epoll, EPOLL_CTL_ADD, channel, &event) < 0 ? -errno : 0;
}

/* --- what members say --- */

/* Answers a member's message with what was written, and what stands behind that. */
static void answer(struct room *room, unsigned seat, const struct out *o, struct span rest)
{
	struct iovec parts[3] = {
	    {o->at, o->length}, {(void *)(uintptr_t)rest.at, rest.length}, {(void *)(uintptr_t) "}", 1}};

	assert(!o->truncated);
	tell_one(room, seat, seat, parts, rest.at ? 3 : 1);
}

static void refuse(struct room *room, unsigned seat, const struct complaint *complaint)
{
	char text[LIMIT_SERVER_MESSAGE_BYTES];
	struct out o = out_init(text, sizeof(text));

	server_message_error(&o, complaint);
	room->ledger->traffic.errors[complaint->code]++;
	answer(room, seat, &o, (struct span){0});
}

static void on_refused(struct room *room, unsigned seat, const struct complaint *complaint)
{
	struct seat *s = &room->ledger->seats[seat];

	refuse(room, seat, complaint);
	if (!allowance_note_refusal(&s->allowance, &room->ledger->open, complaint->code) && s->state == SEAT_TAKEN)
		member_close(room, seat, WS_CLOSE_POLICY, "too many bad messages", LEFT_FLOOD);
}

static void relay(struct room *room, unsigned from, const struct relay_decision *d)
{
	const struct seat *s = &room->ledger->seats[from];
	char text[LIMIT_SERVER_MESSAGE_BYTES]; /* not shared: a slow reader may be found while it is being said */
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

static void on_ack(struct room *room, unsigned seat, uint64_t seq)
{
	struct complaint complaint;

	if (resume_on_ack(room, seat, seq))
		return;
	complain(&complaint, ERROR_INVALID_FIELD, "\"seq\" is the number of a message that was not sent yet.");
	on_refused(room, seat, &complaint);
}

static void serve(struct room *room, unsigned seat, const struct relay_decision *d)
{
	const struct seat *s = &room->ledger->seats[seat];
	struct complaint complaint;
	char text[LIMIT_SERVER_MESSAGE_BYTES];
	struct out o = out_init(text, sizeof(text));

	switch (d->kind) {
	case RELAY_TO_OTHERS:
	case RELAY_TO_ONE:
		relay(room, seat, d);
		return;
	case RELAY_PONG:
		server_message_pong_begin(&o, d->message.data.length > 0);
		answer(room, seat, &o, d->message.data.at ? d->message.data : (struct span){"", 0});
		return;
	case RELAY_LEAVE:
		server_message_left(&o, &room->ledger->open.room_id, &s->id);
		answer(room, seat, &o, (struct span){0});
		if (s->state == SEAT_TAKEN)
			member_leave(room, seat);
		return;
	case RELAY_ICE:
		if (!session_ask_ice(room, seat, &complaint))
			refuse(room, seat, &complaint);
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
	struct relay_decision d;

	relay_decide(room->ledger, seat, (const char *)event->data, event->length, &d);
	if (!resume_begin_message(room, seat, &d))
		return;
	serve(room, seat, &d);
	resume_end_message(room, seat, d.message.n);
}

/* Is the frame within what the member may send? If not, it has been answered. */
static bool within_rate(struct room *room, unsigned seat, const struct ws_event *event)
{
	const struct ipc_open *open = &room->ledger->open;
	struct complaint complaint;

	switch (allowance_take(&room->ledger->seats[seat].allowance, open, room->now_ms, event)) {
	case ALLOWANCE_GRANTED:
		return true;
	case ALLOWANCE_FLOOD:
		member_close(room, seat, WS_CLOSE_POLICY, "sending too fast", LEFT_FLOOD);
		return false;
	case ALLOWANCE_REFUSED:
		break;
	}
	if (event->kind == WS_TEXT || event->kind == WS_BINARY) {
		allowance_complain(&complaint, open);
		refuse(room, seat, &complaint);
	}
	return false;
}

void room_on_event(struct room *room, unsigned seat, const struct ws_event *event)
{
	struct complaint complaint;

	resume_on_heard(room, seat, event);
	if (event->kind != WS_CLOSE && event->kind != WS_FAIL && !within_rate(room, seat, event))
		return;
	switch (event->kind) {
	case WS_TEXT:
		tally_in(room, seat, event->length);
		on_text(room, seat, event);
		return;
	case WS_BINARY:
		complain(&complaint, ERROR_NOT_TEXT, "Send one JSON object in each text message.");
		on_refused(room, seat, &complaint);
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

/* --- what the broker says --- */

void room_open(struct room *room, const struct ipc_open *open)
{
	assert(open->max_members >= 1 && open->max_members <= LIMIT_MEMBERS_CEILING);
	assert(ledger_size(open) <= room->ledger_size);
	room->ledger->open = *open;
	room->seats = ledger_seats(open);
	room->state = IPC_IN_OPEN;
}

unsigned room_free_seat(struct room *room)
{
	for (unsigned i = 0; i < room->seats; i++)
		if (room->ledger->seats[i].state == SEAT_FREE)
			return i;
	for (unsigned i = 0; i < room->seats; i++)
		if (!seat_is_members(&room->ledger->seats[i]) && member_evict(room, i))
			return i;
	return room->seats;
}

static void on_join(struct room *room, int fd, const struct ipc_adopt *adopt, const void *rest, size_t length)
{
	unsigned seat = room_free_seat(room);

	assert(seat < room->seats); /* the broker counts members */
	if (fd >= 0 && member_can_watch(room, seat, fd)) {
		ledger_mark(&room->ledger->busy, seat + 1);
		member_sit(room, seat, fd, adopt, rest, length);
		tell_joined(room, seat, &adopt->resume);
		member_parse(room, seat);
		return;
	}
	if (fd >= 0)
		close(fd);
	member_miss(room, seat, adopt->client, true, 0);
}

/* m->fd is -1 if this process had none free for it. */
static void on_adopt(struct room *room, const struct ipc_message *m)
{
	const struct ipc_adopt *adopt = m->body;

	room->ledger->seen++;
	room->occupied = true;
	room->said_empty = false;
	if (adopt->resume.presented)
		resume_on_adopt(room, m->fd, adopt, m->tail, m->tail_length);
	else
		on_join(room, m->fd, adopt, m->tail, m->tail_length);
}

/* A broker that does not know us yet. */
static void on_census(struct room *room, const struct ipc_census *census)
{
	if (room->reseats_due > 0)
		heir_give_up(room);
	room->counting = true;
	room->census = census->number;
	room->counted = 0;
	room->said_empty = false;
}

/* The broker and the keeper are gone: so is the room. */
static void on_orphaned(struct room *room)
{
	struct epoll_event event = {0};

	room->orphaned = true;
	epoll_ctl(room->epoll, EPOLL_CTL_DEL, room->channel, &event);
	for (unsigned i = 0; i < room->ledger->top; i++)
		if (room->ledger->seats[i].state == SEAT_TAKEN)
			member_close(room, i, WS_CLOSE_GOING_AWAY, "the server stops", LEFT_DISCONNECT);
		else if (room->ledger->seats[i].state == SEAT_SUSPENDED)
			resume_give_up(room, i, LEFT_DISCONNECT);
}

bool room_on_channel(struct room *room)
{
	struct ipc_message m;

	for (;;) {
		int error = ipc_recv(room->channel, IPC_FROM_BROKER, room->state, &room->inbox, &m);
		if (error == -EAGAIN)
			return true;
		if (error == -EPIPE) {
			on_orphaned(room);
			return true;
		}
		if (error == -EMFILE && m.type == IPC_ADOPT)
			error = 0;
		assert(error == 0); /* a broker that says what it may not: nothing can be trusted any more */
		switch (m.type) {
		case IPC_OPEN:
			room_open(room, m.body);
			break;
		case IPC_ADOPT:
			on_adopt(room, &m);
			break;
		case IPC_REOPEN:
			heir_reopen(room, m.body);
			break;
		case IPC_RESEAT:
			heir_reseat(room, m.body, m.fd);
			break;
		case IPC_CENSUS:
			on_census(room, m.body);
			break;
		case IPC_KEEP:
			heir_keep(room, ((const struct ipc_which_client *)m.body)->client);
			break;
		case IPC_RETIRE:
			assert(room->used == 0);
			return false;
		default:
			operator_on_message(room, &m);
		}
	}
}

/* --- turns --- */

void room_on_socket(struct room *room, unsigned seat, uint32_t events)
{
	const struct seat *s = &room->ledger->seats[seat];

	if (s->state == SEAT_FREE || s->state == SEAT_GONE || s->state == SEAT_RETURNING || s->state == SEAT_SUSPENDED)
		return; /* it ended earlier in this turn */
	if (events & EPOLLOUT)
		member_flush(room, seat);
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	if (s->state == SEAT_TAKEN)
		member_read(room, seat);
	else if (s->state == SEAT_LINGERING)
		member_discard(room, seat);
	else if ((s->state == SEAT_LEAVING || s->state == SEAT_CLOSING) && (events & (EPOLLHUP | EPOLLERR)))
		member_cut(room, seat, false, LEFT_DISCONNECT);
}

static uint64_t tick(struct room *room)
{
	uint64_t next_ms = UINT64_MAX;

	for (unsigned i = 0; i < room->ledger->top; i++) {
		uint64_t at_ms = session_tick(room, i);
		next_ms = at_ms < next_ms ? at_ms : next_ms;
	}
	return next_ms;
}

/* Writes what is queued. Returns whether there was anything. */
static bool flush(struct room *room)
{
	bool any = false;

	for (unsigned i = 0; i < room->ledger->top; i++)
		if (room->sockets[i].dirty) {
			member_flush(room, i);
			any = true;
		}
	return any;
}

bool room_end_turn(struct room *room, uint64_t *ret_next_ms)
{
	*ret_next_ms = UINT64_MAX;
	if (room->reseats_due > 0 && !room->orphaned)
		return true; /* nothing is said before everyone sits again */
	/* Writing may find a connection dead, which is said to members whose turn was over: until all is written. The
	 * broker hears of a departure before the members do: whoever takes the free place must find it free. */
	do {
		*ret_next_ms = tick(room);
		report_all(room);
	} while (flush(room));
	if (room->retry_ms && room->retry_ms < *ret_next_ms)
		*ret_next_ms = room->retry_ms;
	operator_show_title(room);
	return !(room->orphaned && room->used == 0);
}
