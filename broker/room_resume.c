/* room_resume - what a room's process says of members that may resume. */
#include <errno.h>
#include <string.h>

#include "broker.h"
#include "event.h"
#include "lobby.h"
#include "log.h"
#include "room_resume.h"

#define LOG_ROOM(room) log_name((room)->id.bytes, (room)->id.length).text

bool room_claim_waits(const struct room *room, const struct client *c)
{
	const struct client *other;

	if (!c->resume.kept.claims)
		return false;
	TAILQ_FOREACH (other, &room->seated, room_link)
		if (other->resume.kept.claims && memcmp(other->id.text, c->id.text, sizeof(c->id.text)) == 0)
			return true;
	return false;
}

void room_take_back(struct room *room, struct client *c)
{
	struct complaint complaint;

	room_leave(room, c);
	resume_refuse(c, &complaint);
	lobby_refuse(c, &complaint);
}

void room_note_close(const struct client *c, uint32_t code)
{
	log_debug("closed", "client=%llu code=%u", (unsigned long long)c->number, code);
	stats_closed(&c->broker->memory->stats, code);
}

int room_on_suspended(struct room *room, const struct ipc_closed *body)
{
	struct client *c = room_find_seated(room, body->client);

	if (!c || !c->member || !c->resume.listed)
		return -EPROTO;
	if (c->state == CLIENT_SUSPENDED)
		return 0; /* its heir says it once more */
	room_note_close(c, body->close_code);
	client_suspend(c);
	log_info("suspended", "room=%s client=%.8s members=%u", LOG_ROOM(room), c->id.text, room->members);
	event_suspended(room, c);
	return 0;
}

int room_on_resumed(struct room *room, uint64_t number)
{
	struct client *c = room_find_seated(room, number);

	if (!c || c->state != CLIENT_SEATED || (!c->resume.kept.claims && !c->member))
		return -EPROTO;
	if (c->member)
		return 0; /* its heir says it once more */
	struct client *before = resume_on_resumed(c);
	c->member = true;
	room->members++;
	if (before && before->member) {
		before->member = false;
		room->members--;
	}
	if (before && before->state == CLIENT_SUSPENDED) {
		room_leave(room, before);
		client_end(before, false);
	}
	log_info("resumed", "room=%s client=%.8s members=%u", LOG_ROOM(room), c->id.text, room->members);
	event_resumed(room, c);
	return 0;
}

int room_on_not_resumed(struct room *room, uint64_t number)
{
	struct client *c = room_find_seated(room, number);

	if (!c || c->state != CLIENT_SEATED || !c->resume.kept.claims)
		return -EPROTO;
	if (c->source.fd < 0) { /* the broker before us had its connection */
		room_leave(room, c);
		client_end(c, false);
	} else {
		room_take_back(room, c);
	}
	return 0;
}
