/*
 * test_ws_stream - ws.c: streams of frames, good and bad.
 */
#include <stdio.h>
#include <stdlib.h>

#include "limits.h"
#include "unit.h"
#include "wire.h"
#include "ws.h"

static void test_rfc_examples(void **state)
{
	(void)state;
	wire_add_raw("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11);
	wire_add_raw("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11);
	wire_expect("T5:Hello Q5:Hello ");
	wire_add_raw("\x81\x05Hello", 7); /* what a server would send */
	wire_expect("F1002 ");
	wire_add(WS_OP_TEXT, "Hel");
	wire_add(FIN | WS_OP_CONTINUATION, "lo");
	wire_expect("T5:Hello ");
}

static void test_whole_messages(void **state)
{
	(void)state;
	wire_add(FIN | WS_OP_TEXT, "");
	wire_add(FIN | WS_OP_TEXT, "{}");
	wire_add(FIN | WS_OP_BINARY, "\xFF\xFE");
	wire_add(FIN | WS_OP_BINARY, "");
	wire_add(FIN | WS_OP_PING, "");
	wire_add(FIN | WS_OP_PING, "p");
	wire_add(FIN | WS_OP_PONG, "q");
	wire_add(FIN | WS_OP_TEXT, "\xC3\xA4\xF0\x9F\x98\x80");
	wire_expect("T0 T2:{} B2:\xFF\xFE B0 P0 P1:p Q1:q T6:\xC3\xA4\xF0\x9F\x98\x80 ");
}

static void test_fragments(void **state)
{
	(void)state;
	wire_add(WS_OP_TEXT, "a");
	wire_add(WS_OP_CONTINUATION, "bc");
	wire_add(FIN | WS_OP_PING, "ping1");
	wire_add(WS_OP_CONTINUATION, "");
	wire_add(FIN | WS_OP_PONG, "pong2");
	wire_add(FIN | WS_OP_PING, "ping3");
	wire_add(FIN | WS_OP_CONTINUATION, "def");
	wire_add(FIN | WS_OP_TEXT, "next");
	wire_expect("P5:ping1 Q5:pong2 P5:ping3 T6:abcdef T4:next ");

	wire_add(WS_OP_BINARY, "\xFF");
	wire_add(WS_OP_CONTINUATION, "\xFF");
	wire_add(FIN | WS_OP_CONTINUATION, "");
	wire_expect("B2:\xFF\xFF ");

	wire_add(WS_OP_TEXT, "");
	wire_add(WS_OP_CONTINUATION, "");
	wire_add(FIN | WS_OP_CONTINUATION, "");
	wire_add(FIN | WS_OP_TEXT, "x");
	wire_expect("T0 T1:x ");

	/* A close may come in the middle of a message, too. */
	wire_add(WS_OP_TEXT, "abc");
	wire_add(FIN | WS_OP_CLOSE, "\x03\xE8");
	wire_add(FIN | WS_OP_CONTINUATION, "def");
	wire_expect("C1000 ");
}

static void test_many_empty_fragments(void **state)
{
	(void)state;
	wire_add(WS_OP_TEXT, "");
	for (int i = 0; i < 20000; i++)
		wire_add(WS_OP_CONTINUATION, "");
	wire_add(FIN | WS_OP_CONTINUATION, "end");
	char *got = wire_run(LIMIT_READ_BYTES, 2048);
	assert_string_equal(got, "T3:end ");
	free(got);
}

static void test_protocol_errors(void **state)
{
	static const struct {
		uint8_t first[2]; /* 0: no such frame */
		const char *want;
	} cases[] = {
	    {{FIN | 0x40 | WS_OP_TEXT}, "F1002 "},
	    {{FIN | 0x20 | WS_OP_TEXT}, "F1002 "},
	    {{FIN | 0x10 | WS_OP_TEXT}, "F1002 "},
	    {{FIN | 0x40 | WS_OP_PING}, "F1002 "},
	    {{FIN | 0x3}, "F1002 "},
	    {{0x7}, "F1002 "},
	    {{FIN | 0xB}, "F1002 "},
	    {{FIN | 0xF}, "F1002 "},
	    {{WS_OP_PING}, "F1002 "},
	    {{WS_OP_PONG}, "F1002 "},
	    {{WS_OP_CLOSE}, "F1002 "},
	    {{FIN | WS_OP_CONTINUATION}, "F1002 "},
	    {{WS_OP_TEXT, FIN | WS_OP_TEXT}, "F1002 "},
	    {{WS_OP_TEXT, WS_OP_TEXT}, "F1002 "},
	    {{WS_OP_TEXT, FIN | WS_OP_BINARY}, "F1002 "},
	    {{WS_OP_BINARY, FIN | WS_OP_TEXT}, "F1002 "},
	    {{FIN | WS_OP_TEXT, FIN | WS_OP_CONTINUATION}, "T2:hi F1002 "},
	    {{WS_OP_TEXT, WS_OP_PING}, "F1002 "},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		for (size_t f = 0; f < 2 && (f == 0 || cases[i].first[f] != 0); f++)
			wire_add(cases[i].first[f], "hi");
		wire_add(FIN | WS_OP_TEXT, "not looked at");
		wire_expect(cases[i].want);
	}
	wire_add_raw("\x89\x00\x81\x80\0\0\0\0", 8); /* an unmasked ping */
	wire_expect("F1002 ");
	wire_add_raw("\x81\xFE\x00\x05\0\0\0\0Hello", 13); /* a length in more bytes than it needs */
	wire_expect("F1002 ");
	wire_add_raw("\x81\xFF\x80\0\0\0\0\0\0\0", 10);
	wire_expect("F1002 ");
}

static void test_control_frame_length(void **state)
{
	char payload[126];

	(void)state;
	memset(payload, 'x', sizeof payload);
	wire_add_bytes(FIN | WS_OP_PING, payload, 125);
	wire_add_bytes(FIN | WS_OP_PONG, payload, 125);
	wire_add_bytes(FIN | WS_OP_PING, payload, 126);
	wire_expect("P125 Q125 F1002 ");
	/* The limit is for messages: a smaller one leaves control frames alone. */
	wire_add_bytes(FIN | WS_OP_PING, payload, 125);
	wire_expect_within(1, "P125 ");
}

static void test_close(void **state)
{
	static const struct {
		const char *payload;
		size_t n;
		const char *want;
	} cases[] = {
	    {"", 0, "C1005"},
	    {"\x03", 1, "F1002"},
	    {"\x0C", 1, "F1002"}, /* with the next frame's first byte it would be 3201 */
	    {"\x03\xE8", 2, "C1000"},
	    {"\x03\xE9"
	     "bye \xC3\xA4",
	     8, "C1001:bye \xC3\xA4"},
	    {"\x03\xE8\xFF", 3, "F1007"},
	    {"\x03\xE8"
	     "ab\xC3",
	     5, "F1007"},
	    {"\x03\xEC\xFF", 3, "F1002"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char want[64];
		wire_add_bytes(FIN | WS_OP_CLOSE, cases[i].payload, cases[i].n);
		wire_add(FIN | WS_OP_TEXT, "too late");
		snprintf(want, sizeof want, "%s ", cases[i].want);
		wire_expect(want);
	}
}

static void test_close_codes(void **state)
{
	(void)state;
	for (unsigned code = 0; code < 65536; code++) {
		bool legal = code >= 1000 && code <= 4999 && (code <= 1014 || code >= 3000) && code != 1004 &&
			     code != 1005 && code != 1006;
		char want[16];
		uint8_t payload[2] = {(uint8_t)(code >> 8), (uint8_t)code};

		wire_add_bytes(FIN | WS_OP_CLOSE, payload, 2);
		snprintf(want, sizeof want, legal ? "C%u " : "F1002 ", code);
		char *got = wire_run(100, 125);
		if (strcmp(got, want) != 0)
			fail_msg("%u: %s", code, got);
		free(got);
		wire.n = 0;
	}
}

/* A character may be cut by a fragment's end anywhere; and what is bad is seen in the fragment that shows it. */
static void test_utf8_over_fragments(void **state)
{
	static const char text[] = "k\xCF\x8C\xE2\x82\xAC\xF0\x9F\x98\x80.";
	size_t n = sizeof text - 1;

	(void)state;
	for (size_t one = 0; one <= n; one++) {
		for (size_t two = one; two <= n; two++) {
			wire_add_bytes(WS_OP_TEXT, text, one);
			wire_add_bytes(WS_OP_CONTINUATION, text + one, two - one);
			wire_add_bytes(FIN | WS_OP_CONTINUATION, text + two, n - two);
			wire_expect("T11:k\xCF\x8C\xE2\x82\xAC\xF0\x9F\x98\x80. ");
		}
	}
	wire_add(FIN | WS_OP_TEXT, "ab\xFF");
	wire_expect("F1007 ");
	wire_add(FIN | WS_OP_TEXT, "ab\xC3");
	wire_expect("F1007 ");
	wire_add(WS_OP_TEXT, "ab\xED");
	wire_add(FIN | WS_OP_PING, "alive");
	wire_add(WS_OP_CONTINUATION, "\xA0");
	wire_expect("P5:alive F1007 ");
	wire_add(WS_OP_TEXT, "ab\xF0\x9F");
	wire_add(WS_OP_CONTINUATION, "");
	wire_add(FIN | WS_OP_PING, "alive");
	wire_add(FIN | WS_OP_CONTINUATION, "");
	wire_expect("P5:alive F1007 ");
	/* The next message begins anew. */
	wire_add(WS_OP_BINARY, "\xF0\x9F");
	wire_add(FIN | WS_OP_CONTINUATION, "");
	wire_add(WS_OP_TEXT, "\xC3");
	wire_add(FIN | WS_OP_CONTINUATION, "\xA4");
	wire_expect("B2:\xF0\x9F T2:\xC3\xA4 ");
}

static void test_size_limit(void **state)
{
	static uint8_t payload[65538];
	static const uint32_t limits[] = {125, 126, 127, 128, 65535, 65536, 65537};

	(void)state;
	memset(payload, 'x', sizeof payload);
	for (size_t i = 0; i < COUNT_OF(limits); i++) {
		char want[64];
		uint32_t max = limits[i];

		wire_add_bytes(FIN | WS_OP_TEXT, payload, max);
		wire_add_bytes(FIN | WS_OP_BINARY, payload, max);
		wire_add_bytes(WS_OP_TEXT, payload, max - 1);
		wire_add(FIN | WS_OP_PING, "p");
		wire_add_bytes(FIN | WS_OP_CONTINUATION, payload, 1);
		wire_add_bytes(WS_OP_TEXT, payload, max);
		wire_add_bytes(FIN | WS_OP_CONTINUATION, payload, 0);
		wire_add_bytes(FIN | WS_OP_TEXT, payload, max + 1);
		snprintf(want, sizeof want, "T%u B%u P1:p T%u T%u F1009 ", max, max, max, max);
		char *got = wire_run(1000, max);
		assert_string_equal(got, want);
		free(got);
		got = wire_run(LIMIT_READ_BYTES, max);
		assert_string_equal(got, want);
		free(got);
		wire.n = 0;

		wire_add_bytes(WS_OP_BINARY, payload, max);
		wire_add_bytes(WS_OP_CONTINUATION, payload, 1);
		got = wire_run(999, max);
		assert_string_equal(got, "F1009 ");
		free(got);
		wire.n = 0;
	}
	/* The header alone shows it. */
	wire_add_raw("\x81\xFF\0\0\0\0\0\x01\0\0\0\0\0\0", 14);
	wire_expect_within(65535, "F1009 ");
	wire_add_raw("\x81\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0\0\0\0", 14);
	wire_expect_within(65535, "F1009 ");
	wire_add(FIN | WS_OP_TEXT, "");
	wire_add(FIN | WS_OP_TEXT, "x");
	wire_expect_within(0, "T0 F1009 ");
}

/* The most that can be left behind: a whole message but for its end, and a control frame but for its last byte. */
static void test_fullest_buffer(void **state)
{
	static uint8_t payload[5000];

	(void)state;
	memset(payload, 'x', sizeof payload);
	wire_add_bytes(WS_OP_TEXT, payload, 2048);
	wire_add_bytes(FIN | WS_OP_PING, payload, 125);
	wire_add_bytes(FIN | WS_OP_CONTINUATION, payload, 0);
	wire_expect("P125 T2048 ");
	wire_add_bytes(FIN | WS_OP_TEXT, payload, 2048);
	wire_add_bytes(FIN | WS_OP_TEXT, payload, 2048);
	wire_expect("T2048 T2048 ");
}

static void test_limit_lowered(void **state)
{
	uint8_t *buffer = malloc(ws_buffer_size(100));
	struct ws_stream stream = {0};
	struct ws_event event;

	(void)state;
	assert_non_null(buffer);
	wire_add(WS_OP_TEXT, "0123456789");
	wire_add(FIN | WS_OP_CONTINUATION, "");
	memcpy(buffer, wire.at, wire.n);
	stream.end = 16;
	ws_stream_next(&stream, buffer, 100, &event);
	assert_int_equal(event.kind, WS_MORE);
	assert_int_equal(stream.message, 10);
	assert_int_equal(stream.utf8, 10);
	stream.end = (uint32_t)wire.n;
	ws_stream_next(&stream, buffer, 5, &event);
	assert_int_equal(event.kind, WS_FAIL);
	assert_int_equal(event.code, WS_CLOSE_TOO_BIG);
	assert_true(stream.ended);
	ws_stream_next(&stream, buffer, 100, &event);
	assert_int_equal(event.kind, WS_MORE);
	/* What comes after the end is thrown away. */
	ws_stream_compact(&stream, buffer);
	assert_int_equal(stream.at, stream.end);
	free(buffer);
}

/* What an event points to stays, while all that came with it is there still. */
static void test_data_outlives_the_turn(void **state)
{
	static uint8_t buffer[1000 + 40000];
	struct ws_stream stream = {0};
	struct ws_event event;

	(void)state;
	wire_add(WS_OP_TEXT, "first ");
	wire_add(FIN | WS_OP_PING, "now");
	wire_add(FIN | WS_OP_CONTINUATION, "last");
	wire_add(FIN | WS_OP_TEXT, "second");
	memcpy(buffer, wire.at, wire.n);
	stream.end = (uint32_t)wire.n;
	ws_stream_next(&stream, buffer, 1000, &event);
	assert_int_equal(event.kind, WS_PING);
	assert_memory_equal(event.data, "now", 3);
	assert_memory_equal(buffer, "first ", 6);
	ws_stream_next(&stream, buffer, 1000, &event);
	assert_int_equal(event.kind, WS_TEXT);
	assert_ptr_equal(event.data, buffer);
	assert_text((char *)event.data, event.length, "first last");
	ws_stream_next(&stream, buffer, 1000, &event);
	assert_text((char *)event.data, event.length, "second");
	ws_stream_next(&stream, buffer, 1000, &event);
	assert_int_equal(event.kind, WS_MORE);
	assert_null(event.data);
}

int main(void)
{
#define STREAM_TEST(f) cmocka_unit_test_setup_teardown(f, wire_setup, wire_teardown)
	const struct CMUnitTest tests[] = {
	    STREAM_TEST(test_rfc_examples),
	    STREAM_TEST(test_whole_messages),
	    STREAM_TEST(test_fragments),
	    STREAM_TEST(test_many_empty_fragments),
	    STREAM_TEST(test_protocol_errors),
	    STREAM_TEST(test_control_frame_length),
	    STREAM_TEST(test_close),
	    STREAM_TEST(test_close_codes),
	    STREAM_TEST(test_utf8_over_fragments),
	    STREAM_TEST(test_size_limit),
	    STREAM_TEST(test_fullest_buffer),
	    STREAM_TEST(test_limit_lowered),
	    STREAM_TEST(test_data_outlives_the_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
