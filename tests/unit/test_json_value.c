/*
 * test_json_value - json_value.c: values decoded.
 */
#include <errno.h>

#include "json.h"
#include "unit.h"

static struct span span(const char *text)
{
	return (struct span){.at = text, .length = strlen(text)};
}

static void test_string(void **state)
{
	static const struct {
		const char *value;
		const char *want;
		size_t n;
	} cases[] = {
	    {"\"\"", "", 0},
	    {"\"abc\"", "abc", 3},
	    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8},
	    {"\"\\u0041\\u00e4\\u20AC\"", "A\xC3\xA4\xE2\x82\xAC", 6},
	    {"\"\\u0000\"", "\0", 1},
	    {"\"a\\u0000b\"", "a\0b", 3},
	    {"\"\\ud83d\\uDE00\"", "\xF0\x9F\x98\x80", 4},
	    {"\"\\uD800\\uDC00\\uDBFF\\uDFFF\"", "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", 8},
	    {"\"\\uD7FF\\uE000\\uFFFF\"", "\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF", 9},
	    {"\"x\xC3\xA4\\ny\"", "x\xC3\xA4\ny", 5},
	    {"\"\\\\u0041\"", "\\u0041", 6},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char out[32];
		memset(out, 1, sizeof out);
		assert_int_equal(json_string_length(span(cases[i].value)), cases[i].n);
		assert_int_equal(json_string(span(cases[i].value), out, cases[i].n), cases[i].n);
		assert_memory_equal(out, cases[i].want, cases[i].n);
		assert_int_equal(out[cases[i].n], 1);
		for (size_t size = 0; size < cases[i].n; size++)
			assert_int_equal(json_string(span(cases[i].value), out, size), -ENOSPC);
	}
}

static void test_string_lone_surrogates(void **state)
{
	static const char *const values[] = {"\"\\uD800\"",
					     "\"\\uDBFFx\"",
					     "\"\\uDC00\"",
					     "\"\\uDFFF\\uD800\"",
					     "\"\\uD800\\uD800\"",
					     "\"\\uD800\\u0041\"",
					     "\"\\uD800\\uDBFF\"",
					     "\"\\uD800\\uE000\"",
					     "\"\\uDC00\\uDC00\"",
					     "\"\\uD800\\n12345\"",
					     "\"\\uD83D\\\\uDE00\"",
					     "\"\\uD800\\uDC00\\uDC00\"",
					     "\"abcdefghijklmnop\\uD800\"",
					     "\"\\uD800xuDC00\""};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(values); i++) {
		char out[8];
		assert_int_equal(json_string(span(values[i]), out, sizeof out), -EILSEQ);
		assert_int_equal(json_string_length(span(values[i])), -EILSEQ);
	}
}

/* What fits is there, in whole characters; nothing of what comes later slips in behind it. */
static void test_string_cut(void **state)
{
	static const struct {
		const char *value;
		size_t size;
		const char *want;
	} cases[] = {
	    {"\"abcd\"", 3, "abc"},           {"\"ab\xE2\x82\xAC\"", 4, "ab\0\0"}, {"\"ab\\u20acd\"", 4, "ab\0\0"},
	    {"\"a\\u20ac\\nd\"", 3, "a\0\0"}, {"\"abc\\nd\"", 3, "abc"},           {"\"\\ud83d\\ude00x\"", 3, "\0\0\0"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char out[8];
		memset(out, 1, sizeof out);
		assert_int_equal(json_string(span(cases[i].value), out, cases[i].size), -ENOSPC);
		assert_memory_equal(out, cases[i].want, cases[i].size);
		assert_int_equal(out[cases[i].size], 1);
	}
}

static void test_not_a_string(void **state)
{
	static const char *const values[] = {"1", "null", "true", "{}", "[\"a\"]"};
	char out[8];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(values); i++) {
		assert_int_equal(json_string(span(values[i]), out, sizeof out), -EINVAL);
		assert_int_equal(json_string_length(span(values[i])), -EINVAL);
	}
	assert_int_equal(json_string((struct span){0}, out, sizeof out), -EINVAL);
}

static void test_unsigned(void **state)
{
	static const struct {
		const char *value;
		uint64_t number;
	} cases[] = {
	    {"0", 0}, {"7", 7}, {"42", 42}, {"4294967296", 4294967296}, {"9007199254740991", 9007199254740991}};
	static const char *const others[] = {"9007199254740992",
					     "9999999999999999",
					     "10000000000000000",
					     "18446744073709551617",
					     "-1",
					     "-0",
					     "1.0",
					     "1e3",
					     "\"1\"",
					     "null",
					     "true",
					     "[1]",
					     "{}"};
	uint64_t number = 12;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(others); i++)
		assert_int_equal(json_unsigned(span(others[i]), &number), -EINVAL);
	assert_int_equal(json_unsigned((struct span){0}, &number), -EINVAL);
	assert_int_equal(number, 12);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(json_unsigned(span(cases[i].value), &number), 0);
		assert_int_equal(number, cases[i].number);
	}
}

static void test_kind(void **state)
{
	(void)state;
	assert_int_equal(json_kind(span("\"a\"")), '"');
	assert_int_equal(json_kind(span("{}")), '{');
	assert_int_equal(json_kind(span("[1]")), '[');
	assert_int_equal(json_kind(span("-1")), '0');
	assert_int_equal(json_kind(span("0")), '0');
	assert_int_equal(json_kind(span("9")), '0');
	assert_int_equal(json_kind(span("true")), 't');
	assert_int_equal(json_kind(span("false")), 'f');
	assert_int_equal(json_kind(span("null")), 'n');
	assert_int_equal(json_kind((struct span){0}), '\0');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_string),     cmocka_unit_test(test_string_lone_surrogates),
	    cmocka_unit_test(test_string_cut), cmocka_unit_test(test_not_a_string),
	    cmocka_unit_test(test_unsigned),   cmocka_unit_test(test_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
