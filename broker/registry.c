/* registry - every room, by name. */
#include <assert.h>
#include <string.h>

#include "registry.h"

static int room_compare(const struct room *a, const struct room *b)
{
	if (a->id.length != b->id.length)
		return a->id.length < b->id.length ? -1 : 1;
	return memcmp(a->id.bytes, b->id.bytes, a->id.length);
}

TREE_GENERATE(room_tree, room, registry_link, room_compare)

void registry_init(struct registry *r)
{
	*r = (struct registry){.rooms = RB_INITIALIZER(&r->rooms)};
}

struct room *registry_find(struct registry *r, const struct name *id)
{
	struct room key = {.id = *id};

	return RB_FIND(room_tree, &r->rooms, &key);
}

struct room *registry_after(struct registry *r, const struct name *id)
{
	struct room key;

	if (!id)
		return RB_MIN(room_tree, &r->rooms);
	key.id = *id;
	struct room *room = RB_NFIND(room_tree, &r->rooms, &key);
	return room && name_equal(&room->id, id) ? registry_next(room) : room;
}

struct room *registry_next(struct room *room)
{
	return RB_NEXT(room_tree, NULL, room);
}

unsigned registry_members(struct registry *r)
{
	unsigned members = 0;
	struct room *room;

	RB_FOREACH (room, room_tree, &r->rooms)
		members += room->members;
	return members;
}

void registry_add(struct registry *r, struct room *room)
{
	const struct room *other = RB_INSERT(room_tree, &r->rooms, room);

	assert(!other);
	r->count++;
}

void registry_remove(struct registry *r, struct room *room)
{
	RB_REMOVE(room_tree, &r->rooms, room);
	r->count--;
}
