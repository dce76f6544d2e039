/* member - one seat of the room and its connection. */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "echo.h"
#include "member.h"
#include "queue.h"
#include "tally.h"

/* Who may follow whom. */
static const unsigned successors[SEAT_STATES] = {
    [SEAT_FREE] = 1 << SEAT_TAKEN,
    [SEAT_TAKEN] = 1 << SEAT_LEAVING | 1 << SEAT_CLOSING | 1 << SEAT_GONE,
    [SEAT_LEAVING] = 1 << SEAT_RETURNING | 1 << SEAT_GONE,
    [SEAT_RETURNING] = 1 << SEAT_FREE,
    [SEAT_CLOSING] = 1 << SEAT_LINGERING | 1 << SEAT_GONE,
    [SEAT_LINGERING] = 1 << SEAT_GONE,
    [SEAT_GONE] = 1 << SEAT_FREE,
};

static struct seat *seat_of(struct room *room, unsigned seat)
{
	return &room->ledger->seats[seat];
}

static void member_enter(struct room *room, unsigned seat, enum seat_state next)
{
	struct seat *s = seat_of(room, seat);

	assert(successors[s->state] & 1U << next);
	room->members += (next == SEAT_TAKEN) - (unsigned)(s->state == SEAT_TAKEN);
	room->used += (s->state == SEAT_FREE) - (unsigned)(next == SEAT_FREE);
	room->reports |= next == SEAT_RETURNING || next == SEAT_GONE;
	s->state = (uint8_t)next;
	ledger_note_top(room->ledger, seat);
}

/* Tells epoll what the seat waits for; 0: for nothing, not even to hear that the connection broke. */
static void member_watch(struct room *room, unsigned seat, uint32_t interest)
{
	struct epoll_event event = {.events = interest, .data.u32 = seat};
	uint32_t before = room->sockets[seat].interest;
	int operation = !before ? EPOLL_CTL_ADD : interest ? EPOLL_CTL_MOD : EPOLL_CTL_DEL;

	if (interest == before)
		return;
	int error = epoll_ctl(room->epoll, operation, room->sockets[seat].fd, &event);
	assert(error == 0);
	room->sockets[seat].interest = interest;
}

void member_depart(struct room *room, unsigned seat, enum seat_state next, enum left_reason reason)
{
	struct seat *s = seat_of(room, seat);

	/* What an heir needs to know to finish this comes before the state that shows that it had begun. */
	s->told_up_to = 0;
	s->departure = s->leaving = (uint8_t)(reason + 1);
	room->reports = true;
	ledger_fence();
	member_enter(room, seat, next);
	room_on_departure(room, seat);
}

/* Lets go of the socket. While the broker holds its duplicate, epoll would report it: it is taken out first. */
static void member_release(struct room *room, unsigned seat)
{
	member_watch(room, seat, 0);
	close(room->sockets[seat].fd);
	room->sockets[seat].fd = -1;
	room->sockets[seat].dirty = false;
}

bool member_sit(struct room *room, unsigned seat, int fd, const struct ipc_adopt *adopt, const void *rest,
		size_t rest_length)
{
	struct seat *s = seat_of(room, seat);
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = seat};

	if (epoll_ctl(room->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
		close(fd);
		return false;
	}
	memset(s, 0, sizeof(*s));
	s->client = adopt->client;
	s->id = adopt->id;
	s->sender = adopt->sender;
	s->allowance = adopt->allowance;
	s->expires_ms = adopt->expires_ms;
	s->keepalive.heard_ms = room->now_ms;
	s->in_origin = adopt->in_bytes - rest_length;
	s->out_origin = adopt->out_bytes;
	memcpy(ledger_input(room->ledger, seat), rest, rest_length);
	s->in.end = (uint32_t)rest_length;
	room->sockets[seat].fd = fd;
	room->sockets[seat].interest = event.events;
	member_enter(room, seat, SEAT_TAKEN);
	return true;
}

void member_miss(struct room *room, unsigned seat, uint64_t client, bool member)
{
	struct seat *s = seat_of(room, seat);

	assert(seat < room->seats && s->state == SEAT_FREE);
	memset(s, 0, sizeof(*s));
	s->client = client;
	s->close_code = WS_CLOSE_INTERNAL;
	s->departure = member ? LEFT_DISCONNECT + 1 : 0;
	s->state = SEAT_GONE;
	ledger_note_top(room->ledger, seat);
	room->used++;
	room->occupied = true;
	room->said_empty = false;
	room->reports = true;
}

