/* room_message - what a room's process says. */
#include <errno.h>
#include <unistd.h>

#include "broker.h"
#include "event.h"
#include "lobby.h"
#include "log.h"
#include "room_ice.h"
#include "room_resume.h"

#define LOG_ROOM(room) log_name((room)->id.bytes, (room)->id.length).text

static int on_left(struct room *room, const struct ipc_left *body)
{
	struct client *c = room_find_seated(room, body->client);

	if (!c || !c->member || body->reason >= LEFT_REASONS_COUNT)
		return -EPROTO;
	c->member = false;
	room->members--;
	resume_forget(c);
	log_info("left", "room=%s client=%.8s reason=%s members=%u", LOG_ROOM(room), c->id.text,
		 left_reason_text((enum left_reason)body->reason), room->members);
	event_left(room, c, (enum left_reason)body->reason);
	return 0;
}

/* Finds who has left already, and whose connection is now spoken of. In a room of another broker's, that one may have
 * heard that it left; and *ret may be NULL: one whose connection was only saying goodbye. Returns 0 or -EPROTO. */
static int find_departed(struct room *room, uint64_t number, struct client **ret)
{
	struct client *c = room_find_seated(room, number);

	*ret = c;
	if (room->counting && c && c->member) {
		c->member = false;
		room->members--;
	}
	return (c && !c->member) || (!c && room->inherited) ? 0 : -EPROTO;
}

static int on_return(struct room *room, const struct ipc_message *m)
{
	const struct ipc_return *body = m->body;
	struct client *c;

	if (find_departed(room, body->client, &c) < 0 || !c) {
		if (m->fd >= 0)
			close(m->fd);
		return c ? -EPROTO : 0;
	}
	/* The duplicate that we have had all the time is as good. */
	if (c->source.fd < 0)
		c->source.fd = m->fd;
	else if (m->fd >= 0)
		close(m->fd);
	room_leave(room, c);
	lobby_return(c, body, m->tail, m->tail_length);
	return 0;
}

static int on_closed(struct room *room, const struct ipc_closed *body)
{
	struct client *c;
	int error = find_departed(room, body->client, &c);

	if (error < 0 || !c)
		return error;
	if (c->state == CLIENT_SEATED)
		room_note_close(c, body->close_code);
	room_leave(room, c);
	client_end(c, false);
	return 0;
}

/* A claim has been answered: the next of that seat may follow. */
static int go_on(struct room *room, int error)
{
	if (error == 0 && !TAILQ_EMPTY(&room->waiting))
		room_seat(room);
	return error;
}

/* How the last one ended, who may still have been a member. */
static int on_last(struct room *room, const struct ipc_empty *body)
{
	struct ipc_left left = {.client = body->client, .reason = body->departure - 1};
	struct ipc_closed closed = {.client = body->client, .close_code = body->close_code};
	int error = body->departure ? on_left(room, &left) : 0;

	return error < 0 ? error : go_on(room, on_closed(room, &closed));
}

/* The room's process has nobody: that is the truth only if it has seen everyone whom we ever sent there. */
static int on_empty(struct room *room, const struct ipc_empty *body)
{
	int error = body->client ? on_last(room, body) : 0;

	if (error < 0 || room->counting) /* then it will say so again */
		return error;
	if (body->seen > room->sent)
		return -EPROTO;
	if (body->seen != room->sent)
		return 0;
	if (!TAILQ_EMPTY(&room->seated))
		return -EPROTO;
	room->vacant = true;
	room->traffic = body->traffic;
	room_end_if_vacant(room);
	return 0;
}

int room_on_message(struct room *room, const struct ipc_message *m)
{
	switch (m->type) {
	case IPC_ASK_ICE:
		return room_ice_on_asked(room, ((const struct ipc_which_client *)m->body)->client);
	case IPC_LEFT:
		return on_left(room, m->body);
	case IPC_RETURN:
		return on_return(room, m);
	case IPC_CLOSED:
		return go_on(room, on_closed(room, m->body));
	case IPC_SUSPENDED:
		return room_on_suspended(room, m->body);
	case IPC_RESUMED:
		return go_on(room, room_on_resumed(room, ((const struct ipc_which_client *)m->body)->client));
	case IPC_NOT_RESUMED:
		return go_on(room, room_on_not_resumed(room, ((const struct ipc_which_client *)m->body)->client));
	case IPC_EMPTY:
		return on_empty(room, m->body);
	case IPC_TRACED:
		return event_traced(room, m->body) ? 0 : -EPROTO;
	case IPC_SITS:
		return census_on_sits(room, m->body, m->fd);
	case IPC_KEPT:
		return census_on_kept(room, m->body);
	case IPC_COUNTED:
		return census_on_counted(room, m->body);
	default:
		return -EPROTO;
	}
}
