/*
 * control_request - what an operator asks on the control socket: one line of JSON to a checked struct.
 * Process: broker.  Pure.
 *
 *     {"v":1,"id":7,"command":"kick","room":"ward-3","client":"5f0c12ab"}
 *
 * video-signaling-control(7) is the specification.
 */
#ifndef CONTROL_REQUEST_H
#define CONTROL_REQUEST_H

#include <stddef.h>

#include "limits.h"

/* Raised when a client that was written for the last version would misunderstand this one. */
#define CONTROL_VERSION 1

/* An `id` as JSON text, with its NUL. */
#define CONTROL_ID_BYTES 72

/* What a command needs to be told. */
enum control_field {
	CONTROL_ROOM = 1 << 0,
	CONTROL_CLIENT = 1 << 1,
	CONTROL_LEVEL = 1 << 2,
};

/* Whether readers may give it too. */
enum control_right { CONTROL_LOOK, CONTROL_ACT };

/*  name      text        right         fields */
#define CONTROL_COMMANDS(X)                                                                                            \
	X(STATUS, "status", CONTROL_LOOK, 0)                                                                           \
	X(LIST, "list", CONTROL_LOOK, 0)                                                                               \
	X(SHOW, "show", CONTROL_LOOK, CONTROL_ROOM)                                                                    \
	X(SETTINGS, "settings", CONTROL_LOOK, 0)                                                                       \
	X(WATCH, "watch", CONTROL_LOOK, 0)                                                                             \
	X(TRACE, "trace", CONTROL_LOOK, CONTROL_ROOM)                                                                  \
	X(KICK, "kick", CONTROL_ACT, CONTROL_ROOM | CONTROL_CLIENT)                                                    \
	X(CLOSE, "close", CONTROL_ACT, CONTROL_ROOM)                                                                   \
	X(DRAIN, "drain", CONTROL_ACT, 0)                                                                              \
	X(UNDRAIN, "undrain", CONTROL_ACT, 0)                                                                          \
	X(LOG, "log", CONTROL_ACT, CONTROL_LEVEL)

enum control_command {
#define X(name, ...) CONTROL_COMMAND_##name,
	CONTROL_COMMANDS(X)
#undef X
	    CONTROL_COMMAND_COUNT
};

/* Why a request is refused. */
#define CONTROL_CODES(X)                                                                                               \
	X(BAD_REQUEST, "bad-request")                                                                                  \
	X(UNKNOWN_VERSION, "unknown-version")                                                                          \
	X(UNKNOWN_COMMAND, "unknown-command")                                                                          \
	X(NOT_ALLOWED, "not-allowed")                                                                                  \
	X(NO_SUCH_ROOM, "no-such-room")                                                                                \
	X(AMBIGUOUS_ROOM, "ambiguous-room")                                                                            \
	X(NO_SUCH_CLIENT, "no-such-client")                                                                            \
	X(AMBIGUOUS_CLIENT, "ambiguous-client")                                                                        \
	X(TOO_LONG, "too-long")                                                                                        \
	X(TOO_SLOW, "too-slow")                                                                                        \
	X(TOO_MANY, "too-many")                                                                                        \
	X(BUSY, "busy")                                                                                                \
	X(INTERNAL, "internal")

enum control_code {
#define X(name, ...) CONTROL_##name,
	CONTROL_CODES(X)
#undef X
};

/* What is answered to a request that can't be met. */
struct control_refusal {
	enum control_code code;
	char sentence[256]; /* English, NUL-terminated, ASCII */
};

struct control_text {
	size_t length; /* 0: absent */
	char bytes[LIMIT_NAME_BYTES];
};

struct control_request {
	enum control_command command;
	char id[CONTROL_ID_BYTES]; /* JSON text, to be given back; "null" where there was none */
	struct control_text room;
	struct control_text client;
	int level; /* enum log_level */
};

/* Reads line[0..n), without its newline. Returns 0; or -EINVAL and fills *ret_refusal. ret->id is set in any case. */
int control_request_parse(const char *line, size_t n, struct control_request *ret, struct control_refusal *ret_refusal);

/* Sets *refusal: code, and a sentence by a printf format. */
void control_refuse(struct control_refusal *refusal, enum control_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "list"; "no-such-room"; and what a command needs. */
const char *control_command_text(enum control_command command);
enum control_right control_command_right(enum control_command command);
const char *control_code_text(enum control_code code);

#endif
