/*
 * server_message - what the server says: PROTOCOL's "Server -> client" as JSON text.
 * Process: broker (lobby), roomd.  Pure.
 */
#ifndef SERVER_MESSAGE_H
#define SERVER_MESSAGE_H

#include "client_message.h"
#include "out.h"

/* A client's id, as it is written. */
struct client_id {
	char text[LIMIT_CLIENT_ID_BYTES];
};

/* Why a member is gone: `user-left`'s reason. */
#define LEFT_REASONS(X)                                                                                                \
	X(LEAVE, "leave")                                                                                              \
	X(DISCONNECT, "disconnect")                                                                                    \
	X(TIMEOUT, "timeout")                                                                                          \
	X(KICKED, "kicked")                                                                                            \
	X(FLOOD, "flood")                                                                                              \
	X(SLOW, "slow")

enum left_reason {
#define X(name, text) LEFT_##name,
	LEFT_REASONS(X)
#undef X
	    LEFT_REASONS_COUNT
};

/* The codes with which an operator ends a connection. */
#define ROOM_CLOSE_KICKED 4001
#define ROOM_CLOSE_CLOSED 4002

const char *left_reason_text(enum left_reason reason);

/* What `joined` and `resumed` say to a member that may resume. */
struct resume_offer {
	const struct client_id *id;
	const char *secret; /* LIMIT_SECRET_BYTES; good for one use */
	uint32_t resume_ms; /* how long its seat is kept */
	uint64_t n;         /* the last of its messages that was accepted */
};

/* `joined`, or `resumed`, is written in three parts, because its participants are as many as the room has. `offer`
 * NULL: the member may not resume. */
void server_message_joined_begin(struct out *o, bool resumed, const struct name *room_id, const struct client_id *id,
				 const struct name *sender);
void server_message_joined_participant(struct out *o, bool first, const struct client_id *id,
				       const struct name *sender);
/* `ice_servers` is JSON; absent where there are none to tell of. */
void server_message_joined_end(struct out *o, struct span ice_servers, const struct resume_offer *offer);

void server_message_user_joined(struct out *o, const struct name *room_id, const struct client_id *id,
				const struct name *sender);
void server_message_user_left(struct out *o, const struct name *room_id, const struct client_id *id,
			      const struct name *sender, enum left_reason reason);
/* The connection of a member that may resume was lost; it is back. */
void server_message_user_suspended(struct out *o, const struct name *room_id, const struct client_id *id,
				   const struct name *sender);
void server_message_user_resumed(struct out *o, const struct name *room_id, const struct client_id *id,
				 const struct name *sender);
void server_message_left(struct out *o, const struct name *room_id, const struct client_id *id);

/* The text of a relayed signal up to and including `"data":`; the raw data and `}` follow. `target` is the raw JSON
 * string as sent, absent if it was. */
void server_message_signal_begin(struct out *o, enum client_action action, const struct name *room_id,
				 const struct client_id *id, const struct name *sender, struct span target);

/* The text of a pong up to and including `"data":`, if there is any; the raw data and `}` follow. */
void server_message_pong_begin(struct out *o, bool has_data);

void server_message_error(struct out *o, const struct complaint *complaint);

/* What stands in the place of the opening brace of any of these, said to a member that may resume. */
void server_message_seq(struct out *o, uint64_t seq);

#endif
