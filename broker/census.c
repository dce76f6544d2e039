/* census - rooms that another broker had opened. */
#include <errno.h>
#include <unistd.h>

#include "broker.h"
#include "event.h"
#include "foreign.h"
#include "ledger.h"
#include "log.h"
#include "room_resume.h"

/* --- what the roster says --- */

static void inherit_client(struct room *room, const struct roster_entry *entry, uint32_t index)
{
	struct broker *b = room->broker;
	struct address *address = address_take(b, &entry->peer);
	struct client *c = address ? client_new_seated(b, entry->client, address) : NULL;

	if (!c)
		return; /* no memory: the roomd, which names it, is found to be wrong */
	c->since_us = entry->since_us;
	c->joined_ms = entry->joined_ms;
	c->id = entry->id;
	c->sender = entry->sender;
	c->bound_room = entry->bound_room;
	c->peer = entry->peer;
	c->expires_ms = entry->expires_ms;
	if (entry->token.expires_s)
		access_keep_token(c, &entry->token);
	c->was_seated = true;
	c->roster_entry = 1 + index;
	c->room = room;
	c->member = !entry->resume.claims;
	room->members += c->member;
	room_move(room, c, &room->seated);
	resume_inherit(c, &entry->resume);
}

static struct room *inherit_room(struct broker *b, struct roomd *r)
{
	const struct roster *roster = r->roster;
	struct room *room =
	    registry_find(&b->registry, &roster->room_id) ? NULL : room_new(b, &roster->room_id, &roster->limits);

	if (!room)
		return NULL;
	room->number = roster->number;
	room->opened_ms = roster->opened_ms;
	room->inherited = true;
	room->counting = true;
	room->traced = true; /* it may be */
	room->roomd = r;
	r->room = room;
	for (uint32_t i = 0; i < roster_entries(&roster->limits); i++)
		if (roster->entries[i].client && roster->entries[i].sender.length)
			inherit_client(room, &roster->entries[i], i);
	return room;
}

void census_begin(struct broker *b, const struct roomd_start *start)
{
	struct roomd *r = roomd_new(b, start);
	bool readable = r && roster_is_readable(r->roster, r->roster_bytes) && r->ledger->version == IPC_VERSION &&
			r->ledger_bytes >= ledger_data_offset(&r->roster->limits);
	struct room *room = readable ? inherit_room(b, r) : NULL;

	if (r && !readable && foreign_is(r) && foreign_keep(b, r))
		return;
	if (!room) {
		if (readable)
			log_error("room-twice", "roomd=%llu", (unsigned long long)start->number);
		keeper_release(&b->keeper, start->number);
		if (r)
			roomd_free(r);
		return;
	}
	r->state = IPC_IN_COUNTING;
	room->census_due = true;
	room->census = (uint32_t)++b->memory->clients; /* a number that nobody has had */
	census_ask(room);
	loop_timer_set(&b->loop, &room->timer, b->loop.now_ms + CENSUS_MS_MAX);
}

void census_ask(struct room *room)
{
	struct ipc_census body = {.version = IPC_VERSION, .number = room->census};

	if (room->census_due)
		room->census_due = roomd_send(room->roomd, IPC_CENSUS, &body, NULL, 0, -1) == -EAGAIN;
}

/* --- what the roomd says --- */

int census_on_sits(struct room *room, const struct ipc_sits *body, int fd)
{
	bool ours = body->census == room->census; /* a broker that is gone may have asked and not heard all of it */
	struct client *c;

	TAILQ_FOREACH (c, &room->seated, room_link)
		if (c->number == body->client && c->source.fd < 0)
			break;
	if (!ours || !c) {
		if (fd >= 0)
			close(fd);
		return ours && body->member ? -EPROTO : 0;
	}
	c->source.fd = fd;
	if (body->member && c->resume.kept.claims)
		return room_on_resumed(room, c->number);
	if (!body->member && c->member) {
		c->member = false;
		room->members--;
	}
	return 0;
}

int census_on_kept(struct room *room, const struct ipc_sits *body)
{
	struct client *c = room_find_seated(room, body->client);

	if (body->census != room->census)
		return 0;
	if (!c || c->source.fd >= 0)
		return -EPROTO;
	if (c->resume.kept.claims)
		room_on_resumed(room, body->client);
	if (!c->member || !c->resume.listed)
		return -EPROTO;
	if (c->state == CLIENT_SEATED)
		client_suspend(c);
	return 0;
}

/* Whoever is in the roster and not in the room has gone with the broker before us. */
static void drop_uncounted(struct room *room, bool lost)
{
	struct client *c, *next;

	for (c = TAILQ_FIRST(&room->seated); c; c = next) {
		next = TAILQ_NEXT(c, room_link);
		if (c->source.fd >= 0 || c->state == CLIENT_SUSPENDED)
			continue;
		if (lost && c->resume.listed) {
			client_suspend(c); /* its connection is gone; its seat is not */
			continue;
		}
		room_leave(room, c);
		client_end(c, false);
	}
}

void census_cancel(struct room *room)
{
	if (!room->counting)
		return;
	drop_uncounted(room, !room->roomd);
	room->counting = false;
	loop_timer_cancel(&room->broker->loop, &room->timer);
}

int census_on_counted(struct room *room, const struct ipc_counted *body)
{
	if (body->census != room->census)
		return 0;
	if (!body->open)
		return -EPIPE;
	census_cancel(room);
	room->roomd->state = IPC_IN_OPEN;
	room->sent = body->seen;
	room->vacant = body->used == 0 && TAILQ_EMPTY(&room->seated);
	room->traffic = room->roomd->ledger->traffic;
	log_debug("room-counted", "room=%s members=%u", log_name(room->id.bytes, room->id.length).text, room->members);
	room_seat(room); /* or ends it */
	return 0;
}

void census_on_silence(struct room *room)
{
	log_warn("room-silent", "room=%s roomd=%llu", log_name(room->id.bytes, room->id.length).text,
		 (unsigned long long)room->roomd->number);
	keeper_kill(&room->broker->keeper, room->roomd->number);
}
