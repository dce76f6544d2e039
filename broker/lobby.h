/*
 * lobby - clients that speak WebSocket and are in no room: reads their `join`.
 * Process: broker.
 * Never:   keeps more of a client's input than one message.
 */
#ifndef LOBBY_H
#define LOBBY_H

#include "client.h"

/* Makes the buffer in which most clients are read: only what is left over afterwards takes memory of its own. Returns 0
 * or -ENOMEM. */
int lobby_init(struct broker *broker);

/* Takes a client whose handshake was answered. */
void lobby_enter(struct client *client);

/* Takes a client of the lobby of the broker before us. */
void lobby_take(struct client *client);

/* Takes a client back from its room, with what the room had read from it: rest[0..length), at most LIMIT_READ_BYTES. */
void lobby_return(struct client *client, const struct ipc_return *body, const void *rest, size_t length);

/* Takes a client back whose join, accepted before, came to nothing. */
void lobby_refuse(struct client *client, const struct complaint *complaint);

void lobby_on_readable(struct client *client);
void lobby_on_timer(struct client *client);

#endif
