/*
 * member - one seat of the room and its connection: bytes in, frames out, the way it ends.
 * Process: roomd.  Owns: the seat's socket.
 * Never:   knows what a message means; queues past the bound.
 * Fails:   a broken or slow connection ends: its member departs, or (resume.h) is suspended.
 */
#ifndef MEMBER_H
#define MEMBER_H

#include "room.h"

/* Whose cursor a message to several moves, and which. */
struct member_cursor {
	enum cursor kind;
	unsigned by;
};

/* Goes to another state; asserts that it may. */
void member_enter(struct room *room, unsigned seat, enum seat_state next);

/* Begins to wait for what a socket that is to be the seat's says. Returns false if it can't be: the user may have as
 * many watches as fs.epoll.max_user_watches says. */
bool member_can_watch(const struct room *room, unsigned seat, int fd);

/* Seats the client of an ADOPT in the free seat `seat`; fd, which is watched already, becomes the seat's. The bytes
 * behind its `join` are not parsed yet: call member_parse() once it has been welcomed. */
void member_sit(struct room *room, unsigned seat, int fd, const struct ipc_adopt *adopt, const void *rest,
		size_t rest_length);

/* The same of a seat that is its member's already: only the connection is new. */
void member_take_place(struct room *room, unsigned seat, int fd, const struct ipc_adopt *adopt, const void *rest,
		       size_t rest_length);

/* The connection in the seat is to end with a close frame, but the seat is needed: it gets another to do so. */
void member_part(struct room *room, unsigned seat, uint16_t code, const char *why);

/* Tells epoll what the seat waits for; 0: for nothing, not even to hear that the connection broke. */
void member_watch(struct room *room, unsigned seat, uint32_t interest);

/* Lets go of the seat's socket. */
void member_release(struct room *room, unsigned seat);

/* A client of the broker's that has no seat: it gets one that is GONE, so that the broker is told. */
void member_miss(struct room *room, unsigned seat, uint64_t client, bool member, enum seat_due due);

/* In an heir: goes on with the seat as its predecessor left it, on fd, which becomes the seat's. */
void member_sit_again(struct room *room, unsigned seat, int fd);

/* In an heir: the connection of the member in the seat was lost with those who had it. The others are still to be told
 * (room_on_departure()), and then it is to be forgotten. */
void member_lose(struct room *room, unsigned seat);

/* In an heir: the seat's client is not there any more. */
void member_forget(struct room *room, unsigned seat);

/* The member in the seat is one no more, and the seat goes to the state `next`: the others and the broker are to know.
 */
void member_depart(struct room *room, unsigned seat, enum seat_state next, enum left_reason reason);

/* Reads once and parses what came. */
void member_read(struct room *room, unsigned seat);

/* Parses what was read: message_on_event() for each event, until the seat is no longer TAKEN. */
void member_parse(struct room *room, unsigned seat);

/* Says one text message made of `parts` to the member in the seat: it is queued, and kept for who may resume. Does
 * nothing if there is no member in the seat. */
void member_say(struct room *room, unsigned seat, const struct iovec *parts, int part_count);

/* The same for one that goes to several: an heir can tell who has got it. */
void member_say_on(struct room *room, unsigned seat, const struct member_cursor *cursor, const struct iovec *parts,
		   int part_count);

/* Queues one text message as it is; it is written at the end of the turn. A seat whose queue would pass queue_bytes_max
 * is closed as slow. */
void member_queue(struct room *room, unsigned seat, const struct iovec *parts, int part_count);

/* Queues a frame with the payload of what came: a pong, or, in a build that echoes, all of it; and a ping. */
struct ws_event;
void member_answer(struct room *room, unsigned seat, enum ws_opcode opcode, const struct ws_event *event);
void member_ping(struct room *room, unsigned seat, const char *payload);

/* `left` was queued: let it out, then hand the client back to the broker. */
void member_leave(struct room *room, unsigned seat);

/* Ends the connection with a close frame, at the next frame boundary. `code` 1005 answers a close frame without one. */
void member_close(struct room *room, unsigned seat, uint16_t code, const char *why, enum left_reason reason);

/* The same for a connection that is lost to its member, who keeps the seat if it may resume. */
void member_hang_up(struct room *room, unsigned seat, uint16_t code, const char *why);

/* Ends the connection without one; with a reset, or (the peer has closed) quietly. A member that may resume keeps its
 * seat. */
void member_cut(struct room *room, unsigned seat, bool reset, enum left_reason reason);

/* Cuts short the goodbye of a seat that is not TAKEN and frees it at once, if the broker can be told. Returns whether.
 */
bool member_evict(struct room *room, unsigned seat);

/* Writes what the socket takes of what is owed. Returns false if the connection is broken. */
bool member_write(struct room *room, unsigned seat);

/* Writes what is queued, as far as the socket takes it, and goes on to the state that follows. */
void member_flush(struct room *room, unsigned seat);

/* Throws away what comes in after our side was shut down. */
void member_discard(struct room *room, unsigned seat);

/* Sees to the seat's timers. Returns when to call again, UINT64_MAX for never. */
uint64_t member_tick(struct room *room, unsigned seat);

#endif
