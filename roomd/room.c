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
#include "session.h"
#include "tally.h"

/* Where messages are put together; large enough for a `joined` to the fullest room. */
static char scratch[LIMIT_SERVER_MESSAGE_BYTES + LIMIT_ICE_BYTES + LIMIT_MEMBERS_CEILING * LIMIT_PARTICIPANT_BYTES];

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

/* --- saying --- */

static void say_scratch(struct room *room, unsigned seat, const struct out *o)
{
	struct iovec part = {o->at, o->length};

	assert(!o->truncated);
	member_say(room, seat, &part, 1);
}

static void say_to_others(struct room *room, unsigned from, const struct iovec *parts, int part_count)
{
	for (unsigned i = 0; i < room->ledger->top; i++)
		if (i != from && room->ledger->seats[i].state == SEAT_TAKEN)
			member_say(room, i, parts, part_count);
}

static void welcome(struct room *room, unsigned seat)
{
	struct ledger *ledger = room->ledger;
	const struct seat *s = &ledger->seats[seat];
	struct out o = out_init(scratch, sizeof(scratch));
	bool first = true;

	server_message_joined_begin(&o, &ledger->open.room_id, &s->id, &s->sender);
	for (unsigned i = 0; i < room->ledger->top; i++)
		if (i != seat && ledger->seats[i].state == SEAT_TAKEN) {
			server_message_joined_participant(&o, first, &ledger->seats[i].id, &ledger->seats[i].sender);
			first = false;
		}
	session_joined_end(s->client, &o);
	say_scratch(room, seat, &o);

	o = out_init(scratch, sizeof(scratch));
	server_message_user_joined(&o, &ledger->open.room_id, &s->id, &s->sender);
	say_to_others(room, seat, &(struct iovec){o.at, o.length}, 1);
}

void room_on_departure(struct room *room, unsigned seat)
{
	struct seat *s = &room->ledger->seats[seat];
	char message[LIMIT_SERVER_MESSAGE_BYTES]; /* not `scratch`: a slow reader may be found while that is being sent
						   */
	struct out o = out_init(message, sizeof(message));

	server_message_user_left(&o, &room->ledger->open.room_id, &s->id, &s->sender,
				 (enum left_reason)(s->leaving - 1));
	assert(!o.truncated);
	/* When everyone goes, everyone is told with 1001. */
	for (unsigned i = s->told_up_to; i < room->ledger->top && !room->orphaned; i++) {
		if (i != seat && room->ledger->seats[i].state == SEAT_TAKEN)
			member_say(room, i, &(struct iovec){o.at, o.length}, 1);
		ledger_mark(&s->told_up_to, i + 1);
	}
	s->leaving = 0;
}

/* --- what members say --- */

static void refuse(struct room *room, unsigned seat, const struct complaint *complaint)
{
	struct out o = out_init(scratch, sizeof(scratch));

	server_message_error(&o, complaint);
	room->ledger->traffic.errors[complaint->code]++;
	say_scratch(room, seat, &o);
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
	struct out o = out_init(scratch, sizeof(scratch));

	server_message_signal_begin(&o, d->message.action, &room->ledger->open.room_id, &s->id, &s->sender,
				    d->message.target);
	struct iovec parts[3] = {{o.at, o.length},
				 {(void *)(uintptr_t)d->message.data.at, d->message.data.length},
				 {(void *)(uintptr_t) "}", 1}};
	assert(!o.truncated);
	operator_on_signal(room, from, d);
	if (d->kind == RELAY_TO_ONE)
		member_say(room, d->target, parts, 3);
	else
		say_to_others(room, from, parts, 3);
}

static void on_text(struct room *room, unsigned seat, const struct ws_event *event)
{
	const struct seat *s = &room->ledger->seats[seat];
	struct relay_decision d;
	struct out o;

	relay_decide(room->ledger, seat, (const char *)event->data, event->length, &d);
	switch (d.kind) {
	case RELAY_TO_OTHERS:
	case RELAY_TO_ONE:
		relay(room, seat, &d);
		return;
	case RELAY_PONG:
		o = out_init(scratch, sizeof(scratch));
		server_message_pong_begin(&o, d.message.data.length > 0);
		struct iovec parts[3] = {{o.at, o.length},
					 {(void *)(uintptr_t)d.message.data.at, d.message.data.length},
					 {(void *)(uintptr_t) "}", 1}};
		member_say(room, seat, parts, 3);
		return;
	case RELAY_LEAVE:
		o = out_init(scratch, sizeof(scratch));
		server_message_left(&o, &room->ledger->open.room_id, &s->id);
		say_scratch(room, seat, &o);
		if (s->state == SEAT_TAKEN)
			member_leave(room, seat);
		return;
	case RELAY_ICE:
		if (!session_ask_ice(room, seat, &d.complaint))
			refuse(room, seat, &d.complaint);
		return;
	case RELAY_REFUSE:
		on_refused(room, seat, &d.complaint);
		return;
	}
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
		member_close(room, seat, event->code, "", LEFT_DISCONNECT);
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
		if (room->ledger->seats[i].state != SEAT_TAKEN && member_evict(room, i))
			return i;
	return room->seats;
}

