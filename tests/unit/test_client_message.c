/*
 * test_client_message - client_message.c: what is taken from a message, and what clients are told of a bad one.
 */
#include "client_message.h"

#include <errno.h>
#include <stdio.h>

#include "unit.h"
#include "utf8.h"

#define X10(s) s s s s s s s s s s
#define RULE                                                                                                           \
	"; it must be 1 to 128 bytes of UTF-8 without control or bidirectional-override characters, and without "      \
	"white space at either end."

static struct client_message parse(const char *text)
{
	struct client_message message;
	struct complaint complaint;

	memset(&message, 0xA5, sizeof message);
	if (client_message_parse(text, strlen(text), &message, &complaint) != 0)
		fail_msg("%s: %s: %s", text, error_code_text(complaint.code), complaint.details);
	return message;
}

static void assert_name(const struct name *name, const char *want)
{
	assert_text(name->bytes, name->length, want);
}

static void assert_absent(struct span span)
{
	assert_null(span.at);
	assert_int_equal(span.length, 0);
}

static void test_join(void **state)
{
	(void)state;
	struct client_message m = parse("{\"action\":\"join\",\"room_id\":\"r\\u00e4um\",\"sender\":\"doctor-123\","
					"\"data\":1,\"data\":2,\"target\":5,\"token\":\"t\"}");
	assert_int_equal(m.action, ACTION_JOIN);
	assert_name(&m.room_id, "r\xC3\xA4um");
	assert_name(&m.sender, "doctor-123");
	assert_int_equal(m.target_name.length, 0);
	assert_absent(m.target);
	assert_absent(m.data); /* ignored */

	m = parse("{\"\\u0061ction\":\"\\u006aoin\",\"room\\u005fid\":\"a\",\"sender\":\"\xF0\x9F\x98\x80\"}");
	assert_int_equal(m.action, ACTION_JOIN);
	assert_name(&m.sender, "\xF0\x9F\x98\x80");
}

