/*
 * test_server_message - server_message.c: the very bytes, and that each is the JSON it should be.
 */
#include "server_message.h"

#include "unit.h"

static const struct client_id id = {"0123456789abcdef0123456789ABCDEF"};
#define ID "\"client_id\":\"0123456789abcdef0123456789ABCDEF\""

static struct name name(const char *text)
{
	struct name n;

	assert_null(name_set(&n, text, strlen(text)));
	return n;
}

static void assert_json(const struct out *o, const char *want)
{
	struct json_problem problem;

	assert_false(o->truncated);
	assert_text(o->at, o->length, want);
	assert_int_equal(json_object(o->at, o->length, NULL, 0, &problem), 0);
}

static void test_members_come_and_go(void **state)
{
	char buffer[1000];
	struct name room = name("r\"1"), sender = name("d\xC3\xB6\\c");
	struct out o = out_init(buffer, sizeof buffer);

	(void)state;
	server_message_user_joined(&o, &room, &id, &sender);
	assert_json(&o, "{\"action\":\"user-joined\",\"room_id\":\"r\\\"1\"," ID ",\"sender\":\"d\xC3\xB6\\\\c\"}");

	o = out_init(buffer, sizeof buffer);
	server_message_user_left(&o, &room, &id, &sender, LEFT_TIMEOUT);
	assert_json(&o, "{\"action\":\"user-left\",\"room_id\":\"r\\\"1\"," ID
			",\"sender\":\"d\xC3\xB6\\\\c\",\"reason\":\"timeout\"}");

	o = out_init(buffer, sizeof buffer);
	server_message_left(&o, &room, &id);
	assert_json(&o, "{\"action\":\"left\",\"room_id\":\"r\\\"1\"," ID ",\"success\":true}");
}

static void test_joined(void **state)
{
	char buffer[1000];
	struct name room = name("r"), sender = name("s"), other = name("t");
	struct out o = out_init(buffer, sizeof buffer);

	(void)state;
	server_message_joined_begin(&o, false, &room, &id, &sender);
	server_message_joined_end(&o, (struct span){0}, NULL);
	assert_json(&o, "{\"action\":\"joined\",\"room_id\":\"r\"," ID
			",\"sender\":\"s\",\"success\":true,\"participants\":[]}");

	o = out_init(buffer, sizeof buffer);
	server_message_joined_begin(&o, false, &room, &id, &sender);
	server_message_joined_participant(&o, true, &id, &other);
	server_message_joined_participant(&o, false, &id, &sender);
	server_message_joined_end(&o, (struct span){"[{}]", 4}, NULL);
	assert_json(&o, "{\"action\":\"joined\",\"room_id\":\"r\"," ID
			",\"sender\":\"s\",\"success\":true,\"participants\":["
			"{" ID ",\"sender\":\"t\"},{" ID ",\"sender\":\"s\"}],\"ice_servers\":[{}]}");
}

static void test_resume(void **state)
{
	char buffer[1000];
	struct name room = name("r"), sender = name("s");
	struct resume_offer offer = {&id, "fedcba9876543210fedcba9876543210", 30000, 7};
	struct out o = out_init(buffer, sizeof buffer);

	(void)state;
	server_message_joined_begin(&o, true, &room, &id, &sender);
	server_message_joined_end(&o, (struct span){0}, &offer);
	assert_json(&o, "{\"action\":\"resumed\",\"room_id\":\"r\"," ID
			",\"sender\":\"s\",\"success\":true,\"participants\":[],"
			"\"resume\":\"0123456789abcdef0123456789ABCDEF.fedcba9876543210fedcba9876543210\","
			"\"resume_ms\":30000,\"n\":7}");

	o = out_init(buffer, sizeof buffer);
	server_message_user_suspended(&o, &room, &id, &sender);
	assert_json(&o, "{\"action\":\"user-suspended\",\"room_id\":\"r\"," ID ",\"sender\":\"s\"}");

	o = out_init(buffer, sizeof buffer);
	server_message_user_resumed(&o, &room, &id, &sender);
	assert_json(&o, "{\"action\":\"user-resumed\",\"room_id\":\"r\"," ID ",\"sender\":\"s\"}");

	o = out_init(buffer, LIMIT_SEQ_BYTES);
	server_message_seq(&o, UINT64_MAX);
	assert_false(o.truncated);
	assert_text(o.at, o.length, "{\"seq\":18446744073709551615,");
}