static void on_adopt(struct room *room, const struct ipc_message *m)
{
	unsigned seat = room_free_seat(room);

	room->ledger->seen++;
	room->occupied = true;
	room->said_empty = false;
	assert(seat < room->seats); /* the broker counts members */
	ledger_mark(&room->ledger->busy, seat + 1);
	if (!member_sit(room, seat, m->fd, m->body, m->tail, m->tail_length)) {
		ledger_mark(&room->ledger->busy, 0);
		member_miss(room, seat, ((const struct ipc_adopt *)m->body)->client, true);
		return;
	}
	welcome(room, seat);
	member_parse(room, seat);
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
}

bool room_on_channel(struct room *room)
{
	static struct ipc_inbox inbox;
	struct ipc_message m;

	for (;;) {
		int error = ipc_recv(room->channel, IPC_FROM_BROKER, room->state, &inbox, &m);
		if (error == -EAGAIN)
			return true;
		if (error == -EPIPE) {
			on_orphaned(room);
			return true;
		}
		if (error == -EMFILE && m.type == IPC_ADOPT) {
			const struct ipc_adopt *adopt = m.body;
			room->ledger->seen++;
			member_miss(room, room_free_seat(room), adopt->client, true);
			continue;
		}
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

	if (s->state == SEAT_FREE || s->state == SEAT_GONE || s->state == SEAT_RETURNING)
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

int room_tell(struct room *room, enum ipc_type type, const void *body, const void *tail, size_t tail_length, int fd)
{
	int error = ipc_send(room->channel, type, body, tail, tail_length, fd);

	if (error != -ETOOMANYREFS)
		return error;
	room->retry_ms = room->now_ms + LIMIT_IN_FLIGHT_MS;
	return -EAGAIN;
}

/* Says who sits here, with a duplicate of each connection. */
static int count(struct room *room)
{
	struct ipc_counted counted = {.seen = room->ledger->seen,
				      .census = room->census,
				      .open = room->state == IPC_IN_OPEN,
				      .used = (uint16_t)room->used};

	for (; room->counted < room->ledger->top; room->counted++) {
		const struct seat *s = &room->ledger->seats[room->counted];
		struct ipc_sits sits = {.client = s->client, .member = s->state == SEAT_TAKEN, .census = room->census};
		if (s->state == SEAT_FREE || s->state == SEAT_GONE)
			continue;
		int error = room_tell(room, IPC_SITS, &sits, NULL, 0, room->sockets[room->counted].fd);
		if (error < 0)
			return error;
	}
	int error = room_tell(room, IPC_COUNTED, &counted, NULL, 0, -1);
	room->counting = error == -EAGAIN;
	/* That says as much as EMPTY does, and is answered like it: nothing more may be said. */
	room->said_empty |= error == 0 && counted.open && room->used == 0;
	return error;
}

/* Nobody is here, and nobody has said so yet. */
static int report_empty(struct room *room)
{
	struct ipc_empty empty = {.seen = room->ledger->seen};

	if (room->state != IPC_IN_OPEN || room->used > 0 || !room->occupied || room->said_empty)
		return 0;
	int error = room_tell(room, IPC_EMPTY, &empty, NULL, 0, -1);
	room->said_empty = error != -EAGAIN;
	return error;
}

/* Says to the broker all that is to be said, as far as the channel takes it. */
static void report(struct room *room)
{
	int error = 0;

	room->retry_ms = 0;
	for (unsigned i = 0; room->reports && error == 0 && i < room->ledger->top; i++)
		error = session_report(room, i);
	if (error == 0)
		room->reports = false;
	room->ledger->used = room->used;
	/* After that, nothing that is said of a seat contradicts the count. */
	if (error == 0 && room->counting && !room->orphaned)
		error = count(room);
	if (error == 0 && !room->orphaned)
		error = report_empty(room);
	bool full = error == -EAGAIN && !room->retry_ms;
	if (room->channel_full == full || room->orphaned)
		return;
	room->channel_full = full;
	struct epoll_event event = {.events = EPOLLIN | (room->channel_full ? EPOLLOUT : 0U),
				    .data.u32 = LIMIT_SEATS_CEILING};
	epoll_ctl(room->epoll, EPOLL_CTL_MOD, room->channel, &event);
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
		report(room);
	} while (flush(room));
	if (room->retry_ms && room->retry_ms < *ret_next_ms)
		*ret_next_ms = room->retry_ms;
	operator_show_title(room);
	return !(room->orphaned && room->used == 0);
}
