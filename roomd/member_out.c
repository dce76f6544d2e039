/* member_out - what goes out to the member in a seat. */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "echo.h"
#include "member.h"
#include "queue.h"
#include "resume.h"
#include "tally.h"

bool member_write(struct room *room, unsigned seat)
{
	struct seat *s = &room->ledger->seats[seat];

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
	if (!member_write(room, seat))
		member_cut(room, seat, false, LEFT_DISCONNECT);
	else if (queue_append(room->ledger, seat, opcode, parts, part_count) < 0)
		member_close(room, seat, WS_CLOSE_POLICY, "reading too slowly", LEFT_SLOW);
}

void member_queue(struct room *room, unsigned seat, const struct iovec *parts, int part_count)
{
	tally_out(room, seat, parts, part_count);
	queue_frame(room, seat, WS_OP_TEXT, parts, part_count);
}

/* Has a cursor, if the message moves one, stand behind the seat. */
static void move_cursor(struct room *room, unsigned seat, const struct member_cursor *cursor)
{
	struct seat *by = &room->ledger->seats[cursor->by];

	if (cursor->kind != CURSOR_NONE)
		ledger_mark(cursor->kind == CURSOR_TOLD ? &by->told_up_to : &by->resume.handed_up_to, seat + 1);
}

void member_say_on(struct room *room, unsigned seat, const struct member_cursor *cursor, const struct iovec *parts,
		   int part_count)
{
	const struct seat *s = &room->ledger->seats[seat];
	struct saying *saying = &room->ledger->saying;

	if (!seat_is_members(s) || echo_is_on())
		return;
	saying->by = cursor->by;
	saying->cursor = cursor->kind;
	saying->queued = s->out_origin + s->owed_end;
	saying->next = seat_is_resumable(s) ? ledger_replay(room->ledger, seat)->next : 0;
	ledger_mark(&saying->to, seat + 1);
	if (seat_is_resumable(s))
		resume_say(room, seat, parts, part_count);
	else
		member_queue(room, seat, parts, part_count);
	move_cursor(room, seat, cursor);
	ledger_mark(&saying->to, 0);
}

void member_say(struct room *room, unsigned seat, const struct iovec *parts, int part_count)
{
	member_say_on(room, seat, &(struct member_cursor){CURSOR_NONE, 0}, parts, part_count);
}

void member_answer(struct room *room, unsigned seat, enum ws_opcode opcode, const struct ws_event *event)
{
	queue_frame(room, seat, opcode, &(struct iovec){event->data, event->length}, 1);
}

void member_ping(struct room *room, unsigned seat, const char *payload)
{
	struct iovec part = {(void *)(uintptr_t)payload, strlen(payload)};

	room->ledger->seats[seat].keepalive.pinged_ms = room->now_ms;
	queue_frame(room, seat, WS_OP_PING, &part, 1);
}

/* What follows once the queue is out. */
static void on_flushed(struct room *room, unsigned seat)
{
	switch (room->ledger->seats[seat].state) {
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
	struct seat *s = &room->ledger->seats[seat];

	room->sockets[seat].dirty = false;
	if (!member_write(room, seat)) {
		member_cut(room, seat, false, errno == ETIMEDOUT ? LEFT_TIMEOUT : LEFT_DISCONNECT);
		return;
	}
	if (s->owed_at < s->owed_end) {
		member_watch(room, seat, s->state == SEAT_TAKEN ? EPOLLIN | EPOLLOUT : EPOLLOUT);
		return;
	}
	queue_reset(room->ledger, seat);
	on_flushed(room, seat);
}