static void test_signals(void **state)
{
	static const struct {
		const char *text;
		enum client_action action;
		const char *data;
		const char *target;
		const char *target_name;
	} cases[] = {
	    {"{\"action\":\"offer\",\"data\":{\"sdp\":\"v=0\\r\\n\"}}", ACTION_OFFER, "{\"sdp\":\"v=0\\r\\n\"}", NULL,
	     ""},
	    {"{\"action\":\"answer\",\"data\":null}", ACTION_ANSWER, "null", NULL, ""},
	    {"{\"action\":\"ice-candidate\",\"data\": [1 , 2] ,\"target\":null}", ACTION_ICE_CANDIDATE, "[1 , 2]", NULL,
	     ""},
	    {"{\"data\":-0.50E1,\"target\" : \"p\\u00e4t\" ,\"action\":\"offer\"}", ACTION_OFFER, "-0.50E1",
	     "\"p\\u00e4t\"", "p\xC3\xA4t"},
	    {"{\"action\":\"offer\",\"data\":\"\\ud800\",\"target\":\"x\"}", ACTION_OFFER, "\"\\ud800\"", "\"x\"", "x"},
	    /* what a signal says of room and sender is not even looked at */
	    {"{\"action\":\"offer\",\"data\":1,\"room_id\":7,\"room_id\":{},\"sender\":\"\\ud800\",\"sender\":\"\"}",
	     ACTION_OFFER, "1", NULL, ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct client_message m = parse(cases[i].text);
		assert_int_equal(m.action, cases[i].action);
		assert_text(m.data.at, m.data.length, cases[i].data);
		if (cases[i].target == NULL)
			assert_absent(m.target);
		else
			assert_text(m.target.at, m.target.length, cases[i].target);
		assert_name(&m.target_name, cases[i].target_name);
		assert_int_equal(m.room_id.length, 0);
		assert_int_equal(m.sender.length, 0);
	}
}

static void test_leave_and_ping(void **state)
{
	(void)state;
	struct client_message m =
	    parse("{\"action\":\"leave\",\"data\":1,\"data\":2,\"target\":7,\"room_id\":[],\"sender\":null}");
	assert_int_equal(m.action, ACTION_LEAVE);
	assert_absent(m.data);
	assert_absent(m.target);

	m = parse("{\"action\":\"ping\"}");
	assert_int_equal(m.action, ACTION_PING);
	assert_absent(m.data);
	m = parse("{\"action\":\"ping\",\"data\":{\"t\":1.50},\"target\":7,\"target\":8}");
	assert_text(m.data.at, m.data.length, "{\"t\":1.50}");
	m = parse("{\"action\":\"ping\",\"data\":null}");
	assert_text(m.data.at, m.data.length, "null");
}

static void test_resume(void **state)
{
	(void)state;
	struct client_message m = parse("{\"action\":\"join\",\"room_id\":\"a\",\"sender\":\"b\",\"resume\":true}");
	assert_true(m.resumable);
	m = parse("{\"action\":\"join\",\"room_id\":\"a\",\"sender\":\"b\",\"resume\":null}");
	assert_false(m.resumable);

	m = parse("{\"action\":\"resume\",\"resume\":\"a\\u002eb\",\"seq\":7}");
	assert_int_equal(m.action, ACTION_RESUME);
	assert_name(&m.secret, "a.b");
	assert_int_equal(m.seq, 7);
	m = parse("{\"action\":\"resume\",\"resume\":\"" X10(X10("ab")) "\",\"seq\":0}");
	assert_int_equal(m.secret.length, 0); /* it is none */
	m = parse("{\"action\":\"resume\",\"resume\":\"\\ud800\",\"seq\":0}");
	assert_int_equal(m.secret.length, 0);

	m = parse("{\"action\":\"ack\",\"seq\":9007199254740991}");
	assert_int_equal(m.action, ACTION_ACK);
	assert_int_equal(m.seq, 9007199254740991);
}

/* To whom it does not matter, it never is wrong. */
static void test_n(void **state)
{
	static const struct {
		const char *n;
		uint64_t value;
		bool bad;
	} cases[] = {
	    {"", 0, false},         {",\"n\":1", 1, false},   {",\"n\":9007199254740991", 9007199254740991, false},
	    {",\"n\":0", 0, true},  {",\"n\":1.0", 0, true},  {",\"n\":\"1\"", 0, true},
	    {",\"n\":[]", 0, true}, {",\"n\":null", 0, true}, {",\"n\":1,\"n\":2", 0, true}};
	char text[200];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		snprintf(text, sizeof text, "{\"action\":\"offer\",\"data\":1%s}", cases[i].n);
		struct client_message m = parse(text);
		assert_int_equal(m.bad_n, cases[i].bad);
		if (!m.bad_n)
			assert_int_equal(m.n, cases[i].value);
	}
	struct client_message m;
	struct complaint complaint;
	const char *refused = "{\"action\":\"offer\",\"n\":3}";
	assert_int_equal(client_message_parse(refused, strlen(refused), &m, &complaint), -EINVAL);
	assert_int_equal(m.n, 3); /* it is done with, nevertheless */
}

