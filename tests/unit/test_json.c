/*
 * test_json - json.c: which texts are JSON objects, and where their fields lie.
 */
#include "json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "limits.h"
#include "unit.h"

/* A copy that ends where the text ends, so that a sanitizer sees one byte too many. */
static int scan(const char *text, size_t n, struct json_field *fields, unsigned count, struct json_problem *problem)
{
	char *copy = malloc(n > 0 ? n : 1);

	assert_non_null(copy);
	if (n > 0)
		memcpy(copy, text, n);
	int result = json_object(copy, n, fields, count, problem);
	for (unsigned i = 0; i < count; i++) {
		if (fields[i].value.at != NULL)
			fields[i].value.at = text + (fields[i].value.at - copy);
	}
	free(copy);
	return result;
}

static bool good(const char *text, size_t n)
{
	struct json_problem problem;

	return scan(text, n, NULL, 0, &problem) == 0;
}

static void test_objects(void **state)
{
	static const char *const cases[] = {
	    "{}",
	    " \t\r\n{ \t\r\n} \t\r\n",
	    "{\"\":0}",
	    "{\"a\":1,\"b\":2}",
	    "{ \"a\" : 1 , \"b\" : [ 1 , 2 ] }",
	    "{\"a\":{\"b\":{\"c\":[{},[],[[]],{\"d\":[1,{\"e\":null}]}]}}}",
	    "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\uAbCd\\uD800\\u0000\"}",
	    "{\"a\":\"\x7F\xC3\xA4\xF0\x9F\x98\x80\"}",
	    "{\"a\":true,\"b\":false,\"c\":null}",
	    "{\"a\":[true,false,null,\"\",0,{}]}",
	    "{\"same\":1,\"same\":2}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		size_t n = strlen(cases[i]);
		struct json_problem problem = {0};

		if (scan(cases[i], n, NULL, 0, &problem) != 0)
			fail_msg("%s at %zu: %s", cases[i], problem.at, problem.what);
		/* No front of it is one, but for white space behind; and nothing may follow. */
		while (cases[i][n - 1] != '}')
			n--;
		for (size_t cut = 0; cut < n; cut++)
			assert_false(good(cases[i], cut));
	}
}

