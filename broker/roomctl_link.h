/*
 * roomctl_link - the connection to the server's control socket.
 * Process: roomctl.
 * Fails:   with a line on stderr, and the exit status to end with.
 */
#ifndef ROOMCTL_LINK_H
#define ROOMCTL_LINK_H

#include <json-c/json.h>

#include "control_path.h"
#include "roomctl.h"

struct roomctl_link {
	int fd;
	char path[CONTROL_PATH_BYTES];
	char *input;
	size_t length;
	size_t size;
	size_t looked; /* of the input, without a newline */
};

/* Connects. Returns ROOMCTL_DONE, or says why not. */
int roomctl_link_open(struct roomctl_link *link, const struct roomctl *options);
void roomctl_link_close(struct roomctl_link *link);

/* Sends one request, which is freed. Returns ROOMCTL_DONE, or says why not. */
int roomctl_link_send(struct roomctl_link *link, struct json_object *request);

/* Reads one line, which is the caller's; waits timeout_ms at most (-1: for ever). Returns ROOMCTL_DONE; ROOMCTL_TIMEOUT
 * without a word; or says why not. */
int roomctl_link_read(struct roomctl_link *link, int timeout_ms, struct json_object **ret);

/* Is this reply a refusal? Says so, and returns the status to end with; else ROOMCTL_DONE. */
int roomctl_judge(struct json_object *reply, const struct roomctl *options);

/* Connects, asks what the options say, reads one reply, which is the caller's. */
int roomctl_call(struct roomctl_link *link, const struct roomctl *options, struct json_object **ret);

/* {"v":1,"command":...} with the room, client and level of the options. */
struct json_object *roomctl_request(const struct roomctl *options, const char *command);

/* What an object holds; "" and 0 where it does not. */
const char *roomctl_text(struct json_object *object, const char *key);
uint64_t roomctl_number(struct json_object *object, const char *key);
struct json_object *roomctl_get(struct json_object *object, const char *key);

/* Prints it on a line. */
void roomctl_print_json(struct json_object *object);

#endif