static const struct complaint_case {
	const char *text;
	enum error_code code;
	const char *details;
} complaint_cases[] = {
#define KNOWN "join, leave, offer, answer, ice-candidate, ping, ice-servers, ack or resume"
#define JOIN(rest) "{\"action\":\"join\"," rest "}"
#define OFFER(rest) "{\"action\":\"offer\"," rest "}"
    {"", ERROR_INVALID_JSON, "The message is empty; it must be one JSON object."},
    {"[]", ERROR_INVALID_JSON, "At byte 0: the text is not a JSON object."},
    {"{\"action\":\"leave\"} x", ERROR_INVALID_JSON, "At byte 19: something follows the object."},
    {"{\"action\":\"leave\"", ERROR_INVALID_JSON, "At byte 17: expected a comma or the end of the object."},
    {"{}", ERROR_MISSING_FIELD, "\"action\" is missing; it must be " KNOWN "."},
    {"{\"Action\":\"join\"}", ERROR_MISSING_FIELD, "\"action\" is missing; it must be " KNOWN "."},
    {"{\"action\":\"ping\",\"acti\\u006fn\":\"leave\"}", ERROR_INVALID_FIELD, "\"action\" comes more than once."},
    {"{\"action\":null}", ERROR_INVALID_FIELD, "\"action\" is null; it must be a string: " KNOWN "."},
    {"{\"action\":-7}", ERROR_INVALID_FIELD, "\"action\" is a number; it must be a string: " KNOWN "."},
    {"{\"action\":[]}", ERROR_INVALID_FIELD, "\"action\" is an array; it must be a string: " KNOWN "."},
    {"{\"action\":{}}", ERROR_INVALID_FIELD, "\"action\" is an object; it must be a string: " KNOWN "."},
    {"{\"action\":true}", ERROR_INVALID_FIELD, "\"action\" is a boolean; it must be a string: " KNOWN "."},
    {"{\"action\":false}", ERROR_INVALID_FIELD, "\"action\" is a boolean; it must be a string: " KNOWN "."},
    {"{\"action\":\"\\ud800\"}", ERROR_INVALID_FIELD,
     "\"action\" has an unpaired surrogate escape in it; it must be " KNOWN "."},
    {"{\"action\":\"\"}", ERROR_UNKNOWN_ACTION, "\"\" is not an action; known are " KNOWN "."},
    {"{\"action\":\"Join\"}", ERROR_UNKNOWN_ACTION, "\"Join\" is not an action; known are " KNOWN "."},
    {"{\"action\":\"join \"}", ERROR_UNKNOWN_ACTION, "\"join \" is not an action; known are " KNOWN "."},
    {"{\"action\":\"joi\"}", ERROR_UNKNOWN_ACTION, "\"joi\" is not an action; known are " KNOWN "."},
    {"{\"action\":\"join\\u0000\"}", ERROR_UNKNOWN_ACTION, "\"join\\x00\" is not an action; known are " KNOWN "."},
    {"{\"action\":\"ack\"}", ERROR_MISSING_FIELD, "\"seq\" is missing; action \"ack\" needs \"seq\"."},
    {"{\"action\":\"ack\",\"seq\":\"1\"}", ERROR_INVALID_FIELD,
     "\"seq\" must be the number in the last message that was seen; 0 if none was."},
    {"{\"action\":\"ack\",\"seq\":-1}", ERROR_INVALID_FIELD,
     "\"seq\" must be the number in the last message that was seen; 0 if none was."},
    {"{\"action\":\"ack\",\"seq\":1,\"seq\":2}", ERROR_INVALID_FIELD, "\"seq\" comes 2 times; it may come once."},
    {"{\"action\":\"resume\"}", ERROR_MISSING_FIELD,
     "\"resume\" is missing; action \"resume\" needs \"resume\" and \"seq\"."},
    {"{\"action\":\"resume\",\"resume\":\"x\"}", ERROR_MISSING_FIELD,
     "\"seq\" is missing; action \"resume\" needs \"resume\" and \"seq\"."},
    {"{\"action\":\"resume\",\"resume\":true,\"seq\":1}", ERROR_INVALID_FIELD,
     "\"resume\" is a boolean; it must be the string that came in \"joined\" or \"resumed\"."},
    {JOIN("\"room_id\":\"a\",\"sender\":\"b\",\"resume\":\"x\""), ERROR_INVALID_FIELD,
     "\"resume\" is a string; in a \"join\" it must be true or false."},
    {JOIN("\"room_id\":\"a\",\"sender\":\"b\",\"resume\":1"), ERROR_INVALID_FIELD,
     "\"resume\" is a number; in a \"join\" it must be true or false."},
    {"{\"action\":\"\\n\\\"\\u202e\"}", ERROR_UNKNOWN_ACTION,
     "\"\\x0a\\x22\\xe2\\x80\\xae\" is not an action; known are " KNOWN "."},
    {"{\"action\":\"" X10("abcd") "\"}", ERROR_UNKNOWN_ACTION,
     "\"" X10("abcd") "\" is not an action; known are " KNOWN "."},
    {"{\"action\":\"" X10("abcd") "e\"}", ERROR_UNKNOWN_ACTION,
     "\"" X10("abcd") "...\" is not an action; known are " KNOWN "."},
    {"{\"action\":\"" X10(X10("\\u20ac")) "\"}", ERROR_UNKNOWN_ACTION,
     "\"" X10("\xE2\x82\xAC") "\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC...\" is not an action; known are " KNOWN "."},
    {"{\"action\":\"" X10("\\n") "x\"}", ERROR_UNKNOWN_ACTION,
     "\"" X10("\\x0a") "...\" is not an action; known are " KNOWN "."},

    {"{\"action\":\"join\"}", ERROR_MISSING_FIELD,
     "\"room_id\" is missing; action \"join\" needs \"room_id\" and \"sender\"."},
    {JOIN("\"room_id\":\"a\""), ERROR_MISSING_FIELD,
     "\"sender\" is missing; action \"join\" needs \"room_id\" and \"sender\"."},
    {JOIN("\"room_id\":null,\"sender\":\"b\""), ERROR_INVALID_FIELD, "\"room_id\" is null; it must be a string."},
    {JOIN("\"room_id\":12,\"sender\":\"b\""), ERROR_INVALID_FIELD, "\"room_id\" is a number; it must be a string."},
    {JOIN("\"room_id\":\"a\",\"sender\":[\"b\"]"), ERROR_INVALID_FIELD, "\"sender\" is an array; it must be a string."},
    {JOIN("\"room_id\":\"a\",\"sender\":\"b\",\"room_id\":\"a\""), ERROR_INVALID_FIELD,
     "\"room_id\" comes 2 times; it may come once."},
    {JOIN("\"room_id\":\"a\",\"sender\":\"b\",\"sender\":\"b\",\"sender\":\"b\""), ERROR_INVALID_FIELD,
     "\"sender\" comes 3 times; it may come once."},
    {JOIN("\"room_id\":\"\",\"sender\":\"b\""), ERROR_INVALID_FIELD, "\"room_id\" is empty" RULE},
    {JOIN("\"room_id\":\" a\",\"sender\":\"b\""), ERROR_INVALID_FIELD,
     "\"room_id\" begins or ends with white space" RULE},
    {JOIN("\"room_id\":\"a\\u0000b\",\"sender\":\"b\""), ERROR_INVALID_FIELD,
     "\"room_id\" has a control character in it" RULE},
    {JOIN("\"room_id\":\"a\\ud800\",\"sender\":\"b\""), ERROR_INVALID_FIELD,
     "\"room_id\" has an unpaired surrogate escape in it" RULE},
    {JOIN("\"room_id\":\"a\",\"sender\":\"\\u202eb\""), ERROR_INVALID_FIELD,
     "\"sender\" has a bidirectional override in it" RULE},
    {JOIN("\"room_id\":\"a\",\"sender\":\"b\\u2028\""), ERROR_INVALID_FIELD,
     "\"sender\" has a line or paragraph separator in it" RULE},

    {"{\"action\":\"offer\"}", ERROR_MISSING_FIELD, "\"data\" is missing; action \"offer\" needs \"data\"."},
    {"{\"action\":\"ice-candidate\",\"candidate\":{}}", ERROR_MISSING_FIELD,
     "\"data\" is missing; action \"ice-candidate\" needs \"data\"."},
    {OFFER("\"data\":1,\"data\":2"), ERROR_INVALID_FIELD, "\"data\" comes 2 times; it may come once."},
    {OFFER("\"data\":1,\"target\":null,\"target\":null"), ERROR_INVALID_FIELD,
     "\"target\" comes 2 times; it may come once."},
    {OFFER("\"data\":1,\"target\":5"), ERROR_INVALID_FIELD,
     "\"target\" is a number; it must be a string, the client_id or the sender of a member, or null."},
    {OFFER("\"data\":1,\"target\":false"), ERROR_INVALID_FIELD,
     "\"target\" is a boolean; it must be a string, the client_id or the sender of a member, or null."},
    {OFFER("\"data\":1,\"target\":\"\""), ERROR_INVALID_FIELD, "\"target\" is empty" RULE},
    {OFFER("\"data\":1,\"target\":\"a \""), ERROR_INVALID_FIELD, "\"target\" begins or ends with white space" RULE},
    {OFFER("\"data\":1,\"target\":\"\\udc00\""), ERROR_INVALID_FIELD,
     "\"target\" has an unpaired surrogate escape in it" RULE},
    {"{\"action\":\"ping\",\"data\":1,\"data\":1}", ERROR_INVALID_FIELD, "\"data\" comes 2 times; it may come once."},
};

