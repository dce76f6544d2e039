/*
 * request - a connection before it speaks WebSocket: waits for the whole head of one HTTP request, answers it, and
 * either shows the client into the lobby or says goodbye. One request a connection. Process: broker. Never:   reads
 * past the request's head, so that what a client sent behind it is still there for the lobby.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include "client.h"

/* Waits for the request of a new client. */
void request_begin(struct client *client);

void request_on_readable(struct client *client, uint32_t events);
void request_on_timeout(struct client *client);

#endif