static void test_signal(void **state)
{
	char buffer[1000];
	struct name room = name("r"), sender = name("s");
	struct out o = out_init(buffer, sizeof buffer);

	(void)state;
	server_message_signal_begin(&o, ACTION_OFFER, &room, &id, &sender, (struct span){0});
	out_text(&o, "1.50}");
	assert_json(&o, "{\"action\":\"offer\",\"room_id\":\"r\"," ID ",\"sender\":\"s\",\"data\":1.50}");

	o = out_init(buffer, sizeof buffer);
	server_message_signal_begin(&o, ACTION_ICE_CANDIDATE, &room, &id, &sender, (struct span){"\"\\u0041\"", 8});
	out_text(&o, "null}");
	assert_json(&o, "{\"action\":\"ice-candidate\",\"room_id\":\"r\"," ID
			",\"sender\":\"s\",\"target\":\"\\u0041\",\"data\":null}");
}

static void test_pong(void **state)
{
	char buffer[100];
	struct out o = out_init(buffer, sizeof buffer);

	(void)state;
	server_message_pong_begin(&o, false);
	out_text(&o, "}");
	assert_json(&o, "{\"action\":\"pong\"}");

	o = out_init(buffer, sizeof buffer);
	server_message_pong_begin(&o, true);
	out_text(&o, "[7]}");
	assert_json(&o, "{\"action\":\"pong\",\"data\":[7]}");
}

static void test_error(void **state)
{
	char buffer[LIMIT_SERVER_MESSAGE_BYTES];
	struct complaint complaint;
	struct out o = out_init(buffer, sizeof buffer);

	(void)state;
	complain(&complaint, ERROR_INVALID_FIELD, "\"room_id\" is %s.", "empty");
	server_message_error(&o, &complaint);
	assert_json(
	    &o,
	    "{\"action\":\"error\",\"code\":\"invalid-field\",\"error\":\"A field has a value that is not allowed.\","
	    "\"details\":\"\\\"room_id\\\" is empty.\"}");

	for (enum error_code code = ERROR_INVALID_JSON; code <= ERROR_INTERNAL; code++) {
		char quotes[300];
		struct json_problem problem;

		memset(quotes, '\x7F', sizeof quotes - 1); /* what grows most */
		quotes[sizeof quotes - 1] = '\0';
		complain(&complaint, code, "%s", quotes);
		o = out_init(buffer, sizeof buffer);
		server_message_error(&o, &complaint);
		assert_false(o.truncated);
		assert_int_equal(json_object(o.at, o.length, NULL, 0, &problem), 0);
	}
}

static void test_reasons(void **state)
{
	(void)state;
	assert_string_equal(left_reason_text(LEFT_LEAVE), "leave");
	assert_string_equal(left_reason_text(LEFT_DISCONNECT), "disconnect");
	assert_string_equal(left_reason_text(LEFT_TIMEOUT), "timeout");
	assert_string_equal(left_reason_text(LEFT_KICKED), "kicked");
	assert_string_equal(left_reason_text(LEFT_FLOOD), "flood");
	assert_string_equal(left_reason_text(LEFT_SLOW), "slow");
}

/* The longest names, every byte of them escaped, fit the bound that writers rely on. */
static void test_longest(void **state)
{
	char buffer[LIMIT_SERVER_MESSAGE_BYTES];
	char target[6 * LIMIT_NAME_BYTES + 2];
	struct name worst = {.length = LIMIT_NAME_BYTES};
	struct out o = out_init(buffer, sizeof buffer);

	(void)state;
	memset(worst.bytes, 1, sizeof worst.bytes); /* no name may have it, but none grows more */
	memset(target, 'x', sizeof target);
	server_message_signal_begin(&o, ACTION_ICE_CANDIDATE, &worst, &id, &worst,
				    (struct span){target, sizeof target});
	assert_false(o.truncated);
	o = out_init(buffer, sizeof buffer);
	server_message_user_left(&o, &worst, &id, &worst, LEFT_DISCONNECT);
	assert_false(o.truncated);
	o = out_init(buffer, LIMIT_PARTICIPANT_BYTES);
	server_message_joined_participant(&o, false, &id, &worst);
	assert_false(o.truncated);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_members_come_and_go),
	    cmocka_unit_test(test_joined),
	    cmocka_unit_test(test_resume),
	    cmocka_unit_test(test_signal),
	    cmocka_unit_test(test_pong),
	    cmocka_unit_test(test_error),
	    cmocka_unit_test(test_reasons),
	    cmocka_unit_test(test_longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
