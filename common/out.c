/*
 * out - see out.h.
 */
#include "out.h"

#include "utf8.h"

static const char hex_digits[] = "0123456789abcdef";

void out_unsigned(struct out *o, uint64_t value)
{
	char digits[20]; /* of 2^64 - 1 */
	size_t first = sizeof digits;

	do {
		digits[--first] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	out_bytes(o, digits + first, sizeof digits - first);
}

/* How many bytes at s must be escaped together in JSON: 3 for U+2028 and U+2029, 1 for an ASCII one, else 0. The two
 * separators are legal in JSON, but ended a line in JavaScript before ES2019. */
static size_t json_special(const uint8_t *s, size_t n)
{
	if (s[0] < 0x20 || s[0] == '"' || s[0] == '\\' || s[0] == 0x7F)
		return 1;
	if (s[0] == 0xE2 && n >= 3 && s[1] == 0x80 && (s[2] == 0xA8 || s[2] == 0xA9))
		return 3;
	return 0;
}

/* Are all eight bytes ASCII that needs no escape? */
static bool json_plain_word(uint64_t word)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);

	/* The top bit of each byte's sum tells of that byte alone, as no sum of two below 128 carries: that it is not
	 * below 32, not 127, not a quote, not a backslash. */
	uint64_t plain = (word + ones * 0x60) & ~(word + ones) & ((word ^ ones * '"') + ones * 0x7F) &
			 ((word ^ ones * '\\') + ones * 0x7F);
	return (word & ones * 0x80) == 0 && (plain & ones * 0x80) == ones * 0x80;
}

/* How many bytes at the front of s[0..n) are surely ASCII that needs no escape: most often, all. */
static size_t json_plain(const uint8_t *s, size_t n)
{
	size_t at = 0;
	uint64_t word;

	for (; n - at >= sizeof word; at += sizeof word) {
		memcpy(&word, s + at, sizeof word);
		if (!json_plain_word(word))
			return at;
	}
	if (at == n)
		return n;
	memset(&word, ' ', sizeof word);
	memcpy(&word, s + at, n - at);
	return json_plain_word(word) ? n : at;
}

static void json_escape(struct out *o, const uint8_t *s, size_t n)
{
	static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: the byte, its letter */
	uint32_t code = s[0];

	if (n == 1) {
		for (const char *pair = named; *pair != '\0'; pair += 2) {
			if ((uint8_t)pair[0] == s[0]) {
				out_bytes(o, (char[]){'\\', pair[1]}, 2);
				return;
			}
		}
	} else {
		utf8_read(s, n, &code);
	}
	out_bytes(o,
		  (char[]){'\\', 'u', hex_digits[code >> 12 & 15], hex_digits[code >> 8 & 15],
			   hex_digits[code >> 4 & 15], hex_digits[code & 15]},
		  6);
}

void out_json_string(struct out *o, const void *s, size_t n)
{
	const uint8_t *bytes = s;
	size_t length = o->length;
	size_t run = 0; /* where the bytes not yet written begin */

	out_bytes(o, "\"", 1);
	for (size_t at = json_plain(bytes, n); at < n;) {
		size_t special = json_special(bytes + at, n - at);

		if (special == 0) {
			at++;
			continue;
		}
		out_bytes(o, bytes + run, at - run);
		json_escape(o, bytes + at, special);
		at += special;
		run = at;
	}
	if (run < n)
		out_bytes(o, bytes + run, n - run);
	out_bytes(o, "\"", 1);
	if (o->truncated)
		o->length = length;
}

void out_visible(struct out *o, const void *s, size_t n)
{
	const uint8_t *bytes = s;

	for (size_t at = 0; at < n;) {
		uint32_t code = 0;
		size_t length = utf8_read(bytes + at, n - at, &code);

		if (length > 0 && utf8_showable(code) && code != '\\' && code != '"') {
			out_bytes(o, bytes + at, length);
			at += length;
			continue;
		}
		char escape[4 * 4]; /* a character's bytes together, so that it is left out whole */
		size_t size = 0;
		for (size_t last = at + (length > 0 ? length : 1); at < last; at++) {
			escape[size++] = '\\';
			escape[size++] = 'x';
			escape[size++] = hex_digits[bytes[at] >> 4];
			escape[size++] = hex_digits[bytes[at] & 15];
		}
		out_bytes(o, escape, size);
	}
}
