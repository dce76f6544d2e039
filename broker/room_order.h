/*
 * room_order - what an operator has a room do: let somebody go, close, tell of its signals.
 * Process: broker.
 * Fails:   -EAGAIN while the room's process can't be told.
 */
#ifndef ROOM_ORDER_H
#define ROOM_ORDER_H

#include "room.h"

/* Ends one member's connection with 4001; the others hear that it was kicked. Returns 0 or -errno. */
int room_kick(struct room *room, struct client *client);

/* Ends everyone's with 4002; a poisoned room is one no more. Returns 0 or -errno. The room may be gone after this. */
int room_close(struct room *room);

/* Has the roomd tell of signals, or not, as the log level and those who trace the room want it. */
void room_retrace(struct room *room);

/* The same for the room with this number, if there still is one. */
void room_retrace_number(struct broker *broker, uint64_t number);

/* "open", "starting", "healing", "poisoned" */
const char *room_state_text(const struct room *room);

#endif
