/* room - one room as the broker knows it. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>

#include "broker.h"
#include "clock.h"
#include "event.h"
#include "lobby.h"
#include "log.h"
#include "room_ice.h"
#include "room_order.h"
#include "room_resume.h"

#define LOG_ROOM(room) log_name((room)->id.bytes, (room)->id.length).text

void room_free(struct room *room)
{
	assert(!room->roomd && TAILQ_EMPTY(&room->waiting) && TAILQ_EMPTY(&room->seated) &&
	       TAILQ_EMPTY(&room->reseating));
	heal_fini(room);
	pool_forget(&room->broker->pool, room);
	loop_timer_cancel(&room->broker->loop, &room->timer);
	event_room_closed(room);
	registry_remove(&room->broker->registry, room);
	free(room);
}

static void on_retry(struct timer *timer)
{
	struct room *room = container_of(timer, struct room, timer);

	if (room->counting)
		census_on_silence(room);
	else
		room_seat(room);
}

struct room *room_new(struct broker *b, const struct name *id, const struct ipc_open *limits)
{
	struct room *room = calloc(1, sizeof(*room));

	if (!room)
		return NULL;
	room->broker = b;
	room->id = *id;
	room->limits = *limits;
	room->limits.room_id = *id;
	room->timer.on = on_retry;
	TAILQ_INIT(&room->waiting);
	TAILQ_INIT(&room->reseating);
	TAILQ_INIT(&room->seated);
	heal_init(room);
	registry_add(&b->registry, room);
	return room;
}

void room_move(struct room *room, struct client *c, struct client_list *list)
{
	(void)room;
	if (c->room_list)
		TAILQ_REMOVE(c->room_list, c, room_link);
	c->room_list = list;
	if (list)
		TAILQ_INSERT_TAIL(list, c, room_link);
}

void room_wait_first(struct room *room, struct client *c)
{
	room_move(room, c, NULL);
	client_enter(c, CLIENT_WAITING);
	c->room_list = &room->waiting;
	TAILQ_INSERT_HEAD(&room->waiting, c, room_link);
}

void room_leave(struct room *room, struct client *c)
{
	roster_leave(room, c);
	room_move(room, c, NULL);
	room->members -= c->member;
	c->member = false;
	c->room = NULL;
	resume_forget(c);
}

void room_end_if_vacant(struct room *room)
{
	if (!room->roomd || !room->vacant || room->counting || !TAILQ_EMPTY(&room->waiting))
		return;
	log_debug("room-closed", "room=%s", LOG_ROOM(room));
	stats_add_room(&room->broker->memory->stats.rooms, &room->traffic);
	roomd_retire(room->roomd);
	room->roomd = NULL;
	room_free(room);
}

struct client *room_find_seated(struct room *room, uint64_t number)
{
	struct client *c;

	TAILQ_FOREACH (c, &room->seated, room_link)
		if (c->number == number)
			return c;
	return NULL;
}

/* --- joining --- */

static void make_id(struct client_id *id)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t random[LIMIT_CLIENT_ID_BYTES / 2];

	arc4random_buf(random, sizeof(random));
	for (size_t i = 0; i < sizeof(random); i++) {
		id->text[2 * i] = digits[random[i] >> 4];
		id->text[2 * i + 1] = digits[random[i] & 15];
	}
}

/* Finds the room, or makes it. NULL, and a complaint, if neither may be. */
static struct room *find_or_make(struct broker *b, const struct name *id, struct complaint *ret_complaint)
{
	struct room *room = registry_find(&b->registry, id);

	if (room && room->foreign) {
		complain(
		    ret_complaint, ERROR_DRAINING,
		    "This room goes on with an older version of the server, and nobody can join it: choose another.");
		return NULL;
	}
	if (room && room->members >= room->limits.max_members && room->roomd) {
		/* Whoever has just left may have been heard of by the client, and not yet by us. */
		roomd_read(room->roomd);
		room = registry_find(&b->registry, id);
	}
	if (room && heal_is_poisoned(room)) {
		complain(ret_complaint, ERROR_INTERNAL, "This room has failed again and again: try again in a minute.");
		return NULL;
	}
	if (room && room->members >= room->limits.max_members) {
		complain(ret_complaint, ERROR_ROOM_FULL, "A room has at most %u members.", room->limits.max_members);
		return NULL;
	}
	if (room)
		return room;
	if (b->memory->draining) {
		complain(ret_complaint, ERROR_DRAINING, "Rooms that exist can be joined; new ones begin elsewhere.");
		return NULL;
	}
	if (b->settings.max_rooms && b->registry.count >= b->settings.max_rooms) {
		complain(ret_complaint, ERROR_TOO_MANY_ROOMS,
			 "Rooms that exist can be joined; for a new one, try again later.");
		return NULL;
	}
	room = room_new(b, id, &b->limits);
	if (!room) {
		complain(ret_complaint, ERROR_INTERNAL, "There is no memory for another room: try again later.");
		return NULL;
	}
	room->number = ++b->memory->rooms;
	room->opened_ms = b->loop.now_ms;
	event_room_opened(room);
	return room;
}

