/*
 * client_message - what a client says: one text message of PROTOCOL's "Client -> server" to a checked struct.
 * Process: broker (lobby), roomd.  Pure: the only parser of clients' JSON.
 */
#ifndef CLIENT_MESSAGE_H
#define CLIENT_MESSAGE_H

#include <stdbool.h>

#include "json.h"
#include "limits.h"

enum client_action {
	ACTION_JOIN,
	ACTION_LEAVE,
	ACTION_OFFER,
	ACTION_ANSWER,
	ACTION_ICE_CANDIDATE,
	ACTION_PING,
	ACTION_ICE_SERVERS,
	ACTION_ACK,
	ACTION_RESUME,
};

/* PROTOCOL's error codes, in its order. */
#define ERROR_CODES(X)                                                                                                 \
	X(INVALID_JSON, "invalid-json", "The message is not valid JSON.")                                              \
	X(NOT_TEXT, "not-text", "Messages must be text, not binary.")                                                  \
	X(MISSING_FIELD, "missing-field", "A required field is missing.")                                              \
	X(INVALID_FIELD, "invalid-field", "A field has a value that is not allowed.")                                  \
	X(UNKNOWN_ACTION, "unknown-action", "This action is not known.")                                               \
	X(NOT_IN_ROOM, "not-in-room", "You are not in a room.")                                                        \
	X(ALREADY_IN_ROOM, "already-in-room", "You are in a room already.")                                            \
	X(ROOM_MISMATCH, "room-mismatch", "The room is not the one this connection was opened for.")                   \
	X(ROOM_FULL, "room-full", "The room is full.")                                                                 \
	X(NO_SUCH_TARGET, "no-such-target", "There is no such member in your room.")                                   \
	X(AMBIGUOUS_TARGET, "ambiguous-target", "More than one member of your room bears that label.")                 \
	X(UNAUTHORIZED, "unauthorized", "You are not allowed to do this.")                                             \
	X(RATE_LIMITED, "rate-limited", "You are sending too fast.")                                                   \
	X(TOO_MANY_ROOMS, "too-many-rooms", "The server has as many rooms as it may have.")                            \
	X(DRAINING, "draining", "The server is draining and takes no new rooms.")                                      \
	X(UNKNOWN_RESUME, "unknown-resume", "There is no seat to resume.")                                             \
	X(INTERNAL, "internal", "Something went wrong in the server.")

enum error_code {
	ERROR_NONE,
#define X(name, code, sentence) ERROR_##name,
	ERROR_CODES(X)
#undef X
};

/* A room id or a label, decoded; never NUL-terminated, compared byte for byte. */
struct name {
	uint8_t length; /* 0: absent */
	char bytes[LIMIT_NAME_BYTES];
};

/* Why a message is refused; `details` never holds anything of `data`. */
struct complaint {
	enum error_code code;
	char details[192]; /* an English sentence, NUL-terminated, valid UTF-8 */
};

struct client_message {
	enum client_action action;
	bool resumable;          /* join only: `resume` is true */
	bool bad_n;              /* `n` is not what it must be, which matters to a member that may resume only */
	uint64_t n;              /* the client's own number of the message, from 1; 0: absent */
	uint64_t seq;            /* ack, resume: the last message that the client has seen */
	struct name secret;      /* resume only, any bytes; absent if it is too long to be one */
	struct name room_id;     /* join only: a signal's is accepted and not trusted, so not even looked at */
	struct name sender;      /* join only */
	struct span target;      /* the raw JSON string with its quotes, to be sent on "as sent"; absent if null */
	struct name target_name; /* decoded */
	struct span data;        /* raw; absent where it was absent */
	struct span token;       /* join only: raw, of any kind; absent where it was absent */
};

/* Reads text[0..n), well-formed UTF-8. What is wrong with a message, `n` and `bad_n` are set if it is a JSON object.
 * Spans in *ret point into text. A known field that comes twice, where it matters to the action, is refused
 * (invalid-field): which of the two was meant is anybody's guess. Returns 0, or -EINVAL and fills *ret_complaint
 * (invalid-json, missing-field, invalid-field, unknown-action), which says what was wrong and what would be right. */
int client_message_parse(const char *text, size_t n, struct client_message *ret, struct complaint *ret_complaint);

/* "offer", "ice-candidate", ... */
const char *client_action_text(enum client_action action);

/* "not-in-room", and the short English sentence that goes with it. */
const char *error_code_text(enum error_code code);
const char *error_code_sentence(enum error_code code);

bool name_equal(const struct name *a, const struct name *b);

/* Fills *ret from bytes[0..n); returns NULL, or what is wrong with it (see utf8_name_problem) and leaves *ret alone. */
const char *name_set(struct name *ret, const void *bytes, size_t n);

/* Decodes the percent-escapes of a path's last segment (RFC 3986, 2.1) into *ret. Returns NULL, or what is wrong. */
const char *name_from_path(struct name *ret, const char *segment, size_t n);

/* Sets *complaint: code, and details by a printf format. */
void complain(struct complaint *complaint, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
