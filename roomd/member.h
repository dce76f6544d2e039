/*
 * member - one seat of the room and its connection: bytes in, frames out, the way it ends.
 * Process: roomd.  Owns: the seat's socket.
 * Never:   knows what a message means; queues past the bound.
 * Fails:   a broken or slow connection ends, and room_on_departure() hears of it.
 */
#ifndef MEMBER_H
#define MEMBER_H

#include "room.h"

/* Seats the client of an ADOPT in the free seat `seat`; fd becomes the seat's. The bytes behind its `join` are not
 * parsed yet: call member_parse() once it has been welcomed. Returns false if it can't be watched (the user
 * may have as many watches as fs.epoll.max_user_watches says): the seat is free as before, and fd closed. */
bool member_sit(struct room *room, unsigned seat, int fd, const struct ipc_adopt *adopt, const void *rest,
		size_t rest_length);

/* A client of the broker's that has no seat: it gets one that is GONE, so that the broker is told. */
void member_miss(struct room *room, unsigned seat, uint64_t client, bool member);

/* In an heir: goes on with the seat as its predecessor left it, on fd, which becomes the seat's. */
void member_sit_again(struct room *room, unsigned seat, int fd);

/* In an heir: the seat's client is not there any more. */
void member_forget(struct room *room, unsigned seat);

/* The member in the seat is one no more, and the seat goes to the state `next`: the others and the broker are to know.
 */
void member_depart(struct room *room, unsigned seat, enum seat_state next, enum left_reason reason);

/* Reads once and parses what came. */
void member_read(struct room *room, unsigned seat);

/* Parses what was read: room_on_event() for each event, until the seat is no longer TAKEN. */
void member_parse(struct room *room, unsigned seat);

/* Queues one text message made of `parts`; it is written at the end of the turn. A seat whose queue would pass
 * queue_bytes_max is closed as slow. Does nothing unless the seat is TAKEN. */
void member_say(struct room *room, unsigned seat, const struct iovec *parts, int part_count);

/* Queues a frame with the payload of what came: a pong, or, in a build that echoes, all of it. */
struct ws_event;
void member_answer(struct room *room, unsigned seat, enum ws_opcode opcode, const struct ws_event *event);

/* `left` was queued: let it out, then hand the client back to the broker. */
void member_leave(struct room *room, unsigned seat);

/* Ends the connection with a close frame, at the next frame boundary. `code` 1005 answers a close frame without one. */
void member_close(struct room *room, unsigned seat, uint16_t code, const char *why, enum left_reason reason);

/* Ends the connection without one; with a reset, or (the peer has closed) quietly. */
void member_cut(struct room *room, unsigned seat, bool reset, enum left_reason reason);

/* Cuts short the goodbye of a seat that is not TAKEN and frees it at once, if the broker can be told. Returns whether.
 */
bool member_evict(struct room *room, unsigned seat);

/* Writes what is queued, as far as the socket takes it, and goes on to the state that follows. */
void member_flush(struct room *room, unsigned seat);

/* Throws away what comes in after our side was shut down. */
void member_discard(struct room *room, unsigned seat);

/* Sees to the seat's timers. Returns when to call again, UINT64_MAX for never. */
uint64_t member_tick(struct room *room, unsigned seat);

/* Tells the broker what it does not know yet of the seat (LEFT, RETURN, CLOSED); frees a seat that is done with.
 * Returns 0, or -EAGAIN if the channel is full. */
int member_report(struct room *room, unsigned seat);

#endif
