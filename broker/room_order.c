/* room_order - what an operator has a room do. */
#include <errno.h>

#include "broker.h"
#include "log.h"
#include "room_order.h"

static void close_waiting(struct room *room, struct client *c, uint16_t code, const char *why)
{
	room_forget(room, c);
	client_close(c, code, why);
}

/* A room whose heir is on its way is told when that is there. */
static int tell(struct room *room, enum ipc_type type, const void *body)
{
	if (!room->roomd || room->counting || room->foreign || !TAILQ_EMPTY(&room->reseating))
		return -EAGAIN;
	return roomd_send(room->roomd, type, body, NULL, 0, -1);
}

int room_kick(struct room *room, struct client *c)
{
	if (c->state != CLIENT_WAITING)
		return tell(room, IPC_KICK, &(struct ipc_which_client){c->number});
	close_waiting(room, c, ROOM_CLOSE_KICKED, "kicked by an operator");
	return 0;
}

int room_close(struct room *room)
{
	struct client *c, *next;

	if (heal_is_poisoned(room)) {
		room_free(room);
		return 0;
	}
	if (room->foreign)
		return -EAGAIN;
	if (!TAILQ_EMPTY(&room->seated) || !TAILQ_EMPTY(&room->reseating)) {
		int error = tell(room, IPC_CLOSE, &(struct ipc_nothing){0});
		if (error < 0)
			return error;
	}
	/* With the last who waits, the room may go. */
	for (c = TAILQ_FIRST(&room->waiting); c; c = next) {
		next = TAILQ_NEXT(c, room_link);
		close_waiting(room, c, ROOM_CLOSE_CLOSED, "room closed by an operator");
	}
	return 0;
}

/* --- signals --- */

static bool is_wanted(const struct room *room)
{
	const struct control *control = &room->broker->control;
	const struct control_client *c;

	if (log_on(LOG_LEVEL_DEBUG))
		return true;
	if (control->tracers > 0)
		TAILQ_FOREACH (c, &control->clients, link)
			if (c->traced == room->number)
				return true;
	return false;
}

void room_retrace(struct room *room)
{
	bool wanted = is_wanted(room);
	struct ipc_flag body = {.on = wanted};

	/* What can't be said now is said when the channel has place, or everyone was counted. */
	if (room->roomd && !room->counting && !room->foreign && room->traced != wanted &&
	    roomd_send(room->roomd, IPC_TRACE, &body, NULL, 0, -1) == 0)
		room->traced = wanted;
}

void room_retrace_number(struct broker *b, uint64_t number)
{
	struct room *room = registry_after(&b->registry, NULL);

	while (room && room->number != number)
		room = registry_next(room);
	if (room)
		room_retrace(room);
}

const char *room_state_text(const struct room *room)
{
	if (heal_is_poisoned(room))
		return "poisoned";
	if (heal_is_under_way(room) || !TAILQ_EMPTY(&room->reseating))
		return "healing";
	if (room->foreign)
		return "foreign";
	if (room->counting)
		return "counting";
	return room->roomd ? "open" : "starting";
}