static void test_complaints(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(complaint_cases); i++) {
		const struct complaint_case *c = &complaint_cases[i];
		struct client_message message;
		struct complaint complaint;

		memset(&complaint, 0xA5, sizeof complaint);
		assert_int_equal(client_message_parse(c->text, strlen(c->text), &message, &complaint), -EINVAL);
		if (complaint.code != c->code || strcmp(complaint.details, c->details) != 0)
			fail_msg("%s\ngot  %s: %s\nwant %s: %s", c->text, error_code_text(complaint.code),
				 complaint.details, error_code_text(c->code), c->details);
	}
}

static void test_name_lengths(void **state)
{
	char text[2000], name[700];

	(void)state;
	for (size_t length = 127; length <= 130; length++) {
		for (int escaped = 0; escaped < 2; escaped++) {
			struct client_message message;
			struct complaint complaint;
			char want[192];

			name[0] = '\0';
			for (size_t i = 0; i + 2 <= length; i += 2)
				strcat(name, escaped ? "\\u00e4" : "\xC3\xA4");
			if (length % 2 == 1)
				strcat(name, "x");
			int n = snprintf(text, sizeof text,
					 "{\"action\":\"join\",\"room_id\":\"%s\",\"sender\":\"%s\"}", name, name);
			int result = client_message_parse(text, (size_t)n, &message, &complaint);
			assert_int_equal(result, length <= 128 ? 0 : -EINVAL);
			if (result == 0) {
				assert_int_equal(message.room_id.length, length);
				assert_int_equal(message.sender.length, length);
				continue;
			}
			snprintf(want, sizeof want, "\"room_id\" is %zu bytes long; it may have 1 to 128.", length);
			assert_int_equal(complaint.code, ERROR_INVALID_FIELD);
			assert_string_equal(complaint.details, want);
		}
	}
}

