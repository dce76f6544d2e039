/* control_request - what an operator asks on the control socket. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "control_request.h"
#include "log.h"
#include "utf8.h"

/* A request is an object of strings and numbers. */
#define DEPTH_MAX 4

static const struct {
	const char *text;
	enum control_right right;
	unsigned fields;
} commands[] = {
#define X(name, text, right, fields) {text, right, fields},
    CONTROL_COMMANDS(X)
#undef X
};

const char *control_command_text(enum control_command command)
{
	return commands[command].text;
}

enum control_right control_command_right(enum control_command command)
{
	return commands[command].right;
}

const char *control_code_text(enum control_code code)
{
	static const char *const texts[] = {
#define X(name, text) text,
	    CONTROL_CODES(X)
#undef X
	};

	return texts[code];
}

void control_refuse(struct control_refusal *refusal, enum control_code code, const char *format, ...)
{
	va_list arguments;

	refusal->code = code;
	va_start(arguments, format);
	vsnprintf(refusal->sentence, sizeof(refusal->sentence), format, arguments);
	va_end(arguments);
}

/* Keeps what the client wants to know the answer by: a number, or a string that is not long. */
static bool read_id(struct json_object *top, struct control_request *ret, struct control_refusal *refusal)
{
	struct json_object *value = NULL;
	int written = -1;

	if (!json_object_object_get_ex(top, "id", &value) || !value)
		return true;
	if (json_object_is_type(value, json_type_int))
		written = snprintf(ret->id, sizeof(ret->id), "%" PRId64, json_object_get_int64(value));
	else if (json_object_is_type(value, json_type_string))
		written = snprintf(ret->id, sizeof(ret->id), "%s",
				   json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN));
	if (written > 0 && (size_t)written < sizeof(ret->id))
		return true;
	snprintf(ret->id, sizeof(ret->id), "null");
	control_refuse(refusal, CONTROL_BAD_REQUEST, "\"id\" must be a number, or a string of at most 64 bytes.");
	return false;
}

static bool read_version(struct json_object *top, struct control_refusal *refusal)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(top, "v", &value))
		return true;
	if (json_object_is_type(value, json_type_int) && json_object_get_int64(value) == CONTROL_VERSION)
		return true;
	control_refuse(refusal, CONTROL_UNKNOWN_VERSION,
		       "This server speaks version %d of the control protocol: send \"v\":%d.", CONTROL_VERSION,
		       CONTROL_VERSION);
	return false;
}

static bool read_command(struct json_object *top, struct control_request *ret, struct control_refusal *refusal)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(top, "command", &value) || !json_object_is_type(value, json_type_string)) {
		control_refuse(refusal, CONTROL_BAD_REQUEST,
			       "\"command\" is missing: a request is {\"command\":\"status\"}, for example.");
		return false;
	}
	for (int i = 0; i < CONTROL_COMMAND_COUNT; i++)
		if (strcmp(json_object_get_string(value), commands[i].text) == 0) {
			ret->command = (enum control_command)i;
			return true;
		}
	control_refuse(refusal, CONTROL_UNKNOWN_COMMAND,
		       "There is no such command. There are status, list, show, settings, watch, trace, kick, close, "
		       "drain, undrain and log.");
	return false;
}

static bool read_text(struct json_object *top, const char *key, struct control_text *ret,
		      struct control_refusal *refusal)
{
	struct json_object *value = NULL;
	int length = 0;

	if (json_object_object_get_ex(top, key, &value) && json_object_is_type(value, json_type_string))
		length = json_object_get_string_len(value);
	if (length < 1 || length > LIMIT_NAME_BYTES) {
		control_refuse(refusal, CONTROL_BAD_REQUEST, "This command needs \"%s\": a string of 1 to %d bytes.",
			       key, LIMIT_NAME_BYTES);
		return false;
	}
	ret->length = (size_t)length;
	memcpy(ret->bytes, json_object_get_string(value), (size_t)length);
	return true;
}

static bool read_level(struct json_object *top, struct control_request *ret, struct control_refusal *refusal)
{
	struct json_object *value = NULL;

	if (json_object_object_get_ex(top, "level", &value) && json_object_is_type(value, json_type_string))
		for (int i = LOG_LEVEL_ERROR; i <= LOG_LEVEL_TRACE; i++)
			if (strcmp(json_object_get_string(value), log_level_text((enum log_level)i)) == 0) {
				ret->level = i;
				return true;
			}
	control_refuse(refusal, CONTROL_BAD_REQUEST,
		       "This command needs \"level\": error, warn, info, debug or trace.");
	return false;
}

static bool read_request(struct json_object *top, struct control_request *ret, struct control_refusal *refusal)
{
	if (!read_id(top, ret, refusal) || !read_version(top, refusal) || !read_command(top, ret, refusal))
		return false;
	unsigned fields = commands[ret->command].fields;
	return (!(fields & CONTROL_ROOM) || read_text(top, "room", &ret->room, refusal)) &&
	       (!(fields & CONTROL_CLIENT) || read_text(top, "client", &ret->client, refusal)) &&
	       (!(fields & CONTROL_LEVEL) || read_level(top, ret, refusal));
}

int control_request_parse(const char *line, size_t n, struct control_request *ret, struct control_refusal *ret_refusal)
{
	/* json-c looks at the form of UTF-8 only; and what it lets through comes back to the client. */
	bool fits = n <= LIMIT_CONTROL_REQUEST_BYTES && utf8_valid((const uint8_t *)line, n);
	struct json_tokener *tokener = fits ? json_tokener_new_ex(DEPTH_MAX) : NULL;
	struct json_object *top = NULL;
	int result = -EINVAL;

	*ret = (struct control_request){.id = "null"};
	if (tokener) {
		json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
		top = json_tokener_parse_ex(tokener, line, (int)n);
		if (json_tokener_get_error(tokener) != json_tokener_success)
			json_object_put(top), top = NULL;
	}
	if (!json_object_is_type(top, json_type_object))
		control_refuse(ret_refusal, CONTROL_BAD_REQUEST,
			       "A request is one JSON object on a line of its own, as {\"command\":\"status\"}.");
	else if (read_request(top, ret, ret_refusal))
		result = 0;
	json_object_put(top);
	if (tokener)
		json_tokener_free(tokener);
	return result;
}
