/*
 * fuzz_client_message - a client's text message, and what the server writes in answer to it: both are what they should
 * be, whatever came.
 */
#include "client_message.h"

#include "fuzz.h"
#include "out.h"
#include "server_message.h"
#include "utf8.h"

static void check_json(const struct out *o)
{
	struct json_problem problem;

	CHECK(!o->truncated);
	CHECK(utf8_valid((uint8_t *)o->at, o->length));
	CHECK(json_object(o->at, o->length, NULL, 0, &problem) == 0);
}

static void check_complaint(const struct complaint *complaint)
{
	char buffer[LIMIT_SERVER_MESSAGE_BYTES];
	struct out o = out_init(buffer, sizeof buffer);
	size_t length = strnlen(complaint->details, sizeof complaint->details);

	CHECK(complaint->code == ERROR_INVALID_JSON || complaint->code == ERROR_MISSING_FIELD ||
	      complaint->code == ERROR_INVALID_FIELD || complaint->code == ERROR_UNKNOWN_ACTION);
	CHECK(length > 0 && length < sizeof complaint->details);
	CHECK(complaint->details[length - 1] == '.'); /* nothing was cut */
	for (size_t at = 0; at < length;) {
		uint32_t code;
		size_t n = utf8_read((const uint8_t *)complaint->details + at, length - at, &code);
		CHECK(n > 0 && utf8_showable(code));
		at += n;
	}
	server_message_error(&o, complaint);
	check_json(&o);
}

static void check_name(const struct name *name)
{
	CHECK(utf8_name_problem((const uint8_t *)name->bytes, name->length) == NULL);
}

static void check_inside(struct span span, const char *text, size_t size)
{
	CHECK(span.at >= text && span.length > 0 && span.length <= size && span.at + span.length <= text + size);
}

static void check_relayed(const struct client_message *message, size_t size)
{
	static const struct client_id id = {"0123456789abcdef0123456789abcdef"};
	static const struct name name = {.length = 1, .bytes = "n"};
	char *buffer = malloc(size + LIMIT_SERVER_MESSAGE_BYTES);
	struct out o = out_init(buffer, size + LIMIT_SERVER_MESSAGE_BYTES);

	CHECK(buffer != NULL);
	if (message->action == ACTION_PING)
		server_message_pong_begin(&o, message->data.at != NULL);
	else
		server_message_signal_begin(&o, message->action, &name, &id, &name, message->target);
	out_bytes(&o, message->data.at, message->data.length);
	out_text(&o, "}");
	check_json(&o);
	free(buffer);
}

static void check_message(const struct client_message *message, const char *text, size_t size)
{
	if (message->data.at != NULL)
		check_inside(message->data, text, size);
	CHECK(message->bad_n || message->n < UINT64_C(1) << 53);
	CHECK(message->action == ACTION_JOIN || !message->resumable);
	CHECK(message->secret.length <= sizeof(message->secret.bytes));
	switch (message->action) {
	case ACTION_JOIN:
		check_name(&message->room_id);
		check_name(&message->sender);
		CHECK(message->data.at == NULL);
		break;
	case ACTION_LEAVE:
		CHECK(message->data.at == NULL && message->target.at == NULL);
		break;
	case ACTION_PING:
		check_relayed(message, size);
		break;
	case ACTION_ACK:
	case ACTION_RESUME:
		CHECK(message->data.at == NULL && message->seq < UINT64_C(1) << 53);
		break;
	default:
		CHECK(message->data.at != NULL);
		CHECK((message->target.at != NULL) == (message->target_name.length > 0));
		if (message->target.at != NULL) {
			check_inside(message->target, text, size);
			check_name(&message->target_name);
		}
		check_relayed(message, size);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct client_message message;
	struct complaint complaint;

	if (!utf8_valid(data, size))
		return 0;
	char *text = fuzz_copy(data, size);
	if (client_message_parse(text, size, &message, &complaint) == 0)
		check_message(&message, text, size);
	else
		check_complaint(&complaint);
	free(text);
	return 0;
}
