/*
 * heir - a roomd that goes on with a room whose process was lost: same ledger, same members, same connections.
 * Process: roomd.
 * Never:   trusts the ledger further than its predecessor could have harmed only this room: what is out of range ends
 * the seat.
 *
 * The broker sends REOPEN and one RESEAT or KEEP a client. The kernel's positions, which come along, tell what had just
 * been read or written when the predecessor ended. A member whose message was being handed on in that moment is closed
 * with 1012 and the others are told, for nobody knows who got it; everyone else notices nothing. One that may resume
 * does not lose its seat by that: it sends again what was not accepted, and who has got it already does not get it
 * again.
 */
#ifndef HEIR_H
#define HEIR_H

#include "room.h"

/* The broker that was sending RESEATs is gone, and with it the connections of those that are missing: goes on without
 * them. */
void heir_give_up(struct room *room);

void heir_reopen(struct room *room, const struct ipc_reopen *reopen);

/* A member that sits there without a connection. */
void heir_keep(struct room *room, uint64_t client);

/* fd becomes the seat's. */
void heir_reseat(struct room *room, const struct ipc_reseat *reseat, int fd);

#endif
