/*
 * client_message - see client_message.h.
 */
#include "client_message.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "compiler.h"
#include "out.h"
#include "utf8.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

#define NAME_RULE                                                                                                      \
	"it must be 1 to 128 bytes of UTF-8 without control or bidirectional-override characters, and without white "  \
	"space at either end"
static_assert(LIMIT_NAME_BYTES == 128, "NAME_RULE says so");

/* An unknown action is shown up to so many bytes. */
#define ACTION_SHOWN_BYTES 40

enum field {
	FIELD_ACTION,
	FIELD_ROOM_ID,
	FIELD_SENDER,
	FIELD_TARGET,
	FIELD_DATA,
	FIELD_TOKEN,
	FIELD_RESUME,
	FIELD_SEQ,
	FIELD_N, /* never required, and wrong at most: see client_message.h */
	FIELD_COUNT,
};

#define BIT(field) (1U << (field))

/* What each action looks at; all else in a message is ignored. */
static const struct {
	const char *text;
	unsigned required;
	unsigned optional;
	const char *needs; /* `required` in words */
} actions[] = {
    [ACTION_JOIN] = {"join", BIT(FIELD_ROOM_ID) | BIT(FIELD_SENDER), BIT(FIELD_TOKEN) | BIT(FIELD_RESUME),
		     "\"room_id\" and \"sender\""},
    [ACTION_LEAVE] = {"leave", 0, 0, NULL},
    [ACTION_OFFER] = {"offer", BIT(FIELD_DATA), BIT(FIELD_TARGET), "\"data\""},
    [ACTION_ANSWER] = {"answer", BIT(FIELD_DATA), BIT(FIELD_TARGET), "\"data\""},
    [ACTION_ICE_CANDIDATE] = {"ice-candidate", BIT(FIELD_DATA), BIT(FIELD_TARGET), "\"data\""},
    [ACTION_PING] = {"ping", 0, BIT(FIELD_DATA), NULL},
    [ACTION_ICE_SERVERS] = {"ice-servers", 0, 0, NULL},
    [ACTION_ACK] = {"ack", BIT(FIELD_SEQ), 0, "\"seq\""},
    [ACTION_RESUME] = {"resume", BIT(FIELD_RESUME) | BIT(FIELD_SEQ), 0, "\"resume\" and \"seq\""},
};

#define ACTIONS_KNOWN "join, leave, offer, answer, ice-candidate, ping, ice-servers, ack or resume"

static const char *const error_codes[] = {[ERROR_NONE] = NULL,
#define X(name, code, sentence) [ERROR_##name] = code,
					  ERROR_CODES(X)
#undef X
};

static const char *const error_sentences[] = {[ERROR_NONE] = NULL,
#define X(name, code, sentence) [ERROR_##name] = sentence,
					      ERROR_CODES(X)
#undef X
};

const char *client_action_text(enum client_action action)
{
	assert((unsigned)action < COUNT_OF(actions));
	return actions[action].text;
}

const char *error_code_text(enum error_code code)
{
	assert(code != ERROR_NONE && (unsigned)code < COUNT_OF(error_codes));
	return error_codes[code];
}

const char *error_code_sentence(enum error_code code)
{
	assert(code != ERROR_NONE && (unsigned)code < COUNT_OF(error_sentences));
	return error_sentences[code];
}

void complain(struct complaint *complaint, enum error_code code, const char *format, ...)
{
	va_list arguments;
	bool bad;

	complaint->code = code;
	va_start(arguments, format);
	int length = vsnprintf(complaint->details, sizeof complaint->details, format, arguments);
	va_end(arguments);
	assert(length >= 0);
	/* Cut short, it may have ended inside a character. */
	size_t whole = utf8_prefix((const uint8_t *)complaint->details,
				   strnlen(complaint->details, sizeof complaint->details), &bad);
	complaint->details[whole] = '\0';
}

bool name_equal(const struct name *a, const struct name *b)
{
	return a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0;
}

const char *name_set(struct name *ret, const void *bytes, size_t n)
{
	const char *problem = utf8_name_problem(bytes, n);

	if (problem != NULL)
		return problem;
	ret->length = (uint8_t)n;
	memcpy(ret->bytes, bytes, n);
	return NULL;
}

/* The value of two hex digits, or -1. */
static int hex_byte(const char *p)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	int value = 0;

	for (int i = 0; i < 2; i++) {
		const char *digit = memchr(digits, p[i], sizeof digits - 1);
		if (digit == NULL)
			return -1;
		value = value << 4 | (int)((digit - digits) & 15);
	}
	return value;
}

const char *name_from_path(struct name *ret, const char *segment, size_t n)
{
	char bytes[LIMIT_NAME_BYTES + 1]; /* one more, so that name_set() sees what is too long */
	size_t length = 0;

	for (size_t at = 0; at < n && length < sizeof bytes; length++) {
		if (segment[at] != '%') {
			bytes[length] = segment[at++];
			continue;
		}
		int byte = n - at >= 3 ? hex_byte(segment + at + 1) : -1;
		if (byte < 0)
			return "has a broken percent-escape in it";
		bytes[length] = (char)byte;
		at += 3;
	}
	return name_set(ret, bytes, length);
}

