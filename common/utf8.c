/*
 * utf8 - see utf8.h.
 */
#include "utf8.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

#include "limits.h"

#define HIGH_BITS UINT64_C(0x8080808080808080)

/* A name's bound, as text. */
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

/* How many bytes at the front of s[0..n) are ASCII. */
static size_t ascii_prefix(const uint8_t *s, size_t n)
{
	size_t at = 0;
	uint64_t word[4];

	for (; n - at >= sizeof word; at += sizeof word) {
		memcpy(word, s + at, sizeof word);
		if (((word[0] | word[1] | word[2] | word[3]) & HIGH_BITS) != 0)
			break;
	}
	for (; n - at >= sizeof word[0]; at += sizeof word[0]) {
		memcpy(word, s + at, sizeof word[0]);
		uint64_t high = le64toh(word[0]) & HIGH_BITS;
		if (high != 0)
			return at + (size_t)__builtin_ctzll(high) / 8;
	}
	while (at < n && s[at] < 0x80)
		at++;
	return at;
}

/* Table 3-7: how long a character is that begins with `lead`, and what its second byte may be. 0: nothing begins so. */
static size_t lead_length(uint8_t lead, uint8_t *ret_low, uint8_t *ret_high)
{
	*ret_low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
	*ret_high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
	if (lead < 0x80)
		return 1;
	if (lead < 0xC2)
		return 0;
	return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
}

/* The length of the character at the front of s[0..n), n > 0; 0 if it is not whole, *ret_bad if it can't become so. */
static size_t character(const uint8_t *s, size_t n, bool *ret_bad)
{
	uint8_t low, high;
	size_t length = lead_length(s[0], &low, &high);

	*ret_bad = length == 0;
	for (size_t i = 1; i < length; i++) {
		if (i == n)
			return 0;
		if (s[i] < low || s[i] > high) {
			*ret_bad = true;
			return 0;
		}
		low = 0x80;
		high = 0xBF;
	}
	return length;
}

size_t utf8_prefix(const uint8_t *s, size_t n, bool *ret_bad)
{
	size_t at = 0;

	*ret_bad = false;
	while (at < n) {
		size_t length = s[at] < 0x80 ? ascii_prefix(s + at, n - at) : character(s + at, n - at, ret_bad);
		if (length == 0)
			break;
		at += length;
	}
	return at;
}

bool utf8_valid(const uint8_t *s, size_t n)
{
	bool bad;

	return utf8_prefix(s, n, &bad) == n;
}

size_t utf8_read(const uint8_t *s, size_t n, uint32_t *ret_code)
{
	static const uint8_t lead_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
	bool bad;
	size_t length = n == 0 ? 0 : character(s, n, &bad);

	if (length == 0)
		return 0;
	*ret_code = s[0] & lead_bits[length];
	for (size_t i = 1; i < length; i++)
		*ret_code = *ret_code << 6 | (s[i] & 0x3F);
	return length;
}

size_t utf8_write(uint8_t *out, uint32_t code)
{
	assert(code <= 0x10FFFF && !(code >= 0xD800 && code <= 0xDFFF));

	if (code < 0x80) {
		out[0] = (uint8_t)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (uint8_t)(0xC0 | code >> 6);
		out[1] = (uint8_t)(0x80 | (code & 0x3F));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (uint8_t)(0xE0 | code >> 12);
		out[1] = (uint8_t)(0x80 | (code >> 6 & 0x3F));
		out[2] = (uint8_t)(0x80 | (code & 0x3F));
		return 3;
	}
	out[0] = (uint8_t)(0xF0 | code >> 18);
	out[1] = (uint8_t)(0x80 | (code >> 12 & 0x3F));
	out[2] = (uint8_t)(0x80 | (code >> 6 & 0x3F));
	out[3] = (uint8_t)(0x80 | (code & 0x3F));
	return 4;
}

static bool is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7F && code <= 0x9F);
}

static bool is_bidi(uint32_t code)
{
	return (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) || code == 0x200E ||
	       code == 0x200F || code == 0x061C;
}

static bool is_separator(uint32_t code)
{
	return code == 0x2028 || code == 0x2029;
}

/* Unicode's White_Space property, but for the controls and separators, which a name can't have anywhere. */
static bool is_space(uint32_t code)
{
	return code == 0x20 || code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x202F ||
	       code == 0x205F || code == 0x3000;
}

bool utf8_showable(uint32_t code)
{
	return !is_control(code) && !is_bidi(code) && !is_separator(code);
}

const char *utf8_name_problem(const uint8_t *s, size_t n)
{
	bool space_first = false;
	bool space_last = false;

	if (n == 0)
		return "is empty";
	if (n > LIMIT_NAME_BYTES)
		return "is longer than " TEXT(LIMIT_NAME_BYTES) " bytes";
	if (!utf8_valid(s, n))
		return "is not UTF-8";
	for (size_t at = 0; at < n;) {
		uint32_t code = s[at];
		size_t length = code < 0x80 ? 1 : utf8_read(s + at, n - at, &code);

		if (is_control(code))
			return "has a control character in it";
		if (is_bidi(code))
			return "has a bidirectional override in it";
		if (is_separator(code))
			return "has a line or paragraph separator in it";
		space_last = is_space(code);
		if (at == 0)
			space_first = space_last;
		at += length;
	}
	if (space_first || space_last)
		return "begins or ends with white space";
	return NULL;
}
