/*
 * test_ws - ws.c: headers, masks and close frames; test_ws_stream has the rest.
 */
#include "ws.h"

#include <errno.h>
#include <stdlib.h>

#include "unit.h"
#include "utf8.h"

static void test_header_read(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		struct ws_header want;
	} cases[] = {
	    /* RFC 6455, 5.7 */
	    {"\x81\x05", 2, {.length = 5, .opcode = 1, .size = 2, .fin = true}},
	    {"\x81\x85\x37\xfa\x21\x3d",
	     6,
	     {.length = 5, .mask = {0x37, 0xfa, 0x21, 0x3d}, .opcode = 1, .size = 6, .fin = true, .masked = true}},
	    {"\x01\x03", 2, {.length = 3, .opcode = 1, .size = 2}},
	    {"\x80\x02", 2, {.length = 2, .opcode = 0, .size = 2, .fin = true}},
	    {"\x82\x7E\x01\x00", 4, {.length = 256, .opcode = 2, .size = 4, .fin = true}},
	    {"\x82\x7F\x00\x00\x00\x00\x00\x01\x00\x00", 10, {.length = 65536, .opcode = 2, .size = 10, .fin = true}},
	    /* the edges of each length */
	    {"\x81\x7D", 2, {.length = 125, .opcode = 1, .size = 2, .fin = true}},
	    {"\x81\x7E\x00\x7E", 4, {.length = 126, .opcode = 1, .size = 4, .fin = true}},
	    {"\x81\x7E\xFF\xFF", 4, {.length = 65535, .opcode = 1, .size = 4, .fin = true}},
	    {"\x81\x7F\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
	     10,
	     {.length = INT64_MAX, .opcode = 1, .size = 10, .fin = true}},
	    {"\x81\xFE\x00\x7E\x01\x02\x03\x04",
	     8,
	     {.length = 126, .mask = {1, 2, 3, 4}, .opcode = 1, .size = 8, .fin = true, .masked = true}},
	    {"\x81\xFF\x00\x00\x00\x00\x00\x01\x00\x00\x01\x02\x03\x04",
	     14,
	     {.length = 65536, .mask = {1, 2, 3, 4}, .opcode = 1, .size = 14, .fin = true, .masked = true}},
	    /* reserved bits and opcodes are told, not judged */
	    {"\xC1\x00", 2, {.opcode = 1, .reserved = 4, .size = 2, .fin = true}},
	    {"\x2F\x00", 2, {.opcode = 15, .reserved = 2, .size = 2}},
	    {"\x1B\x00", 2, {.opcode = 11, .reserved = 1, .size = 2}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct ws_header *want = &cases[i].want;
		struct ws_header got;

		for (size_t n = 0; n < cases[i].n; n++)
			assert_int_equal(ws_header_read((const uint8_t *)cases[i].bytes, n, &got), 0);
		assert_int_equal(ws_header_read((const uint8_t *)cases[i].bytes, cases[i].n, &got), 1);
		assert_int_equal(got.length, want->length);
		assert_memory_equal(got.mask, want->mask, 4);
		assert_int_equal(got.opcode, want->opcode);
		assert_int_equal(got.reserved, want->reserved);
		assert_int_equal(got.size, want->size);
		assert_int_equal(got.fin, want->fin);
		assert_int_equal(got.masked, want->masked);
	}
}

static void test_header_read_bad_lengths(void **state)
{
	static const char *const cases[] = {
	    "\x81\xFE\x00\x00",           "\x81\xFE\x00\x7D",           "\x81\xFF\0\0\0\0\0\0\xFF\xFF",
	    "\x81\xFF\0\0\0\0\0\0\0\x05", "\x81\xFF\x80\0\0\0\0\0\0\0", "\x81\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ws_header header;
		size_t n = (uint8_t)cases[i][1] == 0xFE ? 4 : 10;
		assert_int_equal(ws_header_read((const uint8_t *)cases[i], n - 1, &header), 0);
		assert_int_equal(ws_header_read((const uint8_t *)cases[i], n, &header), -EPROTO);
	}
}