/* What a value is that should have been a string. */
static const char *kind_text(struct span value)
{
	switch (json_kind(value)) {
	case '{':
		return "an object";
	case '[':
		return "an array";
	case '0':
		return "a number";
	case 'n':
		return "null";
	default:
		return "a boolean";
	}
}

static int read_name(const struct json_field *field, struct name *ret, struct complaint *ret_complaint)
{
	char bytes[LIMIT_NAME_BYTES];
	int n = json_string(field->value, bytes, sizeof bytes);

	if (n == -ENOSPC) {
		complain(ret_complaint, ERROR_INVALID_FIELD, "\"%s\" is %d bytes long; it may have 1 to %d.",
			 field->key, json_string_length(field->value), LIMIT_NAME_BYTES);
		return -EINVAL;
	}
	const char *problem = n == -EINVAL   ? "is not a string"
			      : n == -EILSEQ ? "has an unpaired surrogate escape in it"
					     : name_set(ret, bytes, (size_t)n);
	if (problem == NULL)
		return 0;
	if (n == -EINVAL)
		complain(ret_complaint, ERROR_INVALID_FIELD, "\"%s\" is %s; it must be a string.", field->key,
			 kind_text(field->value));
	else
		complain(ret_complaint, ERROR_INVALID_FIELD, "\"%s\" %s; " NAME_RULE ".", field->key, problem);
	return -EINVAL;
}

static bool find_action(const char *text, size_t n, enum client_action *ret)
{
	for (unsigned i = 0; i < COUNT_OF(actions); i++) {
		if (n > 0 && actions[i].text[0] == text[0] && strlen(actions[i].text) == n &&
		    memcmp(actions[i].text, text, n) == 0) {
			*ret = (enum client_action)i;
			return true;
		}
	}
	return false;
}

/* The action is none, or one with escapes in it. */
static SELDOM int read_odd_action(const struct json_field *field, enum client_action *ret,
				  struct complaint *ret_complaint)
{
	char text[ACTION_SHOWN_BYTES] = {0};
	char shown[ACTION_SHOWN_BYTES];
	struct out out = out_init(shown, sizeof shown);

	int n = json_string(field->value, text, sizeof text);
	if (n == -EINVAL) {
		complain(ret_complaint, ERROR_INVALID_FIELD,
			 "\"action\" is %s; it must be a string: " ACTIONS_KNOWN ".", kind_text(field->value));
		return -EINVAL;
	}
	if (n == -EILSEQ) {
		complain(ret_complaint, ERROR_INVALID_FIELD,
			 "\"action\" has an unpaired surrogate escape in it; it must be " ACTIONS_KNOWN ".");
		return -EINVAL;
	}
	if (n >= 0 && find_action(text, (size_t)n, ret))
		return 0;
	out_visible(&out, text, n >= 0 ? (size_t)n : strnlen(text, sizeof text));
	complain(ret_complaint, ERROR_UNKNOWN_ACTION, "\"%.*s%s\" is not an action; known are " ACTIONS_KNOWN ".",
		 (int)out.length, shown, n < 0 || out.truncated ? "..." : "");
	return -EINVAL;
}

static int read_action(const struct json_field *field, enum client_action *ret, struct complaint *ret_complaint)
{
	struct span value = field->value;

	if (json_kind(value) == '"' && find_action(value.at + 1, value.length - 2, ret))
		return 0;
	return read_odd_action(field, ret, ret_complaint);
}

/* That each field the action looks at came once, or not at all if it may be absent. */
static int check_counts(const struct json_field *fields, enum client_action action, struct complaint *ret_complaint)
{
	for (unsigned i = 0; i < FIELD_COUNT; i++) {
		if (((actions[action].required | actions[action].optional) & BIT(i)) == 0)
			continue;
		if (fields[i].count > 1) {
			complain(ret_complaint, ERROR_INVALID_FIELD, "\"%s\" comes %u times; it may come once.",
				 fields[i].key, fields[i].count);
			return -EINVAL;
		}
		if (fields[i].count == 0 && (actions[action].required & BIT(i)) != 0) {
			complain(ret_complaint, ERROR_MISSING_FIELD, "\"%s\" is missing; action \"%s\" needs %s.",
				 fields[i].key, actions[action].text, actions[action].needs);
			return -EINVAL;
		}
	}
	return 0;
}

static int read_target(const struct json_field *field, struct client_message *ret, struct complaint *ret_complaint)
{
	char kind = json_kind(field->value);

	if (kind == '\0' || kind == 'n')
		return 0;
	if (kind != '"') {
		complain(ret_complaint, ERROR_INVALID_FIELD,
			 "\"target\" is %s; it must be a string, the client_id or the sender of a member, or null.",
			 kind_text(field->value));
		return -EINVAL;
	}
	ret->target = field->value;
	return read_name(field, &ret->target_name, ret_complaint);
}

