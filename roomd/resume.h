/*
 * resume - members whose connection may be lost without their seat: what is kept for them, what they have sent already,
 * how they come back (PROTOCOL, resume).
 * Process: roomd.  Works on the ledger; the connections are member.c's.
 * Never:   compares a secret: the broker has. It only knows which of a seat's secrets its member has surely got.
 * Fails:   a seat for which more would have to be kept than may be is given up.
 */
#ifndef RESUME_H
#define RESUME_H

#include "relay.h"
#include "room.h"
#include "ws.h"

/* A ping behind a `resumed`. Its pong alone tells that the new secret has come, and that an older one is used up: a
 * message may have been on its way before. */
#define RESUME_PING "resumed"

/* Numbers a message for a member that may resume, keeps it, and queues it if there is a connection. */
void resume_say(struct room *room, unsigned seat, const struct iovec *parts, int part_count);

/* The member's connection is gone, and its socket let go of: the seat is kept, the others are told. */
void resume_suspend(struct room *room, unsigned seat);

/* The time for which the seat of a SUSPENDED member is kept is over. */
void resume_on_deadline(struct room *room, unsigned seat);

/* The seat of a SUSPENDED member is not kept any longer. */
void resume_give_up(struct room *room, unsigned seat, enum left_reason reason);

/* Serves an ADOPT of a client that wants a seat back; fd (-1: lost on the way) is the seat's from now on. */
void resume_on_adopt(struct room *room, int fd, const struct ipc_adopt *adopt, const void *rest, size_t length);

/* A frame has come from the member: what it was sent, it has. */
void resume_on_heard(struct room *room, unsigned seat, const struct ws_event *event);

/* Its message says what it has seen. Returns false if that can't be. */
bool resume_on_ack(struct room *room, unsigned seat, uint64_t seq);

/* Begins with a message on which *decision was made, and ends: between the two, who has got it is noted if it has a
 * number. Returns false if it was accepted before, and nothing is to be done. May turn the decision into a refusal. */
bool resume_begin_message(struct room *room, unsigned seat, struct relay_decision *decision);
void resume_end_message(struct room *room, unsigned seat, uint64_t n);

#endif
