/*
 * test_control_request - control_request.c.
 */
#include "control_request.h"

#include <errno.h>
#include <stdio.h>

#include "log.h"
#include "unit.h"

static struct control_request request;
static struct control_refusal refusal;

static int parse(const char *line)
{
	return control_request_parse(line, strlen(line), &request, &refusal);
}

static void refused(const char *line, enum control_code code)
{
	assert_int_equal(parse(line), -EINVAL);
	assert_int_equal(refusal.code, code);
	assert_true(strlen(refusal.sentence) > 10);
	assert_int_equal(refusal.sentence[strlen(refusal.sentence) - 1], '.');
}

static void test_commands(void **state)
{
	char line[128];

	(void)state;
	for (int i = 0; i < CONTROL_COMMAND_COUNT; i++) {
		snprintf(line, sizeof(line), "{\"command\":\"%s\",\"room\":\"r\",\"client\":\"c\",\"level\":\"debug\"}",
			 control_command_text((enum control_command)i));
		assert_int_equal(parse(line), 0);
		assert_int_equal(request.command, i);
		assert_string_equal(request.id, "null");
	}
	assert_int_equal(parse("{\"v\":1,\"id\":7,\"command\":\"kick\",\"room\":\"a\\u0062\",\"client\":\"\\u00e9\"}"),
			 0);
	assert_string_equal(request.id, "7");
	assert_text(request.room.bytes, request.room.length, "ab");
	assert_text(request.client.bytes, request.client.length, "\xc3\xa9");
	assert_int_equal(parse("{\"id\":\"x\\\"y\",\"command\":\"log\",\"level\":\"trace\"}\r"), 0);
	assert_string_equal(request.id, "\"x\\\"y\"");
	assert_int_equal(request.level, LOG_LEVEL_TRACE);
}

static void test_refusals(void **state)
{
	char line[LIMIT_CONTROL_REQUEST_BYTES + 100];

	(void)state;
	refused("", CONTROL_BAD_REQUEST);
	refused("nonsense", CONTROL_BAD_REQUEST);
	refused("[]", CONTROL_BAD_REQUEST);
	refused("{\"id\":\"\xc1\xa3\",\"command\":\"status\"}", CONTROL_BAD_REQUEST);
	refused("{}", CONTROL_BAD_REQUEST);
	refused("{\"command\":\"status\"} x", CONTROL_BAD_REQUEST);
	refused("{\"command\":\"status\"", CONTROL_BAD_REQUEST);
	refused("{\"command\":7}", CONTROL_BAD_REQUEST);
	refused("{\"command\":\"explode\"}", CONTROL_UNKNOWN_COMMAND);
	refused("{\"v\":2,\"command\":\"status\"}", CONTROL_UNKNOWN_VERSION);
	refused("{\"v\":\"1\",\"command\":\"status\"}", CONTROL_UNKNOWN_VERSION);
	refused("{\"command\":\"show\"}", CONTROL_BAD_REQUEST);
	refused("{\"command\":\"show\",\"room\":\"\"}", CONTROL_BAD_REQUEST);
	refused("{\"command\":\"show\",\"room\":null}", CONTROL_BAD_REQUEST);
	refused("{\"command\":\"kick\",\"room\":\"r\"}", CONTROL_BAD_REQUEST);
	refused("{\"command\":\"log\",\"level\":\"loud\"}", CONTROL_BAD_REQUEST);
	refused("{\"command\":\"status\",\"id\":[1]}", CONTROL_BAD_REQUEST);
	refused("{\"command\":\"status\",\"a\":[[[[[[[[1]]]]]]]]}", CONTROL_BAD_REQUEST);
	assert_string_equal(request.id, "null");
	refused("{\"id\":5,\"command\":\"explode\"}", CONTROL_UNKNOWN_COMMAND);
	assert_string_equal(request.id, "5");

	memset(line, ' ', sizeof(line));
	memcpy(line, "{\"command\":\"status\"}", 20);
	assert_int_equal(control_request_parse(line, sizeof(line), &request, &refusal), -EINVAL);
	memset(line, 'r', sizeof(line));
	memcpy(line, "{\"command\":\"show\",\"room\":\"", 26);
	memcpy(line + 26 + LIMIT_NAME_BYTES + 1, "\"}", 3);
	refused(line, CONTROL_BAD_REQUEST);
	memcpy(line + 26 + LIMIT_NAME_BYTES, "\"}", 3);
	assert_int_equal(parse(line), 0);
	assert_int_equal(request.room.length, LIMIT_NAME_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_commands), cmocka_unit_test(test_refusals)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