static void test_problems(void **state)
{
	static const struct {
		const char *text;
		size_t at;
		const char *what;
	} cases[] = {
	    {"", 0, "the text is not a JSON object"},
	    {"  ", 2, "the text is not a JSON object"},
	    {"[]", 0, "the text is not a JSON object"},
	    {"null", 0, "the text is not a JSON object"},
	    {"\"a\"", 0, "the text is not a JSON object"},
	    {" 1", 1, "the text is not a JSON object"},
	    {"\xEF\xBB\xBF{}", 0, "the text is not a JSON object"}, /* a byte order mark */
	    {"\v{}", 0, "the text is not a JSON object"},
	    {"{}{}", 2, "something follows the object"},
	    {"{} x", 3, "something follows the object"},
	    {"{}}", 2, "something follows the object"},
	    {"{", 1, "expected a key in double quotes"},
	    {"{a:1}", 1, "expected a key in double quotes"},
	    {"{'a':1}", 1, "expected a key in double quotes"},
	    {"{1:1}", 1, "expected a key in double quotes"},
	    {"{,}", 1, "expected a key in double quotes"},
	    {"{\"a\":1,}", 7, "expected a key in double quotes"},
	    {"{\"a\":{\"b\":1,}}", 12, "expected a key in double quotes"},
	    {"{\"a\"}", 4, "expected a colon"},
	    {"{\"a\" 1}", 5, "expected a colon"},
	    {"{\"a\":{\"b\"}}", 9, "expected a colon"},
	    {"{\"a\":}", 5, "expected a value"},
	    {"{\"a\":[1,]}", 8, "expected a value"},
	    {"{\"a\":[,1]}", 6, "expected a value"},
	    {"{\"a\":tru}", 5, "expected a value"},
	    {"{\"a\":True}", 5, "expected a value"},
	    {"{\"a\":NaN}", 5, "expected a value"},
	    {"{\"a\":Infinity}", 5, "expected a value"},
	    {"{\"a\":undefined}", 5, "expected a value"},
	    {"{\"a\":/**/1}", 5, "expected a value"},
	    {"{\"a\":\x7F}", 5, "expected a value"},
	    {"{\"a\":", 5, "the text ends where a value must be"},
	    {"{\"a\":[", 6, "the text ends where a value must be"},
	    {"{\"a\":1 \"b\":2}", 7, "expected a comma or the end of the object"},
	    {"{\"a\":1", 6, "expected a comma or the end of the object"},
	    {"{\"a\":truex}", 9, "expected a comma or the end of the object"},
	    {"{\"a\":1]", 6, "expected a comma or the end of the object"},
	    {"{\"a\":{\"b\":1]}", 11, "expected a comma or the end of the object"},
	    {"{\"a\":[1}", 7, "expected a comma or the end of the array"},
	    {"{\"a\":[1 2]}", 8, "expected a comma or the end of the array"},
	    {"{\"a\":[[1]", 9, "expected a comma or the end of the array"},
	    {"{\"a\":\"", 6, "the text ends inside a string"},
	    {"{\"a\":\"abc", 9, "the text ends inside a string"},
	    {"{\"a", 3, "the text ends inside a string"},
	    {"{\"a\":\"x\ny\"}", 7, "a control character in a string must be escaped"},
	    {"{\"a\x1F\":1}", 3, "a control character in a string must be escaped"},
	    {"{\"a\":\"\\x41\"}", 6, "bad escape in a string"},
	    {"{\"a\":\"\\'\"}", 6, "bad escape in a string"},
	    {"{\"a\":\"\\U0041\"}", 6, "bad escape in a string"},
	    {"{\"a\":\"\\u004\"}", 6, "bad escape in a string"},
	    {"{\"a\":\"\\u004g\"}", 6, "bad escape in a string"},
	    {"{\"a\":\"\\u 041\"}", 6, "bad escape in a string"},
	    {"{\"a\":\"\\u00", 6, "bad escape in a string"},
	    {"{\"a\":\"\\u004", 6, "bad escape in a string"},
	    {"{\"a\":\"\\", 6, "bad escape in a string"},
	    {"{\"a\":-}", 6, "expected a digit"},
	    {"{\"a\":1.}", 7, "expected a digit"},
	    {"{\"a\":1e}", 7, "expected a digit"},
	    {"{\"a\":1e+", 8, "expected a digit"},
	    {"{\"a\":01}", 5, "a number may not begin with a zero"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct json_problem problem = {0};

		assert_int_equal(scan(cases[i].text, strlen(cases[i].text), NULL, 0, &problem), -EINVAL);
		if (problem.at != cases[i].at || strcmp(problem.what, cases[i].what) != 0)
			fail_msg("%s at %zu: %s", cases[i].text, problem.at, problem.what);
	}
	assert_false(good("{\"a\":\"\0\"}", 9));
	assert_false(good("{\"a\":\"\\\0\"}", 10));
	assert_false(good("{\0}", 3));
}

static void test_numbers(void **state)
{
	static const char *const numbers[] = {"0",
					      "-0",
					      "1",
					      "-1",
					      "10",
					      "1234567890",
					      "0.0",
					      "0.10",
					      "-0.5",
					      "1.25",
					      "1e1",
					      "1E1",
					      "1e+1",
					      "1e-1",
					      "0e0",
					      "0E-0",
					      "1.5e10",
					      "-1.5E+007",
					      "123456789012345678901234567890.5e9999"};
	static const char *const others[] = {"+1",  ".5",   "-.5",      "1.",        "-",   "--1",   "00",      "01",
					     "-01", "1.e1", "1e",       "1e+",       "e1",  "1e1.5", "0x10",    "1_000",
					     "1,5", "1 5",  "Infinity", "-Infinity", "NaN", "1f",    "\xD9\xA1"};
	char text[128];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		struct json_field field = {.key = "a"};
		struct json_problem problem;
		int n = snprintf(text, sizeof text, "{\"a\":%s}", numbers[i]);

		if (scan(text, (size_t)n, &field, 1, &problem) != 0)
			fail_msg("%s: %s", text, problem.what);
		assert_text(field.value.at, field.value.length, numbers[i]);
		n = snprintf(text, sizeof text, "{\"a\":[%s , %s]}", numbers[i], numbers[i]);
		assert_true(good(text, (size_t)n));
	}
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		int n = snprintf(text, sizeof text, "{\"a\":%s}", others[i]);
		if (good(text, (size_t)n))
			fail_msg("%s", text);
	}
}

