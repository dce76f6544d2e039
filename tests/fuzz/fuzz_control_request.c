/*
 * fuzz_control_request - a line on the control socket: whatever it is, it is a checked request, or a refusal that says
 * what was wrong.
 */
#include "control_request.h"

#include <stdbool.h>

#include "fuzz.h"
#include "log.h"
#include "utf8.h"

static bool is_quoted(const char *id)
{
	return strlen(id) >= 2 && id[0] == '"' && id[strlen(id) - 1] == '"';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct control_request request;
	struct control_refusal refusal = {.sentence = ""};
	char *line = fuzz_copy(data, size);
	int result = control_request_parse(line, size, &request, &refusal);

	free(line);
	/* What is given back on a line of its own must not end it, nor be anything but a value of JSON. */
	CHECK(strlen(request.id) < sizeof request.id && strchr(request.id, '\n') == NULL);
	CHECK(strcmp(request.id, "null") == 0 || is_quoted(request.id) ||
	      strspn(request.id, "-0123456789") == strlen(request.id));
	CHECK(utf8_valid((const uint8_t *)request.id, strlen(request.id)));
	if (result < 0) {
		CHECK(control_code_text(refusal.code) != NULL);
		size_t length = strlen(refusal.sentence);
		CHECK(length > 0 && refusal.sentence[length - 1] == '.');
		return 0;
	}
	CHECK((unsigned)request.command < CONTROL_COMMAND_COUNT);
	CHECK(control_command_text(request.command) && control_command_right(request.command) <= CONTROL_ACT);
	CHECK(request.room.length <= sizeof request.room.bytes && request.client.length <= sizeof request.client.bytes);
	CHECK(request.command != CONTROL_COMMAND_KICK || (request.room.length > 0 && request.client.length > 0));
	CHECK(request.command != CONTROL_COMMAND_LOG || request.level <= LOG_LEVEL_TRACE);
	return 0;
}