/* Whatever is wrong with a message, what its data said does not come back. */
static void test_data_is_never_echoed(void **state)
{
	static const char *const texts[] = {
	    "{\"action\":\"offer\",\"data\":\"SECRET\",\"target\":\"\"}",
	    "{\"action\":\"offer\",\"data\":\"SECRET\",\"data\":\"SECRET\"}",
	    "{\"action\":\"offer\",\"data\":\"SECRET",
	    "{\"action\":\"offer\",\"data\":SECRET}",
	    "{\"data\":\"SECRET\"}",
	    "{\"action\":\"nothing\",\"data\":\"SECRET\"}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct client_message message;
		struct complaint complaint;
		assert_int_equal(client_message_parse(texts[i], strlen(texts[i]), &message, &complaint), -EINVAL);
		assert_null(strstr(complaint.details, "SECRET"));
	}
}

static void test_texts(void **state)
{
	(void)state;
	assert_string_equal(client_action_text(ACTION_JOIN), "join");
	assert_string_equal(client_action_text(ACTION_ICE_CANDIDATE), "ice-candidate");
	assert_string_equal(client_action_text(ACTION_PING), "ping");
	assert_string_equal(error_code_text(ERROR_INVALID_JSON), "invalid-json");
	assert_string_equal(error_code_text(ERROR_INTERNAL), "internal");
	assert_string_equal(error_code_sentence(ERROR_NOT_IN_ROOM), "You are not in a room.");
}

