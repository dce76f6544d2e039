/*
 * session - what a member brought along beside its socket: when its token ends, and which STUN and TURN servers it may
 * use.
 * Process: roomd.
 * Never:   knows a secret: fresh credentials are the broker's to make.
 */
#ifndef SESSION_H
#define SESSION_H

#include "room.h"

/* Writes the end of `joined` or `resumed`, with the servers that came for this client, if any did. */
void session_joined_end(const struct room *room, uint64_t client, struct out *o, const struct resume_offer *offer);

/* The broker tells of servers: keeps them for the client that comes next, or answers a member that has asked. */
void session_on_ice(struct room *room, const struct ipc_message *message);

/* A member asks for fresh ones. Returns false, and sets *ret_complaint, if it does so too often. */
bool session_ask_ice(struct room *room, unsigned seat, struct complaint *ret_complaint);

/* member_tick(), and the end of a token. */
uint64_t session_tick(struct room *room, unsigned seat);

/* report_seat(), and what was asked. */
int session_report(struct room *room, unsigned seat);

#endif
