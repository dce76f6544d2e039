/*
 * operator - what an operator wants of the room: that somebody goes, that all go, to be told of signals.
 * Process: roomd.
 * Never:   gives away what a signal says: its kind, its size, how many candidates of which type.
 */
#ifndef OPERATOR_H
#define OPERATOR_H

#include "relay.h"
#include "room.h"

/* The broker wants something of it: KICK, CLOSE, TRACE, or what else a room itself does not know of. */
void operator_on_message(struct room *room, const struct ipc_message *message);

/* A signal is relayed: counts it, and tells of it if that is wanted. */
void operator_on_signal(struct room *room, unsigned from, const struct relay_decision *decision);

/* Says in the process's title how many sit here. */
void operator_show_title(struct room *room);

#endif
