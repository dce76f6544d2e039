/*
 * room_ice - tells a room's process which STUN and TURN servers its members may use: it has no secret to make
 * credentials with.
 * Process: broker.
 */
#ifndef ROOM_ICE_H
#define ROOM_ICE_H

#include "room.h"

/* For a client that is about to be sent there. Returns 0 (also if there are no servers) or -errno. */
int room_ice_send(struct room *room, const struct client *client);

/* A member would like fresh ones. Returns -EPROTO if there is no such member. (A channel that is full gives no answer;
 * the member asks again.) */
int room_ice_on_asked(struct room *room, uint64_t client);

#endif
