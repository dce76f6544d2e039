/*
 * message - what members say, and what is done about it.
 * Process: roomd.
 * Fails:   what a member may not say is answered with an error, and ends its connection when it is too much.
 *
 * A relay's way is straight and short: whatever happens seldom, and wants a buffer of its own, is a function of its own
 * (SELDOM), so that a thousand rooms at work touch little memory each.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include "room.h"
#include "ws.h"

/* Serves one event of the stream of the member in `seat`. */
void message_on_event(struct room *room, unsigned seat, const struct ws_event *event);

#endif
