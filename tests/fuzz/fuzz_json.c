/*
 * fuzz_json - json.c against two others: a naive recursive reader of the grammar, which must say the same of every
 * text; and json-c, which must accept what we accept and find the same values in it.
 */
#include "json.h"

#include <errno.h>
#include <stdbool.h>

/* json-c has a type that is named as our function is. */
#define json_object json_c_object
#include <json-c/json.h>
#undef json_object

#include "fuzz.h"
#include "limits.h"
#include "utf8.h"

/* --- RFC 8259's grammar, a function a rule; each returns what follows, or NULL ------------------------------------ */

static const char *naive_value(const char *p, const char *end, unsigned depth);

static const char *naive_space(const char *p, const char *end)
{
	while (p < end && memchr(" \t\r\n", *p, 4) != NULL)
		p++;
	return p;
}

static const char *naive_string(const char *p, const char *end)
{
	if (p == end || *p++ != '"')
		return NULL;
	while (p < end && *p != '"') {
		if ((unsigned char)*p < 0x20)
			return NULL;
		if (*p++ != '\\')
			continue;
		if (p == end || memchr("\"\\/bfnrtu", *p, 9) == NULL)
			return NULL;
		if (*p++ != 'u')
			continue;
		for (int i = 0; i < 4; i++, p++) {
			if (p == end || memchr("0123456789abcdefABCDEF", *p, 22) == NULL)
				return NULL;
		}
	}
	return p < end ? p + 1 : NULL;
}

static const char *naive_digits(const char *p, const char *end)
{
	if (p == NULL || p == end || *p < '0' || *p > '9')
		return NULL;
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

static const char *naive_number(const char *p, const char *end)
{
	if (p < end && *p == '-')
		p++;
	p = p < end && *p == '0' ? p + 1 : naive_digits(p, end);
	if (p != NULL && p < end && *p == '.')
		p = naive_digits(p + 1, end);
	if (p != NULL && p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		p = naive_digits(p, end);
	}
	return p;
}

/* An object or an array; p is behind its opening bracket. */
static const char *naive_list(const char *p, const char *end, bool object, unsigned depth)
{
	char close = object ? '}' : ']';

	if (depth > LIMIT_JSON_DEPTH)
		return NULL;
	p = naive_space(p, end);
	if (p < end && *p == close)
		return p + 1;
	for (;;) {
		if (object) {
			p = naive_string(naive_space(p, end), end);
			if (p == NULL)
				return NULL;
			p = naive_space(p, end);
			if (p == end || *p++ != ':')
				return NULL;
		}
		p = naive_value(naive_space(p, end), end, depth);
		if (p == NULL)
			return NULL;
		p = naive_space(p, end);
		if (p == end || (*p != ',' && *p != close))
			return NULL;
		if (*p++ == close)
			return p;
	}
}

static const char *naive_value(const char *p, const char *end, unsigned depth)
{
	static const char *const words[] = {"true", "false", "null"};

	if (p == end)
		return NULL;
	if (*p == '{' || *p == '[')
		return naive_list(p + 1, end, *p == '{', depth + 1);
	if (*p == '"')
		return naive_string(p, end);
	for (int i = 0; i < 3; i++) {
		size_t n = strlen(words[i]);
		if ((size_t)(end - p) >= n && memcmp(p, words[i], n) == 0)
			return p + n;
	}
	return naive_number(p, end);
}

static bool naive_object(const char *text, size_t n)
{
	const char *end = text + n;
	const char *p = naive_space(text, end);

	if (p == end || *p != '{')
		return false;
	p = naive_value(p, end, 0);
	return p != NULL && naive_space(p, end) == end;
}

/* --- json-c ------------------------------------------------------------------------------------------------------- */

static bool jsonc_parse(const char *text, size_t n, struct json_c_object **ret)
{
	struct json_tokener *tokener = json_tokener_new_ex(2 * LIMIT_JSON_DEPTH);

	CHECK(tokener != NULL);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	*ret = json_tokener_parse_ex(tokener, text, (int)n);
	/* A bare number goes on until something else comes. */
	if (json_tokener_get_error(tokener) == json_tokener_continue)
		*ret = json_tokener_parse_ex(tokener, " ", 1);
	bool good = json_tokener_get_error(tokener) == json_tokener_success;
	json_tokener_free(tokener);
	return good;
}

static void check_string(struct span value, struct json_c_object *theirs)
{
	size_t size = value.length;
	char *out = malloc(size);

	CHECK(out != NULL && size >= 2);
	int n = json_string(value, out, size);
	CHECK(n == json_string_length(value));
	CHECK(n >= 0 || n == -EILSEQ);
	if (n >= 0) {
		CHECK(utf8_valid((uint8_t *)out, (size_t)n));
		CHECK(json_object_is_type(theirs, json_type_string));
		/* Of U+1DC00 to U+1DFFF and their like json-c 0.16 makes U+FFFD: it takes them for surrogates. */
		if (strstr(json_object_get_string(theirs), "\xef\xbf\xbd") == NULL) {
			CHECK(json_object_get_string_len(theirs) == n);
			CHECK(memcmp(json_object_get_string(theirs), out, (size_t)n) == 0);
		}
		CHECK(json_string(value, out, (size_t)n) == n);
		CHECK(n == 0 || json_string(value, out, (size_t)n - 1) == -ENOSPC);
	}
	free(out);
}

static void check_unsigned(struct span value, struct json_c_object *theirs)
{
	uint64_t number;

	if (json_unsigned(value, &number) == 0) {
		CHECK(number < UINT64_C(1) << 53);
		CHECK(json_object_is_type(theirs, json_type_int));
		CHECK(json_object_get_uint64(theirs) == number);
	}
}

static void check_field(const struct json_field *field, struct json_c_object *top)
{
	struct json_c_object *theirs;
	struct json_c_object *alone;

	CHECK((field->count > 0) == (field->value.at != NULL));
	CHECK(json_object_object_get_ex(top, field->key, &theirs) == (field->count > 0));
	if (field->count == 0)
		return;
	/* What the span says alone is what json-c found in its place. */
	CHECK(jsonc_parse(field->value.at, field->value.length, &alone));
	CHECK(strcmp(json_object_to_json_string(alone), json_object_to_json_string(theirs)) == 0);
	json_object_put(alone);
	if (json_kind(field->value) == '"')
		check_string(field->value, theirs);
	check_unsigned(field->value, theirs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_field fields[] = {{.key = "data"}, {.key = "target"}, {.key = "a"}, {.key = ""}};
	struct json_problem problem = {.at = SIZE_MAX};
	struct json_c_object *top;

	if (!utf8_valid(data, size))
		return 0;
	char *text = fuzz_copy(data, size);
	bool good = json_object(text, size, fields, 4, &problem) == 0;
	CHECK(good == naive_object(text, size));
	CHECK(good || (problem.at <= size && problem.what != NULL));
	/* json-c ends a key at its first NUL. */
	if (good && memmem(text, size, "\\u0000", 6) == NULL) {
		CHECK(jsonc_parse(text, size, &top));
		for (unsigned i = 0; i < 4; i++)
			check_field(&fields[i], top);
		json_object_put(top);
	}
	free(text);
	return 0;
}
