/* member - one seat of the room and its connection. */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "echo.h"
#include "member.h"
#include "message.h"
#include "queue.h"
#include "report.h"
#include "resume.h"
#include "tell.h"

/* Who may follow whom. */
static const unsigned successors[SEAT_STATES] = {
    [SEAT_FREE] = 1 << SEAT_TAKEN,
    [SEAT_TAKEN] = 1 << SEAT_SUSPENDED | 1 << SEAT_LEAVING | 1 << SEAT_CLOSING | 1 << SEAT_GONE,
    [SEAT_SUSPENDED] = 1 << SEAT_TAKEN | 1 << SEAT_GONE,
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

void member_enter(struct room *room, unsigned seat, enum seat_state next)
{
	struct seat *s = seat_of(room, seat);

	assert(successors[s->state] & 1U << next);
	room->members -= seat_is_members(s);
	room->used += (s->state == SEAT_FREE) - (unsigned)(next == SEAT_FREE);
	room->reports |= next == SEAT_RETURNING || next == SEAT_GONE;
	s->state = (uint8_t)next;
	room->members += seat_is_members(s);
	ledger_note_top(room->ledger, seat);
}

void member_watch(struct room *room, unsigned seat, uint32_t interest)
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
	s->departure = (uint8_t)(reason + 1);
	s->news = (uint8_t)(NEWS_LEFT + reason);
	room->reports = true;
	ledger_fence();
	member_enter(room, seat, next);
	tell_news(room, seat);
}

/* While the broker holds its duplicate, epoll would report it: it is taken out first. */
void member_release(struct room *room, unsigned seat)
{
	member_watch(room, seat, 0);
	close(room->sockets[seat].fd);
	room->sockets[seat].fd = -1;
	room->sockets[seat].dirty = false;
}

bool member_can_watch(const struct room *room, unsigned seat, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = seat};

	return epoll_ctl(room->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

void member_take_place(struct room *room, unsigned seat, int fd, const struct ipc_adopt *adopt, const void *rest,
		       size_t rest_length)
{
	struct seat *s = seat_of(room, seat);

	s->keepalive = (struct keepalive){.heard_ms = room->now_ms};
	s->in = (struct ws_stream){.end = (uint32_t)rest_length};
	s->in_origin = adopt->in_bytes - rest_length;
	s->owed_at = s->owed_end = s->owed_boundary = 0;
	s->out_origin = adopt->out_bytes;
	memcpy(ledger_input(room->ledger, seat), rest, rest_length);
	room->sockets[seat].fd = fd;
	room->sockets[seat].interest = EPOLLIN;
	if (s->state != SEAT_TAKEN)
		member_enter(room, seat, SEAT_TAKEN);
}

void member_sit(struct room *room, unsigned seat, int fd, const struct ipc_adopt *adopt, const void *rest,
		size_t rest_length)
{
	struct seat *s = seat_of(room, seat);

	memset(s, 0, sizeof(*s));
	s->client = adopt->client;
	s->id = adopt->id;
	s->sender = adopt->sender;
	s->allowance = adopt->allowance;
	s->expires_ms = adopt->expires_ms;
	/* From when it is a member on, the others are to know, whoever tells them. */
	s->news = NEWS_JOINED;
	ledger_fence();
	member_take_place(room, seat, fd, adopt, rest, rest_length);
}

void member_part(struct room *room, unsigned seat, uint16_t code, const char *why)
{
	unsigned other = room_free_seat(room);
	const struct seat *from = seat_of(room, seat);
	struct seat *to = seat_of(room, other);

	assert(other < room->seats);
	memset(to, 0, sizeof(*to));
	to->client = from->client;
	to->id = from->id;
	to->sender = from->sender;
	to->in_origin = from->in_origin + from->in.end;
	queue_copy_begun(room->ledger, seat, other);
	queue_append_close(room->ledger, other, code, why);
	to->close_code = code;
	to->deadline_ms = room->now_ms + LIMIT_GOODBYE_MS;
	member_watch(room, seat, 0);
	room->sockets[other].fd = room->sockets[seat].fd;
	room->sockets[other].interest = 0;
	room->sockets[other].dirty = true;
	room->sockets[seat].fd = -1;
	room->sockets[seat].dirty = false;
	ledger_fence();
	to->state = SEAT_CLOSING;
	room->used++;
	ledger_note_top(room->ledger, other);
	member_watch(room, other, EPOLLOUT);
}

void member_miss(struct room *room, unsigned seat, uint64_t client, bool member, enum seat_due due)
{
	struct seat *s = seat_of(room, seat);

	assert(seat < room->seats && s->state == SEAT_FREE);
	memset(s, 0, sizeof(*s));
	s->client = client;
	s->close_code = WS_CLOSE_INTERNAL;
	s->departure = member ? LEFT_DISCONNECT + 1 : 0;
	s->due = (uint8_t)due;
	ledger_fence();
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

void member_lose(struct room *room, unsigned seat)
{
	struct seat *s = seat_of(room, seat);

	s->told_up_to = 0;
	s->news = NEWS_LEFT + LEFT_DISCONNECT;
	ledger_fence();
	member_enter(room, seat, SEAT_GONE);
}

void member_forget(struct room *room, unsigned seat)
{
	struct seat *s = seat_of(room, seat);

	room->members -= seat_is_members(s);
	room->used -= s->state != SEAT_FREE;
	s->state = SEAT_FREE;
	ledger_note_top(room->ledger, seat);
	s->departure = s->due = 0;
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
			message_on_event(room, seat, &event);
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
		member_cut(room, seat, false, n < 0 && errno == ETIMEDOUT ? LEFT_TIMEOUT : LEFT_DISCONNECT);
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
	if (member && seat_is_resumable(s) && reason != LEFT_SLOW && !room->orphaned)
		resume_suspend(room, seat);
	else if (member)
		member_depart(room, seat, SEAT_GONE, reason);
	else
		member_enter(room, seat, SEAT_GONE);
}

void member_hang_up(struct room *room, unsigned seat, uint16_t code, const char *why)
{
	struct seat *s = seat_of(room, seat);

	if (!seat_is_resumable(s) || room->orphaned) {
		member_close(room, seat, code, why, LEFT_DISCONNECT);
		return;
	}
	/* The seat stays, so it can't be where we wait for the goodbye: that goes out now, or not. */
	queue_append_close(room->ledger, seat, code, why);
	s->close_code = code;
	member_write(room, seat);
	shutdown(room->sockets[seat].fd, SHUT_WR);
	member_release(room, seat);
	resume_suspend(room, seat);
}

uint64_t member_tick(struct room *room, unsigned seat)
{
	struct seat *s = seat_of(room, seat);
	const struct ipc_open *open = &room->ledger->open;
	uint64_t next_ms = UINT64_MAX;

	switch (s->state) {
	case SEAT_TAKEN:
		break;
	case SEAT_SUSPENDED:
		if (room->now_ms < s->deadline_ms)
			return s->deadline_ms;
		resume_on_deadline(room, seat);
		return UINT64_MAX;
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
		member_ping(room, seat, "");
		return member_tick(room, seat);
	}
	return next_ms;
}

bool member_evict(struct room *room, unsigned seat)
{
	enum seat_state state = seat_of(room, seat)->state;

	if (state == SEAT_LEAVING || state == SEAT_CLOSING || state == SEAT_LINGERING)
		member_cut(room, seat, true, LEFT_DISCONNECT);
	return report_seat(room, seat) == 0;
}
