/* roster - who is in a room, as the broker knows it. */
#include <assert.h>
#include <string.h>

#include "broker.h"
#include "ledger.h"
#include "roster.h"

static struct roster *roster_of(const struct room *room)
{
	return room->roomd ? room->roomd->roster : NULL;
}

void roster_open(struct room *room)
{
	struct roster *roster = roster_of(room);

	assert(room->roomd->roster_bytes >= roster_size(&room->limits));
	roster->version = ROSTER_VERSION;
	roster->room_id = room->id;
	roster->number = room->number;
	roster->opened_ms = room->opened_ms;
	roster->limits = room->limits;
	ledger_fence(); /* what can be seen is whole */
	roster->open = 1;
}

void roster_close(struct roomd *roomd)
{
	roomd->roster->open = 0;
	ledger_fence();
}

bool roster_keep(struct roster_spares *spares, struct roomd *r)
{
	roster_close(r);
	if (spares->count == LIMIT_SPARE_ROSTERS || r->roster_entered > LIMIT_SPARE_ENTRIES)
		return false;
	memset(r->roster, 0, sizeof(*r->roster) + r->roster_entered * sizeof(r->roster->entries[0]));
	spares->of[spares->count++] =
	    (struct roster_spare){.number = r->roster_number, .at = r->roster, .bytes = r->roster_bytes};
	r->roster = NULL;
	return true;
}

struct roster_spare roster_take(struct roster_spares *spares, uint64_t number)
{
	for (unsigned i = spares->count; i-- > 0;) { /* the last comes back first */
		struct roster_spare spare = spares->of[i];
		if (spare.number != number)
			continue;
		spares->of[i] = spares->of[--spares->count];
		return spare;
	}
	return (struct roster_spare){0};
}

/* The client whose entry it is; it has one as long as it stands there. */
static struct client *client_of(const struct room *room, const struct roster_entry *entry)
{
	const struct client_list *lists[] = {&room->seated, &room->reseating};
	struct client *c;

	for (unsigned i = 0; i < 2; i++)
		TAILQ_FOREACH (c, lists[i], room_link)
			if (c->number == entry->client)
				return c;
	return NULL;
}

/* A free entry, or that of somebody who is only saying goodbye: members are half as many at most, and so are those who
 * claim a seat. */
static uint32_t find_free(const struct room *room, const struct roster *roster)
{
	unsigned count = roster_entries(&room->limits);

	for (uint32_t i = 0; i < count; i++)
		if (roster->entries[i].client == 0)
			return i;
	for (uint32_t i = 0; i < count; i++) {
		struct client *c = client_of(room, &roster->entries[i]);
		if (!c || (!c->member && !c->resume.kept.claims)) {
			if (c)
				c->roster_entry = 0;
			return i;
		}
	}
	assert(!"more members than there may be");
	return 0;
}

void roster_enter(struct room *room, struct client *c)
{
	struct roster *roster = roster_of(room);
	struct roster_entry *entry;

	if (!c->roster_entry)
		c->roster_entry = 1 + find_free(room, roster);
	if (room->roomd->roster_entered < c->roster_entry)
		room->roomd->roster_entered = c->roster_entry;
	entry = &roster->entries[c->roster_entry - 1];
	*entry = (struct roster_entry){
	    .id = c->id,
	    .sender = c->sender,
	    .bound_room = c->bound_room,
	    .peer = c->peer,
	    .expires_ms = c->expires_ms,
	    .since_us = c->since_us,
	    .joined_ms = c->joined_ms,
	    .resume = c->resume.kept,
	};
	if (c->token)
		entry->token = *c->token;
	ledger_fence();
	entry->client = c->number;
}

void roster_note_resume(const struct client *c)
{
	struct roster *roster = c->room ? roster_of(c->room) : NULL;

	if (roster && c->roster_entry)
		roster->entries[c->roster_entry - 1].resume = c->resume.kept;
}

void roster_leave(struct room *room, struct client *c)
{
	struct roster *roster = roster_of(room);

	if (roster && c->roster_entry)
		roster->entries[c->roster_entry - 1].client = 0;
	c->roster_entry = 0;
}

void roster_prune(struct room *room)
{
	struct roster *roster = roster_of(room);

	for (unsigned i = 0; i < roster_entries(&room->limits); i++)
		if (!client_of(room, &roster->entries[i]))
			roster->entries[i].client = 0;
}

bool roster_is_readable(const struct roster *roster, size_t size)
{
	return size >= sizeof(*roster) && roster->open && roster->version == ROSTER_VERSION &&
	       roster->room_id.length >= 1 && roster->room_id.length <= LIMIT_NAME_BYTES &&
	       roster->limits.max_members >= 1 && roster->limits.max_members <= LIMIT_MEMBERS_CEILING &&
	       size >= roster_size(&roster->limits);
}
