/* report - what the broker is told of a seat. */
#include <errno.h>
#include <sys/epoll.h>

#include "member.h"
#include "report.h"
#include "session.h"

/* Says something to the broker. Returns 0 or -errno; -EAGAIN, and the end of a turn says it again: the channel is full,
 * or (with a descriptor) too many descriptors are on their way to others. */
static int say(struct room *room, enum ipc_type type, const void *body, const void *tail, size_t tail_length, int fd)
{
	int error = ipc_send(room->channel, type, body, tail, tail_length, fd);

	if (error != -ETOOMANYREFS)
		return error;
	room->retry_ms = room->now_ms + LIMIT_IN_FLIGHT_MS;
	return -EAGAIN;
}

/* Sends a report, unless there is nobody to hear it. An error other than -EAGAIN is the channel's end, which its reader
 * sees. */
static int report(struct room *room, enum ipc_type type, const void *body, const void *tail, size_t tail_length, int fd)
{
	return room->orphaned ? 0 : say(room, type, body, tail, tail_length, fd);
}

/* That the client has the seat, and that it has no connection any more: in this order, and before the rest. */
static int report_resume(struct room *room, unsigned seat)
{
	struct seat *s = &room->ledger->seats[seat];

	if (s->due & DUE_RESUMED) {
		struct ipc_which_client body = {s->client};
		if (report(room, IPC_RESUMED, &body, NULL, 0, -1) == -EAGAIN)
			return -EAGAIN;
		s->due &= (uint8_t)~DUE_RESUMED;
	}
	if (s->due & DUE_SUSPENDED && s->state == SEAT_SUSPENDED) {
		struct ipc_closed body = {.client = s->client, .close_code = s->close_code};
		if (report(room, IPC_SUSPENDED, &body, NULL, 0, -1) == -EAGAIN)
			return -EAGAIN;
		s->due &= (uint8_t)~DUE_SUSPENDED;
	}
	return 0;
}

/* That somebody has the seat which was this client's comes before the end of its connection. */
static int report_successor(struct room *room, uint64_t client)
{
	for (unsigned i = 0; i < room->ledger->top; i++) {
		const struct seat *s = &room->ledger->seats[i];
		if (s->state != SEAT_FREE && (s->due & DUE_RESUMED) && s->resume.of == client)
			return report_resume(room, i);
	}
	return 0;
}

static int report_end(struct room *room, const struct seat *s)
{
	struct ipc_closed closed = {.client = s->client, .close_code = s->close_code};
	struct ipc_which_client not_resumed = {s->client};

	return s->due & DUE_NOT_RESUMED                       ? report(room, IPC_NOT_RESUMED, &not_resumed, NULL, 0, -1)
	       : report_successor(room, s->client) == -EAGAIN ? -EAGAIN
							      : report(room, IPC_CLOSED, &closed, NULL, 0, -1);
}

/* Says that nobody is here, and how the last one ended, if that was not said (or NULL). */
static int say_empty(struct room *room, const struct seat *last)
{
	struct ipc_empty empty = {.seen = room->ledger->seen, .traffic = room->ledger->traffic};

	if (last) {
		empty.client = last->client;
		empty.departure = last->departure;
		empty.close_code = last->close_code;
	}
	int error = say(room, IPC_EMPTY, &empty, NULL, 0, -1);
	room->said_empty = error != -EAGAIN;
	return error;
}

/* Is there no other, and nothing to be said of it but how it ended? */
static bool ends_room(const struct room *room, const struct seat *s)
{
	return s->state == SEAT_GONE && !s->due && room->used == 1 && room->occupied && !room->counting &&
	       !room->orphaned;
}

int report_seat(struct room *room, unsigned seat)
{
	struct seat *s = &room->ledger->seats[seat];

	if (ends_room(room, s)) {
		if (say_empty(room, s) == -EAGAIN)
			return -EAGAIN;
		s->departure = 0;
		member_enter(room, seat, SEAT_FREE);
		return 0;
	}
	if (s->due && report_resume(room, seat) == -EAGAIN)
		return -EAGAIN;
	if (s->departure) {
		struct ipc_left body = {.client = s->client, .reason = s->departure - 1U};
		if (report(room, IPC_LEFT, &body, NULL, 0, -1) == -EAGAIN)
			return -EAGAIN;
		s->departure = 0;
	}
	if (s->state == SEAT_RETURNING) {
		struct ipc_return body = {.client = s->client,
					  .in_bytes = s->in_origin + s->in.end,
					  .out_bytes = s->out_origin + s->owed_at,
					  .allowance = s->allowance};
		const uint8_t *rest = ledger_input(room->ledger, seat) + s->in.at;
		if (report(room, IPC_RETURN, &body, rest, s->in.end - s->in.at, room->sockets[seat].fd) == -EAGAIN)
			return -EAGAIN;
		member_release(room, seat);
		member_enter(room, seat, SEAT_FREE);
	} else if (s->state == SEAT_GONE) {
		if (report_end(room, s) == -EAGAIN)
			return -EAGAIN;
		s->due = 0;
		member_enter(room, seat, SEAT_FREE);
	}
	return 0;
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
		struct ipc_sits sits = {.client = s->client, .member = seat_is_members(s), .census = room->census};
		if (s->state == SEAT_FREE || s->state == SEAT_GONE)
			continue;
		int error = s->state == SEAT_SUSPENDED
				? say(room, IPC_KEPT, &sits, NULL, 0, -1)
				: say(room, IPC_SITS, &sits, NULL, 0, room->sockets[room->counted].fd);
		if (error < 0)
			return error;
	}
	int error = say(room, IPC_COUNTED, &counted, NULL, 0, -1);
	room->counting = error == -EAGAIN;
	/* That says as much as EMPTY does, and is answered like it: nothing more may be said. */
	room->said_empty |= error == 0 && counted.open && room->used == 0;
	return error;
}

/* Nobody is here, and nobody has said so yet. */
static int report_empty(struct room *room)
{
	if (room->state != IPC_IN_OPEN || room->used > 0 || !room->occupied || room->said_empty)
		return 0;
	return say_empty(room, NULL);
}

void report_all(struct room *room)
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
				    .data.u32 = ROOM_EVENT_CHANNEL};
	epoll_ctl(room->epoll, EPOLL_CTL_MOD, room->channel, &event);
}
