/*
 * room_resume - what a room's process says of members that may resume: lost, back, or not to be had back.
 * Process: broker.
 * Fails:   -EPROTO if it can't be true.
 */
#ifndef ROOM_RESUME_H
#define ROOM_RESUME_H

#include "room.h"

/* Does the client claim a seat that another claims already? The roomd answers one claim of a seat before it gets the
 * next, so that the last has it, and who had it before is known. */
bool room_claim_waits(const struct room *room, const struct client *client);

/* There is no seat for a client that claims one: it goes back to the lobby. */
void room_take_back(struct room *room, struct client *client);

/* The connection of a member is over, and its seat is kept. */
int room_on_suspended(struct room *room, const struct ipc_closed *body);

/* The client is the member now, and whose seat it was is none: what is left of its connection, the roomd ends. */
int room_on_resumed(struct room *room, uint64_t number);

int room_on_not_resumed(struct room *room, uint64_t number);

/* Counts how a connection ended. */
void room_note_close(const struct client *client, uint32_t code);

#endif