static void test_fields(void **state)
{
	static const char text[] =
	    " {\"x\": {\"data\":0, \"a\":[1]} , \"\\u0064at\\u0061\":\t[1, 2 ]\n,\"target\":\"b\\u0021\",\"n\":-1.50e1,"
	    "\"d\\ud800\":1,\"target\":null,\"data2\":1,\"dat\":2,\"Data\":3,\"t\\u0000\":4,\"\":{} }";
	struct json_field fields[] = {
	    {.key = "data"}, {.key = "target"}, {.key = "n"},
	    {.key = "x"},    {.key = ""},       {.key = "a", .value = {"old", 3}, .count = 7},
	    {.key = "t"},
	};
	static const struct {
		const char *value;
		unsigned count;
	} want[] = {{"[1, 2 ]", 1}, {"null", 2}, {"-1.50e1", 1}, {"{\"data\":0, \"a\":[1]}", 1},
		    {"{}", 1},      {NULL, 0},   {NULL, 0}};
	struct json_problem problem;

	(void)state;
	assert_int_equal(scan(text, sizeof text - 1, fields, COUNT_OF(fields), &problem), 0);
	for (size_t i = 0; i < COUNT_OF(fields); i++) {
		assert_int_equal(fields[i].count, want[i].count);
		if (want[i].value == NULL)
			assert_null(fields[i].value.at);
		else
			assert_text(fields[i].value.at, fields[i].value.length, want[i].value);
	}
}