static void test_header_write(void **state)
{
	static const struct {
		uint64_t length;
		size_t size;
		const char *bytes;
	} cases[] = {
	    {0, 2, "\x81\x00"},
	    {125, 2, "\x81\x7D"},
	    {126, 4, "\x81\x7E\x00\x7E"},
	    {65535, 4, "\x81\x7E\xFF\xFF"},
	    {65536, 10, "\x81\x7F\0\0\0\0\0\x01\0\0"},
	    {INT64_MAX, 10, "\x81\x7F\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint8_t bytes[WS_SERVER_HEADER_MAX];
		struct ws_header header;

		assert_int_equal(ws_header_write(bytes, WS_OP_TEXT, cases[i].length), cases[i].size);
		assert_memory_equal(bytes, cases[i].bytes, cases[i].size);
		assert_int_equal(ws_header_read(bytes, cases[i].size, &header), 1);
		assert_int_equal(header.length, cases[i].length);
	}
	uint8_t pong[WS_SERVER_HEADER_MAX];
	ws_header_write(pong, WS_OP_PONG, 5);
	assert_memory_equal(pong, "\x8A\x05", 2);
}

static void test_close_write(void **state)
{
	uint8_t frame[127];
	char reason[200];

	(void)state;
	assert_int_equal(ws_close_write(frame, WS_CLOSE_NORMAL, ""), 4);
	assert_memory_equal(frame, "\x88\x02\x03\xE8", 4);
	assert_int_equal(ws_close_write(frame, WS_CLOSE_RESUMED_ELSEWHERE, "bye"), 7);
	assert_memory_equal(frame,
			    "\x88\x05\x0F\xA3"
			    "bye",
			    7);
	assert_int_equal(ws_close_write(frame, WS_CLOSE_NO_STATUS, "ignored"), 2);
	assert_memory_equal(frame, "\x88\x00", 2);

	/* A reason too long is cut, and never through a character. */
	for (size_t start = 118; start <= 125; start++) {
		memset(reason, 'x', sizeof reason);
		memcpy(reason + start, "\xF0\x9F\x98\x80", 5);
		size_t want = start + 4 <= 123 ? start + 4 : start < 123 ? start : 123;
		assert_int_equal(ws_close_write(frame, 1008, reason), 4 + want);
		assert_int_equal(frame[1], 2 + want);
		assert_memory_equal(frame + 4, reason, want);
		assert_true(utf8_valid(frame + 4, want));
	}
}

static void test_unmask(void **state)
{
	static const uint8_t mask[4] = {0x37, 0xFA, 0x21, 0x3D};
	uint8_t hello[] = {0x7f, 0x9f, 0x4d, 0x51, 0x58};

	(void)state;
	ws_unmask(hello, 5, mask); /* RFC 6455, 5.7 */
	assert_memory_equal(hello, "Hello", 5);
	ws_unmask(NULL, 0, mask);

	for (size_t n = 0; n < 300; n++) {
		for (size_t offset = 0; offset < 9; offset++) {
			uint8_t *bytes = malloc(offset + n + 1);
			assert_non_null(bytes);
			for (size_t i = 0; i < offset + n; i++)
				bytes[i] = (uint8_t)(i * 7 + n);
			ws_unmask(bytes + offset, n, mask);
			for (size_t i = 0; i < offset + n; i++) {
				uint8_t want = (uint8_t)(i * 7 + n);
				if (i >= offset)
					want ^= mask[(i - offset) % 4];
				if (bytes[i] != want)
					fail_msg("byte %zu of %zu at %zu", i, n, offset);
			}
			free(bytes);
		}
	}
}

/* A byte that is not ASCII, at every place, whatever the mask makes of it before. */
static void test_unmask_ascii(void **state)
{
	static const uint8_t masks[][4] = {{0, 0, 0, 0}, {0x80, 0x80, 0x80, 0x80}, {0xFF, 0, 0x7F, 0x80}};
	uint8_t bytes[200];

	(void)state;
	for (size_t m = 0; m < COUNT_OF(masks); m++) {
		for (size_t n = 0; n < sizeof bytes; n++) {
			for (size_t at = 0; at <= n; at++) { /* at n: nowhere */
				for (size_t i = 0; i < n; i++)
					bytes[i] = (uint8_t)(i == at ? 0x80 : i % 128) ^ masks[m][i % 4];
				if (ws_unmask(bytes, n, masks[m]) != (at == n))
					fail_msg("byte %zu of %zu, mask %zu", at, n, m);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_header_read),  cmocka_unit_test(test_header_read_bad_lengths),
	    cmocka_unit_test(test_header_write), cmocka_unit_test(test_close_write),
	    cmocka_unit_test(test_unmask),       cmocka_unit_test(test_unmask_ascii),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
