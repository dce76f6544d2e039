/*
 * registry - every room, by name.
 * Process: broker.  Owns: the rooms.
 *
 * A tree of names compared byte for byte: no choice of names makes a look-up slow.
 */
#ifndef REGISTRY_H
#define REGISTRY_H

#include "room.h"

RB_HEAD(room_tree, room);

struct registry {
	struct room_tree rooms;
	unsigned count;
};

void registry_init(struct registry *registry);

/* NULL: there is no such room. */
struct room *registry_find(struct registry *registry, const struct name *id);

/* Goes through all rooms, in an order that does not change while they come and go: the first behind the name `id`
 * (NULL: of all); the one behind that room. NULL: there is none. */
struct room *registry_after(struct registry *registry, const struct name *id);
struct room *registry_next(struct room *room);

/* How many members all rooms have. */
unsigned registry_members(struct registry *registry);

/* The room's name must not be there yet. */
void registry_add(struct registry *registry, struct room *room);
void registry_remove(struct registry *registry, struct room *room);

#endif