/* A long key, escaped, does not fit where keys are decoded, and is nobody's. */
static void test_long_keys(void **state)
{
	char text[1000] = "{\"";
	struct json_field field = {.key = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	struct json_problem problem;

	(void)state;
	for (int i = 0; i < 100; i++)
		strcat(text, "\\u0061");
	strcat(text, "\":1,\"");
	for (int i = 0; i < 32; i++)
		strcat(text, "\\u0061");
	strcat(text, "\":2}");
	assert_int_equal(scan(text, strlen(text), &field, 1, &problem), 0);
	assert_int_equal(field.count, 1);
	assert_text(field.value.at, field.value.length, "2");
}

/* `depth` objects and arrays in turn, the top object the first; `whole` closes them again. */
static size_t nest(char *text, unsigned depth, unsigned kind, bool whole)
{
	size_t n = 0;
	char closing[10001];

	for (unsigned i = 0; i < depth; i++) {
		bool object = i == 0 || (kind == 2 ? i % 3 == 0 : kind == 0);
		const char *open = object ? i + 1 < depth ? "{\"k\":" : "{" : "[";
		memcpy(text + n, open, strlen(open));
		n += strlen(open);
		closing[i] = object ? '}' : ']';
	}
	for (unsigned i = depth; whole && i > 0; i--)
		text[n++] = closing[i - 1];
	return n;
}

static void test_depth(void **state)
{
	static char text[100000];
	struct json_problem problem;

	(void)state;
	for (unsigned kind = 0; kind < 3; kind++) {
		for (unsigned depth = 1; depth <= LIMIT_JSON_DEPTH; depth++) {
			assert_true(good(text, nest(text, depth, kind, true)));
			assert_false(good(text, nest(text, depth, kind, false)));
			size_t n = nest(text, depth, kind, true);
			text[n - depth / 2 - 1] ^= '}' ^ ']';
			assert_false(good(text, n));
		}
		for (unsigned i = 0; i < 2; i++) {
			size_t n = nest(text, i == 0 ? LIMIT_JSON_DEPTH + 1 : 10000, kind, true);
			assert_int_equal(scan(text, n, NULL, 0, &problem), -EINVAL);
			assert_string_equal(problem.what, "nested more than 128 deep");
			size_t below = nest(text, LIMIT_JSON_DEPTH, kind, false);
			if (text[below - 1] == '{')
				below += strlen("\"k\":");
			assert_int_equal(problem.at, below);
		}
	}
	/* Depth counts what is open, not what has been. */
	size_t n = (size_t)sprintf(text, "{\"a\":[0");
	for (unsigned i = 0; i < 1000; i++)
		n += (size_t)sprintf(text + n, ",[],{},[{\"b\":[]}]");
	n += (size_t)sprintf(text + n, "]}");
	assert_true(good(text, n));
}

/* {"a":"nnn..."} with one byte of the string's `length` exchanged: "\n" is an escape, too. */
static void check_place(size_t length, size_t at, unsigned byte)
{
	char text[256];
	struct json_problem problem;
	size_t begin = (size_t)sprintf(text, "{\"a\":\"");
	size_t n = begin + length;
	bool want = byte >= 32 && byte != '"' && (byte != '\\' || at + 1 < length);

	memset(text + begin, 'n', length);
	text[begin + at] = (char)byte;
	memcpy(text + n, "\"}", 2);
	if (good(text, n + 2) != want)
		fail_msg("byte %u at %zu of %zu", byte, at, length);
	if (byte >= 32)
		return;
	assert_int_equal(scan(text, n + 2, NULL, 0, &problem), -EINVAL);
	assert_int_equal(problem.at, begin + at);
}

/* Strings are looked at 64 bytes at a time, and what is left of the text at its end: every byte value at every place.
 */
static void test_string_every_place(void **state)
{
	static const struct {
		size_t from, to;
	} lengths[] = {{1, 20}, {55, 60}, {118, 124}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lengths); i++)
		for (size_t length = lengths[i].from; length < lengths[i].to; length++)
			for (size_t at = 0; at < length; at++)
				for (unsigned byte = 0; byte < 256; byte++)
					check_place(length, at, byte);
}

/* Wherever the blocks begin and end: what a string of any length is followed by is found, and where it lies. */
static void test_string_every_length(void **state)
{
	char text[1024];
	struct json_field fields[] = {{.key = "data"}, {.key = "z"}};
	struct json_problem problem;

	(void)state;
	for (size_t before = 0; before < 70; before++) {
		for (size_t length = 0; length < 200; length++) {
			size_t n =
			    (size_t)sprintf(text, "{\"%0*d\":[12345,\"\\r\\n\"],\"data\":\"", (int)before + 1, 0);
			size_t value = n - 1;
			memset(text + n, 'u', length);
			n += length;
			n += (size_t)sprintf(text + n, "\\u00e4\\\"\\\\\",\"z\":1e5}");
			assert_int_equal(scan(text, n, fields, 2, &problem), 0);
			assert_ptr_equal(fields[0].value.at, text + value);
			assert_int_equal(fields[0].value.length, length + 12);
			assert_text(fields[1].value.at, fields[1].value.length, "1e5");
		}
	}
	/* The text of the last turn, cut anywhere, is none. */
	for (size_t n = strlen(text) - 1; n > 0; n--)
		assert_false(good(text, n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_objects),
	    cmocka_unit_test(test_problems),
	    cmocka_unit_test(test_numbers),
	    cmocka_unit_test(test_fields),
	    cmocka_unit_test(test_long_keys),
	    cmocka_unit_test(test_depth),
	    cmocka_unit_test(test_string_every_place),
	    cmocka_unit_test(test_string_every_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
