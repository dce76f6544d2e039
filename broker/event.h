/*
 * event - something has happened that operators want to know: it is counted, and told to those who watch.
 * Process: broker.
 * Never:   fails; costs more than a counter where nobody watches.
 */
#ifndef EVENT_H
#define EVENT_H

#include "ipc_messages.h"
#include "server_message.h"

struct broker;
struct client;
struct room;

void event_room_opened(struct room *room);
void event_room_closed(struct room *room);

/* Its process was lost; another goes on in its place. */
void event_roomd_lost(struct room *room);
void event_roomd_healed(struct room *room);

/* The client was handed to its room. */
void event_joined(struct room *room, const struct client *client);
void event_left(struct room *room, const struct client *client, enum left_reason reason);

/* A member has lost its connection and keeps its seat; it has come back to it. */
void event_suspended(struct room *room, const struct client *client);
void event_resumed(struct room *room, const struct client *client);

/* An error was answered in the lobby. */
void event_refused(struct broker *broker, const struct client *client, const struct complaint *complaint);

/* A connection was refused because there are too many (`bound` is the setting). */
void event_turned_away(struct broker *broker, const char *bound);

/* A room has relayed a signal. Returns false if that can't be true. */
bool event_traced(struct room *room, const struct ipc_traced *traced);

/* An operator has changed whether the server drains. */
void event_draining(struct broker *broker);

#endif