void room_enter(struct room *room, struct client *c)
{
	struct broker *b = room->broker;

	c->number = ++b->memory->clients; /* a seat that it had before is not this one */
	c->asked_us = clock_us();
	c->room = room;
	c->room_list = NULL;
	room_move(room, c, &room->waiting);
	/* What is still to be written to it goes first, and must go soon. */
	loop_timer_set(&b->loop, &c->timer, client_is_blocked(c) ? b->loop.now_ms + LIMIT_LEAVE_MS : UINT64_MAX);
	client_enter(c, CLIENT_WAITING);
	client_watch(c, 0); /* from here on its room reads it */
}

void room_join(struct client *c, const struct name *id, const struct name *sender, struct complaint *ret_complaint)
{
	struct broker *b = c->broker;
	struct room *room = find_or_make(b, id, ret_complaint);

	if (!room)
		return;
	make_id(&c->id);
	c->joined_ms = b->loop.now_ms;
	c->sender = *sender;
	c->member = true;
	room->members++;
	room_enter(room, c);
	if (room->roomd || room->awaits_roomd || heal_is_under_way(room))
		return;
	struct roomd *r = pool_take(&b->pool);
	if (r)
		room_on_roomd(room, r);
	else
		pool_await(&b->pool, room);
}

/* --- seating --- */

/* Hands one client over. Returns 0 or -errno. */
static int adopt(struct room *room, struct client *c)
{
	struct ipc_adopt body = {.client = c->number,
				 .id = c->id,
				 .in_bytes = c->in_bytes,
				 .out_bytes = c->out_bytes,
				 .allowance = c->allowance,
				 .expires_ms = c->expires_ms,
				 .sender = c->sender};
	const uint8_t *rest = c->input ? c->input + c->in.at : NULL;
	int error = room_ice_send(room, c);

	if (!resume_issue(c, &body.resume)) {
		room_take_back(room, c);
		return 0;
	}
	roster_enter(room, c);
	if (error == 0)
		error = roomd_send(room->roomd, IPC_ADOPT, &body, rest, c->in.end - c->in.at, c->source.fd);

	if (error < 0) {
		roster_leave(room, c); /* the next attempt may come after another client, or be in another roomd */
		return error;
	}
	loop_timer_cancel(&room->broker->loop, &c->timer); /* its room sees to it now */
	room->sent++;
	room->vacant = false;
	room_move(room, c, &room->seated);
	client_enter(c, CLIENT_SEATED);
	/* What was read behind its `join` (seldom anything) is kept: should the roomd end before it has seen the ADOPT,
	 * that is repeated. */
	if (c->in.end == c->in.at) {
		free(c->input);
		c->input = NULL;
	}
	if (c->resume.kept.claims)
		return 0; /* whether it has the seat, the roomd will say */
	log_info("joined", "room=%s client=%.8s members=%u", LOG_ROOM(room), c->id.text, room->members);
	event_joined(room, c);
	return 0;
}

/* The first who waits for nothing but a seat. */
static struct client *first_ready(struct room *room)
{
	struct client *c;

	TAILQ_FOREACH (c, &room->waiting, room_link)
		if (!client_is_blocked(c) && !room_claim_waits(room, c))
			return c;
	return NULL;
}

void room_seat(struct room *room)
{
	struct client *c;

	if (room->counting) {
		census_ask(room);
		return;
	}
	room_retrace(room);
	if (room->roomd && !heal_reseat(room))
		return;
	while (room->roomd && (c = first_ready(room)) != NULL) {
		int error = adopt(room, c);
		if (error == -EAGAIN || error == -EPIPE)
			return; /* the channel tells when it has place, or that it has ended */
		if (error == -ETOOMANYREFS) {
			loop_timer_set(&room->broker->loop, &room->timer, room->broker->loop.now_ms + 10);
			return;
		}
		if (error < 0) {
			log_error("adopt", "error=\"%s\"", strerror(-error));
			client_end(c, true);
			return;
		}
	}
	room_end_if_vacant(room); /* some claimed a seat that was not there any more */
}

void room_on_roomd(struct room *room, struct roomd *r)
{
	room->roomd = r;
	room->traced = false;
	room->sent = 0;
	room->vacant = true;
	room->traffic = (struct room_traffic){0};
	r->room = room;
	roster_open(room);
	/* The first message: if it fails, the channel has ended; or the system has no memory for it, and the roomd,
	 * which does not take another instead, will. */
	roomd_send(r, IPC_OPEN, &room->limits, NULL, 0, -1);
	r->state = IPC_IN_OPEN;
	log_debug("room-opened", "room=%s roomd=%llu", LOG_ROOM(room), (unsigned long long)r->number);
}

void room_on_no_roomd(struct room *room)
{
	struct complaint complaint;
	struct client *c;

	complain(&complaint, ERROR_INTERNAL, "No process could be started for this room: try again later.");
	while ((c = TAILQ_FIRST(&room->waiting)) != NULL) {
		room_leave(room, c);
		lobby_refuse(c, &complaint);
	}
	room_free(room);
}

void room_begin_or_end(struct room *room)
{
	if (TAILQ_EMPTY(&room->waiting)) {
		room_free(room);
		return;
	}
	struct roomd *r = pool_take(&room->broker->pool);
	if (!r) {
		pool_await(&room->broker->pool, room);
		return;
	}
	room_on_roomd(room, r);
	room_seat(room);
}

void room_forget(struct room *room, struct client *c)
{
	room_leave(room, c);
	if (room->awaits_roomd && TAILQ_EMPTY(&room->waiting))
		room_free(room);
	else
		room_end_if_vacant(room);
}
