/*
 * room_limits - what a room must know of the settings.
 * Process: keeper (sizes the ledger by it), broker (says it in OPEN).  Pure.
 */
#ifndef ROOM_LIMITS_H
#define ROOM_LIMITS_H

#include "ipc_messages.h"
#include "settings.h"

/* The limits of every room under these settings, with room_id absent. A bound that is off becomes its ceiling. */
struct ipc_open room_limits(const struct settings *settings);

#endif