void member_sit_again(struct room *room, unsigned seat, int fd)
{
	enum seat_state state = seat_of(room, seat)->state;

	room->sockets[seat].fd = fd;
	room->sockets[seat].interest = 0;
	if (state == SEAT_RETURNING)
		return;
	room->sockets[seat].dirty = true;
	member_watch(room, seat, state == SEAT_LEAVING || state == SEAT_CLOSING ? EPOLLOUT : EPOLLIN);
}

void member_forget(struct room *room, unsigned seat)
{
	struct seat *s = seat_of(room, seat);

	room->members -= s->state == SEAT_TAKEN;
	room->used -= s->state != SEAT_FREE;
	s->state = SEAT_FREE;
	ledger_note_top(room->ledger, seat);
	s->departure = 0;
}

/* --- in --- */

void member_parse(struct room *room, unsigned seat)
{
	struct seat *s = seat_of(room, seat);
	uint8_t *buffer = ledger_input(room->ledger, seat);
	struct ws_event event;

	ledger_mark(&room->ledger->busy, seat + 1);
	do {
		ws_stream_next(&s->in, buffer, room->ledger->open.message_bytes_max, &event);
		if (echo_is_on() && (event.kind == WS_TEXT || event.kind == WS_BINARY))
			member_answer(room, seat, event.kind == WS_TEXT ? WS_OP_TEXT : WS_OP_BINARY, &event);
		else
			room_on_event(room, seat, &event);
	} while (s->state == SEAT_TAKEN && event.kind != WS_MORE);
	if (s->state == SEAT_TAKEN) {
		uint32_t end = s->in.end;
		ws_stream_compact(&s->in, buffer);
		s->in_origin += end - s->in.end;
	}
	ledger_mark(&room->ledger->busy, 0);
}

void member_read(struct room *room, unsigned seat)
{
	struct seat *s = seat_of(room, seat);
	ssize_t n =
	    recv(room->sockets[seat].fd, ledger_input(room->ledger, seat) + s->in.end, LIMIT_READ_BYTES, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		member_cut(room, seat, false, LEFT_DISCONNECT);
		return;
	}
	ledger_mark(&s->in.end, s->in.end + (uint32_t)n);
	s->keepalive.heard_ms = room->now_ms;
	member_parse(room, seat);
}

void member_discard(struct room *room, unsigned seat)
{
	ssize_t n = recv(room->sockets[seat].fd, ledger_input(room->ledger, seat), LIMIT_READ_BYTES, MSG_DONTWAIT);

	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	member_release(room, seat);
	member_enter(room, seat, SEAT_GONE);
}

/* --- out --- */

/* Writes what the socket takes of what is owed. Returns false if the connection is broken. */
static bool write_owed(struct room *room, unsigned seat)
{
	struct seat *s = seat_of(room, seat);

	if (s->owed_at == s->owed_end)
		return true;
	ssize_t n = send(room->sockets[seat].fd, ledger_queue(room->ledger, seat) + s->owed_at,
			 s->owed_end - s->owed_at, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n > 0)
		ledger_mark(&s->owed_at, s->owed_at + (uint32_t)n);
	return n >= 0 || errno == EAGAIN || errno == EINTR;
}

static void queue_frame(struct room *room, unsigned seat, enum ws_opcode opcode, const struct iovec *parts,
			int part_count)
{
	room->sockets[seat].dirty = true;
	if (queue_append(room->ledger, seat, opcode, parts, part_count) == 0)
		return;
	/* Much may have come in one turn: only what the socket does not take makes a slow reader. */
	if (!write_owed(room, seat))
		member_cut(room, seat, false, LEFT_DISCONNECT);
	else if (queue_append(room->ledger, seat, opcode, parts, part_count) < 0)
		member_close(room, seat, WS_CLOSE_POLICY, "reading too slowly", LEFT_SLOW);
}

void member_say(struct room *room, unsigned seat, const struct iovec *parts, int part_count)
{
	if (seat_of(room, seat)->state != SEAT_TAKEN || echo_is_on())
		return;
	tally_out(room, seat, parts, part_count);
	queue_frame(room, seat, WS_OP_TEXT, parts, part_count);
}

void member_answer(struct room *room, unsigned seat, enum ws_opcode opcode, const struct ws_event *event)
{
	queue_frame(room, seat, opcode, &(struct iovec){event->data, event->length}, 1);
}

/* What follows once the queue is out. */
static void on_flushed(struct room *room, unsigned seat)
{
	switch (seat_of(room, seat)->state) {
	case SEAT_TAKEN:
		member_watch(room, seat, EPOLLIN);
		return;
	case SEAT_LEAVING:
		member_watch(room, seat, 0); /* from here on the lobby reads it */
		member_enter(room, seat, SEAT_RETURNING);
		return;
	case SEAT_CLOSING:
		shutdown(room->sockets[seat].fd, SHUT_WR);
		member_watch(room, seat, EPOLLIN);
		member_enter(room, seat, SEAT_LINGERING);
		return;
	default:
		return;
	}
}

