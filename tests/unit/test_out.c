/*
 * test_out - out.c: escapes, and what happens at the end of the buffer.
 */
#include "out.h"

#include <stdio.h>

#include "json.h"
#include "unit.h"

static void test_plain(void **state)
{
	char buffer[64];
	struct out o = out_init(buffer, sizeof buffer);

	(void)state;
	out_text(&o, "ab");
	out_bytes(&o, "c\0d", 3);
	out_bytes(&o, NULL, 0);
	out_unsigned(&o, 0);
	out_unsigned(&o, 1);
	out_unsigned(&o, 10);
	out_unsigned(&o, 4294967296);
	out_unsigned(&o, UINT64_MAX);
	assert_int_equal(o.length, 5 + 1 + 1 + 2 + 10 + 20);
	assert_memory_equal(buffer, "abc\0d0110429496729618446744073709551615", o.length);
	assert_false(o.truncated);
}

static void test_full(void **state)
{
	char buffer[5] = "\1\1\1\1\1";
	struct out o = out_init(buffer, 4);

	(void)state;
	out_text(&o, "abc");
	out_text(&o, "de");
	assert_true(o.truncated);
	assert_int_equal(o.length, 3);
	out_text(&o, "f"); /* would fit, but would be out of its place */
	assert_text(buffer, o.length, "abc");
	assert_int_equal(buffer[4], 1);

	o = out_init(buffer, 4);
	out_unsigned(&o, 1234);
	assert_false(o.truncated);
	out_text(&o, "");
	assert_false(o.truncated);
	out_unsigned(&o, 0);
	assert_true(o.truncated);

	o = out_init(NULL, 0);
	out_text(&o, "x");
	assert_true(o.truncated);
}

static void test_json_string_table(void **state)
{
	static const struct {
		const char *text;
		const char *want;
	} cases[] = {
	    {"", "\"\""},
	    {"abc", "\"abc\""},
	    {"\"", "\"\\\"\""},
	    {"\\", "\"\\\\\""},
	    {"/", "\"/\""},
	    {"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
	    {"\x01\x1F", "\"\\u0001\\u001f\""},
	    {"a\x7Fz", "\"a\\u007fz\""},
	    {"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", "\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\""},
	    {"\xE2\x80\xA7\xE2\x80\xA8\xE2\x80\xA9\xE2\x80\xAA", "\"\xE2\x80\xA7\\u2028\\u2029\xE2\x80\xAA\""},
	    {"</script>", "\"</script>\""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char buffer[64];
		size_t want = strlen(cases[i].want);

		for (size_t size = 0; size <= sizeof buffer; size++) {
			struct out o = out_init(buffer, size);
			out_json_string(&o, cases[i].text, strlen(cases[i].text));
			if (size < want) {
				assert_true(o.truncated);
				assert_int_equal(o.length, 0);
			} else {
				assert_false(o.truncated);
				assert_text(buffer, o.length, cases[i].want);
			}
		}
	}
}

/* Every byte that is a character, NUL too, comes back as it was. */
static void test_json_string_round_trip(void **state)
{
	char text[128], buffer[6 * 128 + 2], back[128];

	(void)state;
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (char)i;
	struct out o = out_init(buffer, sizeof buffer);
	out_json_string(&o, text, sizeof text);
	assert_false(o.truncated);
	assert_int_equal(json_string((struct span){buffer, o.length}, back, sizeof back), sizeof text);
	assert_memory_equal(text, back, sizeof text);
}

/* Names are looked at eight bytes at a time: every byte that is a character, at every place. */
static void test_json_string_every_place(void **state)
{
	char text[20], buffer[6 * sizeof text + 2], back[sizeof text];

	(void)state;
	for (size_t n = 1; n <= sizeof text; n++) {
		for (size_t at = 0; at < n; at++) {
			for (unsigned byte = 0; byte < 128; byte++) {
				struct out o = out_init(buffer, sizeof buffer);
				bool escaped = byte < 32 || byte == 127 || byte == '"' || byte == '\\';
				memset(text, 'x', n);
				text[at] = (char)byte;
				out_json_string(&o, text, n);
				assert_int_equal(o.length > n + 2, escaped);
				assert_int_equal(json_string((struct span){buffer, o.length}, back, sizeof back), n);
				assert_memory_equal(text, back, n);
			}
		}
	}
}

static void test_visible_table(void **state)
{
	static const struct {
		const char *bytes;
		const char *want;
	} cases[] = {
	    {"", ""},
	    {"room 1", "room 1"},
	    {"\xC3\xA4\xE2\x82\xAC", "\xC3\xA4\xE2\x82\xAC"},
	    {"a\nb\x1B[0m\x7F", "a\\x0ab\\x1b[0m\\x7f"},
	    {"\\\"", "\\x5c\\x22"},
	    {"\xC2\x9B", "\\xc2\\x9b"},
	    {"\xE2\x80\xAEx", "\\xe2\\x80\\xaex"},
	    {"\xE2\x80\xA8", "\\xe2\\x80\\xa8"},
	    {"\xFF\xC3", "\\xff\\xc3"},
	    {"\xED\xA0\x80", "\\xed\\xa0\\x80"},
	    {"\xF0\x9F\x98\x80\xF0\x9F\x98", "\xF0\x9F\x98\x80\\xf0\\x9f\\x98"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char buffer[64];
		struct out o = out_init(buffer, sizeof buffer);
		out_visible(&o, cases[i].bytes, strlen(cases[i].bytes));
		assert_false(o.truncated);
		assert_text(buffer, o.length, cases[i].want);
	}
}

static void test_visible_shortened(void **state)
{
	static const struct {
		size_t size;
		const char *want;
	} cases[] = {
	    {0, ""},
	    {1, "a"},
	    {2, "a"},
	    {3, "a\xC3\xA4"},
	    {14, "a\xC3\xA4"},
	    {15, "a\xC3\xA4\\xe2\\x80\\xae"},
	    {16, "a\xC3\xA4\\xe2\\x80\\xaeb"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char buffer[16];
		struct out o = out_init(buffer, cases[i].size);
		out_visible(&o,
			    "a\xC3\xA4\xE2\x80\xAE"
			    "b",
			    7);
		assert_text(buffer, o.length, cases[i].want);
		assert_int_equal(o.truncated, cases[i].size < 16);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_plain),
	    cmocka_unit_test(test_full),
	    cmocka_unit_test(test_json_string_table),
	    cmocka_unit_test(test_json_string_round_trip),
	    cmocka_unit_test(test_json_string_every_place),
	    cmocka_unit_test(test_visible_table),
	    cmocka_unit_test(test_visible_shortened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