static void test_names(void **state)
{
	struct name a = {0}, b = {0};

	(void)state;
	assert_true(name_equal(&a, &b));
	assert_null(name_set(&a, "x", 1));
	assert_false(name_equal(&a, &b));
	assert_null(name_set(&b, "y", 1));
	assert_false(name_equal(&a, &b));
	assert_null(name_set(&b, "x", 1));
	assert_true(name_equal(&a, &b));
	assert_null(name_set(&b, "xy", 2));
	assert_false(name_equal(&a, &b));
	assert_false(name_equal(&b, &a));
	assert_string_equal(name_set(&a, "a\n", 2), "has a control character in it");
	assert_name(&a, "x");
}

static void test_name_from_path(void **state)
{
	static const struct {
		const char *segment;
		const char *want;
		const char *problem;
	} cases[] = {
	    {"room-1", "room-1", NULL},
	    {"a%20b", "a b", NULL},
	    {"a+b", "a+b", NULL},
	    {"%2F%2f%25", "//%", NULL},
	    {"r%C3%A4um", "r\xC3\xA4um", NULL},
	    {"r\xC3%A4um", "r\xC3\xA4um", NULL},
	    {"%7e", "~", NULL},
	    {"", NULL, "is empty"},
	    {"%", NULL, "has a broken percent-escape in it"},
	    {"a%2", NULL, "has a broken percent-escape in it"},
	    {"%2x", NULL, "has a broken percent-escape in it"},
	    {"%x2", NULL, "has a broken percent-escape in it"},
	    {"%%41", NULL, "has a broken percent-escape in it"},
	    {"%00", NULL, "has a control character in it"},
	    {"%0a", NULL, "has a control character in it"},
	    {"%C3", NULL, "is not UTF-8"},
	    {"%20a", NULL, "begins or ends with white space"},
	    {X10("%41%41%41%41%41%41%41%41%41%41%41%41%41"), NULL, "is longer than 128 bytes"},
	    {X10("%41%41%41%41%41%41%41%41%41%41%41%41") "12345678", X10("AAAAAAAAAAAA") "12345678", NULL},
	    {X10("%41%41%41%41%41%41%41%41%41%41%41%41") "123456789", NULL, "is longer than 128 bytes"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct name name = {.length = 3, .bytes = "old"};
		const char *problem = name_from_path(&name, cases[i].segment, strlen(cases[i].segment));

		assert_name(&name, cases[i].want != NULL ? cases[i].want : "old");
		if (cases[i].problem == NULL)
			assert_null(problem);
		else
			assert_string_equal(problem, cases[i].problem);
	}
}

static void test_complain_cuts_at_a_character(void **state)
{
	struct complaint complaint;
	char text[400];

	(void)state;
	for (size_t start = 180; start < 200; start++) {
		memset(text, 'x', start);
		memcpy(text + start, "\xF0\x9F\x98\x80", 5);
		complain(&complaint, ERROR_INTERNAL, "%s", text);
		size_t length = strlen(complaint.details);
		assert_int_equal(length, start + 4 <= 191 ? start + 4 : start < 191 ? start : 191);
		assert_true(utf8_valid((uint8_t *)complaint.details, length));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_join),           cmocka_unit_test(test_signals),
	    cmocka_unit_test(test_leave_and_ping), cmocka_unit_test(test_complaints),
	    cmocka_unit_test(test_name_lengths),   cmocka_unit_test(test_data_is_never_echoed),
	    cmocka_unit_test(test_texts),          cmocka_unit_test(test_names),
	    cmocka_unit_test(test_name_from_path), cmocka_unit_test(test_complain_cuts_at_a_character),
	    cmocka_unit_test(test_resume),         cmocka_unit_test(test_n),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