static int read_resumable(const struct json_field *field, struct client_message *ret, struct complaint *ret_complaint)
{
	switch (json_kind(field->value)) {
	case 't':
		ret->resumable = true;
		return 0;
	case 'f':
	case 'n':
	case '\0':
		return 0;
	default:
		complain(ret_complaint, ERROR_INVALID_FIELD,
			 "\"resume\" is %s; in a \"join\" it must be true or false.",
			 json_kind(field->value) == '"' ? "a string" : kind_text(field->value));
		return -EINVAL;
	}
}

static int read_secret(const struct json_field *field, struct client_message *ret, struct complaint *ret_complaint)
{
	if (json_kind(field->value) != '"') {
		complain(ret_complaint, ERROR_INVALID_FIELD,
			 "\"resume\" is %s; it must be the string that came in \"joined\" or \"resumed\".",
			 kind_text(field->value));
		return -EINVAL;
	}
	int n = json_string(field->value, ret->secret.bytes, sizeof(ret->secret.bytes));
	ret->secret.length = n > 0 ? (uint8_t)n : 0;
	return 0;
}

static int read_seq(const struct json_field *field, struct client_message *ret, struct complaint *ret_complaint)
{
	if (json_unsigned(field->value, &ret->seq) == 0)
		return 0;
	complain(ret_complaint, ERROR_INVALID_FIELD,
		 "\"seq\" must be the number in the last message that was seen; 0 if none was.");
	return -EINVAL;
}

static void read_n(const struct json_field *field, struct client_message *ret)
{
	ret->bad_n = field->count > 0 && (field->count > 1 || json_unsigned(field->value, &ret->n) < 0 || ret->n == 0);
}

static int read_fields(const struct json_field *fields, struct client_message *ret, struct complaint *ret_complaint)
{
	const unsigned looked_at = actions[ret->action].required | actions[ret->action].optional;
	int error = check_counts(fields, ret->action, ret_complaint);

	if (error == 0 && (looked_at & BIT(FIELD_ROOM_ID)) != 0)
		error = read_name(&fields[FIELD_ROOM_ID], &ret->room_id, ret_complaint);
	if (error == 0 && (looked_at & BIT(FIELD_SENDER)) != 0)
		error = read_name(&fields[FIELD_SENDER], &ret->sender, ret_complaint);
	if (error == 0 && (looked_at & BIT(FIELD_TARGET)) != 0)
		error = read_target(&fields[FIELD_TARGET], ret, ret_complaint);
	if (error == 0 && (looked_at & BIT(FIELD_DATA)) != 0)
		ret->data = fields[FIELD_DATA].value;
	if (error == 0 && (looked_at & BIT(FIELD_TOKEN)) != 0)
		ret->token = fields[FIELD_TOKEN].value;
	if (error == 0 && ret->action == ACTION_JOIN)
		error = read_resumable(&fields[FIELD_RESUME], ret, ret_complaint);
	if (error == 0 && ret->action == ACTION_RESUME)
		error = read_secret(&fields[FIELD_RESUME], ret, ret_complaint);
	if (error == 0 && (looked_at & BIT(FIELD_SEQ)) != 0)
		error = read_seq(&fields[FIELD_SEQ], ret, ret_complaint);
	return error;
}

int client_message_parse(const char *text, size_t n, struct client_message *ret, struct complaint *ret_complaint)
{
	struct json_field fields[FIELD_COUNT] = {
	    [FIELD_ACTION] = {.key = "action"}, [FIELD_ROOM_ID] = {.key = "room_id"},
	    [FIELD_SENDER] = {.key = "sender"}, [FIELD_TARGET] = {.key = "target"},
	    [FIELD_DATA] = {.key = "data"},     [FIELD_TOKEN] = {.key = "token"},
	    [FIELD_RESUME] = {.key = "resume"}, [FIELD_SEQ] = {.key = "seq"},
	    [FIELD_N] = {.key = "n"},
	};
	const struct json_field *action = &fields[FIELD_ACTION];
	struct json_problem problem;

	/* The bytes of names are left as they are, which is most of the struct: a length of 0 says that they mean
	 * nothing. */
	ret->room_id.length = ret->sender.length = ret->target_name.length = ret->secret.length = 0;
	ret->resumable = ret->bad_n = false;
	ret->n = ret->seq = 0;
	ret->target = ret->data = ret->token = (struct span){0};

	if (n == 0) {
		complain(ret_complaint, ERROR_INVALID_JSON, "The message is empty; it must be one JSON object.");
		return -EINVAL;
	}
	if (json_object(text, n, fields, FIELD_COUNT, &problem) < 0) {
		complain(ret_complaint, ERROR_INVALID_JSON, "At byte %zu: %s.", problem.at, problem.what);
		return -EINVAL;
	}
	read_n(&fields[FIELD_N], ret);
	if (action->count != 1) {
		complain(ret_complaint, action->count == 0 ? ERROR_MISSING_FIELD : ERROR_INVALID_FIELD,
			 action->count == 0 ? "\"action\" is missing; it must be " ACTIONS_KNOWN "."
					    : "\"action\" comes more than once.");
		return -EINVAL;
	}
	if (read_action(action, &ret->action, ret_complaint) < 0)
		return -EINVAL;
	return read_fields(fields, ret, ret_complaint);
}
