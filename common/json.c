/*
 * json - see json.h.
 */
#include "json.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "limits.h"
#include "special.h"

/* Keys that a caller asks for are shorter; one sent with escapes is decoded to compare it. */
#define KEY_BYTES_MAX 32

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

/* SPECIAL_BYTES of the text, or what is left of it, and what was found there. */
struct block {
	const char *at;
	uint64_t special;
};

struct scanner {
	const char *at;
	const char *end;
	struct block block;                               /* the last that was looked at */
	const char *what;                                 /* the problem, which lies at `at` */
	unsigned depth;                                   /* objects and arrays open */
	uint64_t in_object[(LIMIT_JSON_DEPTH + 63) / 64]; /* by depth: an object, else an array */
};

static bool fail(struct scanner *s, const char *at, const char *what)
{
	s->at = at;
	s->what = what;
	return false;
}

/* Goes to the next byte that is not white space. Returns it, or -1 at the end. */
static inline int skip_space(struct scanner *s)
{
	const char *p = s->at;

	while (p < s->end && (unsigned char)*p <= ' ' && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	s->at = p;
	return p < s->end ? (unsigned char)*p : -1;
}

/* Looks at the last block, which begins at p and may be a short one: zeros follow it, which count as special. */
static __attribute__((noinline)) struct block block_last(const char *p, const char *end)
{
	char last[SPECIAL_BYTES] = {0};

	memcpy(last, p, (size_t)(end - p));
	return (struct block){p, special_find(last)};
}

/* The first byte of p..end that means something in a string: a quote, a backslash, a control character; or end. Every
 * block is looked at once, however many strings lie in it: p never goes back. */
static inline const char *skip_plain(struct block *block, const char *p, const char *end)
{
	size_t into = (size_t)(p - block->at);

	if (into < SPECIAL_BYTES) {
		uint64_t special = block->special >> into;
		if (special != 0)
			return p + __builtin_ctzll(special);
		p = block->at + SPECIAL_BYTES;
	}
	for (; end - p >= SPECIAL_BYTES; p += SPECIAL_BYTES) {
		uint64_t special = special_find(p);
		if (special != 0) {
			*block = (struct block){p, special};
			return p + __builtin_ctzll(special);
		}
	}
	if (p >= end)
		return end;
	*block = block_last(p, end);
	return p + __builtin_ctzll(block->special);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex_digit(char c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* The length of the escape at p, a backslash; 0 if it is none. */
static inline size_t escape_length(const char *p, const char *end)
{
	static const bool of_two[256] = {['"'] = true, ['\\'] = true, ['/'] = true, ['b'] = true,
					 ['f'] = true, ['n'] = true,  ['r'] = true, ['t'] = true};

	if (end - p < 2)
		return 0;
	if (of_two[(unsigned char)p[1]])
		return 2;
	if (p[1] != 'u' || end - p < 6)
		return 0;
	for (size_t i = 2; i < 6; i++) {
		if (!is_hex_digit(p[i]))
			return 0;
	}
	return 6;
}

static bool scan_string(struct scanner *s)
{
	const char *p = s->at + 1;
	const char *end = s->end;
	struct block block = s->block; /* for a compiler to have in registers */

	for (;;) {
		p = skip_plain(&block, p, end);
		if (p == end)
			return fail(s, p, "the text ends inside a string");
		if (*p == '"')
			break;
		if (*p != '\\')
			return fail(s, p, "a control character in a string must be escaped");
		/* The end of a line, of which an offer has many. */
		if (end - p >= 4 && memcmp(p, "\\r\\n", 4) == 0) {
			p += 4;
			continue;
		}
		size_t length = escape_length(p, end);
		if (length == 0)
			return fail(s, p, "bad escape in a string");
		p += length;
	}
	s->block = block;
	s->at = p + 1;
	return true;
}

static const char *skip_digits(const char *p, const char *end)
{
	while (p < end && is_digit(*p))
		p++;
	return p;
}

static bool scan_number(struct scanner *s)
{
	static const char no_digit[] = "expected a digit";
	const char *p = s->at + (*s->at == '-' ? 1 : 0);
	const char *digits = p;

	p = skip_digits(p, s->end);
	if (p == digits)
		return fail(s, p, no_digit);
	if (*digits == '0' && p > digits + 1)
		return fail(s, digits, "a number may not begin with a zero");
	if (p < s->end && *p == '.') {
		digits = ++p;
		p = skip_digits(p, s->end);
		if (p == digits)
			return fail(s, p, no_digit);
	}
	if (p < s->end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < s->end && (*p == '+' || *p == '-'))
			p++;
		digits = p;
		p = skip_digits(p, s->end);
		if (p == digits)
			return fail(s, p, no_digit);
	}
	s->at = p;
	return true;
}

static bool scan_word(struct scanner *s)
{
	static const char words[][6] = {"true", "false", "null"};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		size_t length = strlen(words[i]);
		if ((size_t)(s->end - s->at) >= length && memcmp(s->at, words[i], length) == 0) {
			s->at += length;
			return true;
		}
	}
	return fail(s, s->at, s->at == s->end ? "the text ends where a value must be" : "expected a value");
}

/* Scans a key and its colon. Sets *ret_key to the raw string. */
static bool scan_key(struct scanner *s, struct span *ret_key)
{
	if (skip_space(s) != '"')
		return fail(s, s->at, "expected a key in double quotes");
	ret_key->at = s->at;
	if (!scan_string(s))
		return false;
	ret_key->length = (size_t)(s->at - ret_key->at);
	if (skip_space(s) != ':')
		return fail(s, s->at, "expected a colon");
	s->at++;
	return true;
}

static bool in_object(const struct scanner *s)
{
	return (s->in_object[(s->depth - 1) / 64] >> ((s->depth - 1) % 64) & 1) != 0;
}

/* Opens the object or array at `at`. *ret_whole: it is empty, so closed again. Else `at` is where a value must begin.
 */
static bool scan_open(struct scanner *s, bool *ret_whole)
{
	bool object = *s->at == '{';
	uint64_t bit = UINT64_C(1) << (s->depth % 64);
	struct span key;

	if (s->depth == LIMIT_JSON_DEPTH)
		return fail(s, s->at, "nested more than " TEXT(LIMIT_JSON_DEPTH) " deep");
	if (object)
		s->in_object[s->depth / 64] |= bit;
	else
		s->in_object[s->depth / 64] &= ~bit;
	s->at++;

	*ret_whole = skip_space(s) == (object ? '}' : ']');
	if (*ret_whole) {
		s->at++;
		return true;
	}
	s->depth++;
	return !object || scan_key(s, &key);
}

/* After a value: closes all that ends here, down to depth `base`. *ret_more: a comma came, and `at` is where another
 * value must begin. */
static bool scan_close(struct scanner *s, unsigned base, bool *ret_more)
{
	struct span key;

	*ret_more = false;
	while (s->depth > base) {
		int c = skip_space(s);
		bool object = in_object(s);

		if (c == ',') {
			s->at++;
			*ret_more = true;
			return !object || scan_key(s, &key);
		}
		if (c != (object ? '}' : ']'))
			return fail(s, s->at,
				    object ? "expected a comma or the end of the object"
					   : "expected a comma or the end of the array");
		s->at++;
		s->depth--;
	}
	return true;
}

/* Scans one value and all that is in it, without recursion. */
static bool scan_value(struct scanner *s)
{
	unsigned base = s->depth;
	bool more = true;

	while (more) {
		bool whole = true;
		bool good;
		int c = skip_space(s);

		if (c == '"')
			good = scan_string(s);
		else if (c == '{' || c == '[')
			good = scan_open(s, &whole);
		else if (c == '-' || (c >= '0' && c <= '9'))
			good = scan_number(s);
		else
			good = scan_word(s);
		if (!good || (whole && !scan_close(s, base, &more)))
			return false;
	}
	return true;
}

/* The field that the raw key names, or NULL. */
static struct json_field *field_find(struct json_field *fields, unsigned field_count, struct span key)
{
	char decoded[KEY_BYTES_MAX];
	const char *at = key.at + 1;
	size_t length = key.length - 2;

	if (memchr(at, '\\', length) != NULL) {
		for (unsigned i = 0; i < field_count; i++)
			assert(strlen(fields[i].key) <= KEY_BYTES_MAX);
		int n = json_string(key, decoded, sizeof decoded);
		if (n < 0)
			return NULL;
		at = decoded;
		length = (size_t)n;
	}
	char first = length > 0 ? at[0] : '\0'; /* most can be told apart by it */
	for (unsigned i = 0; i < field_count; i++) {
		if (fields[i].key[0] == first && strlen(fields[i].key) == length &&
		    memcmp(fields[i].key, at, length) == 0)
			return &fields[i];
	}
	return NULL;
}

static bool scan_member(struct scanner *s, struct json_field *fields, unsigned field_count)
{
	struct span key;

	if (!scan_key(s, &key))
		return false;
	skip_space(s);
	const char *value = s->at;
	if (!scan_value(s))
		return false;
	struct json_field *field = field_find(fields, field_count, key);
	if (field != NULL) {
		field->value = (struct span){.at = value, .length = (size_t)(s->at - value)};
		field->count++;
	}
	return true;
}

static bool scan_top(struct scanner *s, struct json_field *fields, unsigned field_count)
{
	if (skip_space(s) != '{')
		return fail(s, s->at, "the text is not a JSON object");
	s->at++;
	s->depth = 1;
	if (skip_space(s) != '}') {
		for (;;) {
			if (!scan_member(s, fields, field_count))
				return false;
			int c = skip_space(s);
			if (c == '}')
				break;
			if (c != ',')
				return fail(s, s->at, "expected a comma or the end of the object");
			s->at++;
		}
	}
	s->at++;
	return skip_space(s) == -1 || fail(s, s->at, "something follows the object");
}

int json_object(const char *text, size_t n, struct json_field *fields, unsigned field_count,
		struct json_problem *ret_problem)
{
	struct scanner s = {.at = text, .end = text + n, .block = {.at = text + n}};

	for (unsigned i = 0; i < field_count; i++) {
		fields[i].value = (struct span){0};
		fields[i].count = 0;
	}
	if (scan_top(&s, fields, field_count))
		return 0;
	*ret_problem = (struct json_problem){.what = s.what, .at = (size_t)(s.at - text)};
	return -EINVAL;
}