void member_flush(struct room *room, unsigned seat)
{
	struct seat *s = seat_of(room, seat);

	room->sockets[seat].dirty = false;
	if (!write_owed(room, seat)) {
		member_cut(room, seat, false, LEFT_DISCONNECT);
		return;
	}
	if (s->owed_at < s->owed_end) {
		member_watch(room, seat, s->state == SEAT_TAKEN ? EPOLLIN | EPOLLOUT : EPOLLOUT);
		return;
	}
	queue_reset(room->ledger, seat);
	on_flushed(room, seat);
}

/* --- the end --- */

void member_leave(struct room *room, unsigned seat)
{
	struct seat *s = seat_of(room, seat);

	s->deadline_ms = room->now_ms + LIMIT_LEAVE_MS;
	room->sockets[seat].dirty = true;
	member_depart(room, seat, SEAT_LEAVING, LEFT_LEAVE);
}

void member_close(struct room *room, unsigned seat, uint16_t code, const char *why, enum left_reason reason)
{
	struct seat *s = seat_of(room, seat);

	/* A reader that is to be closed for being slow won't miss what has not begun to go out. Otherwise an error that
	 * explains the close is worth sending, and a reader that keeps up has nothing else waiting. */
	if (reason == LEFT_SLOW)
		queue_drop_unbegun(room->ledger, seat);
	queue_append_close(room->ledger, seat, code, why);
	s->close_code = code;
	s->deadline_ms = room->now_ms + LIMIT_GOODBYE_MS;
	room->sockets[seat].dirty = true;
	member_depart(room, seat, SEAT_CLOSING, reason);
}

void member_cut(struct room *room, unsigned seat, bool reset, enum left_reason reason)
{
	struct seat *s = seat_of(room, seat);
	bool member = s->state == SEAT_TAKEN;
	struct linger linger = {.l_onoff = 1, .l_linger = 0};

	if (reset)
		setsockopt(room->sockets[seat].fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	else
		shutdown(room->sockets[seat].fd, SHUT_RDWR);
	member_release(room, seat);
	if (!s->close_code)
		s->close_code = WS_CLOSE_ABNORMAL;
	if (member)
		member_depart(room, seat, SEAT_GONE, reason);
	else
		member_enter(room, seat, SEAT_GONE);
}

uint64_t member_tick(struct room *room, unsigned seat)
{
	struct seat *s = seat_of(room, seat);
	const struct ipc_open *open = &room->ledger->open;
	uint64_t next_ms = UINT64_MAX;

	switch (s->state) {
	case SEAT_TAKEN:
		break;
	case SEAT_LEAVING:
	case SEAT_CLOSING:
	case SEAT_LINGERING:
		if (room->now_ms < s->deadline_ms)
			return s->deadline_ms;
		member_cut(room, seat, s->state != SEAT_LINGERING, LEFT_SLOW);
		return UINT64_MAX;
	default:
		return UINT64_MAX;
	}
	switch (keepalive_due(&s->keepalive, room->now_ms, open->ping_interval_ms, open->ping_timeout_ms, &next_ms)) {
	case KEEPALIVE_WAIT:
		break;
	case KEEPALIVE_DEAD:
		member_cut(room, seat, true, LEFT_TIMEOUT);
		return UINT64_MAX;
	case KEEPALIVE_PING:
		s->keepalive.pinged_ms = room->now_ms;
		queue_frame(room, seat, WS_OP_PING, NULL, 0);
		return member_tick(room, seat);
	}
	return next_ms;
}

/* Sends a report, unless there is nobody to hear it. An error other than -EAGAIN is the channel's end, which its reader
 * sees. */
static int report(struct room *room, enum ipc_type type, const void *body, const void *tail, size_t tail_length, int fd)
{
	return room->orphaned ? 0 : room_tell(room, type, body, tail, tail_length, fd);
}

int member_report(struct room *room, unsigned seat)
{
	struct seat *s = seat_of(room, seat);

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
		struct ipc_closed body = {.client = s->client, .close_code = s->close_code};
		if (report(room, IPC_CLOSED, &body, NULL, 0, -1) == -EAGAIN)
			return -EAGAIN;
		member_enter(room, seat, SEAT_FREE);
	}
	return 0;
}

bool member_evict(struct room *room, unsigned seat)
{
	enum seat_state state = seat_of(room, seat)->state;

	if (state == SEAT_LEAVING || state == SEAT_CLOSING || state == SEAT_LINGERING)
		member_cut(room, seat, true, LEFT_DISCONNECT);
	return member_report(room, seat) == 0;
}
