/*
 * out - see out.h.
 */
#include "out.h"

#include <string.h>

#include "utf8.h"

static const char hex_digits[] = "0123456789abcdef";

struct out out_init(char *buffer, size_t size)
{
	return (struct out){.at = buffer, .size = size};
}

void out_bytes(struct out *o, const void *bytes, size_t n)
{
	if (o->truncated || n > o->size - o->length) {
		o->truncated = true;
		return;
	}
	if (n > 0)
		memcpy(o->at + o->length, bytes, n);
	o->length += n;
}

void out_text(struct out *o, const char *text)
{
	out_bytes(o, text, strlen(text));
}

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
	for (size_t at = 0; at < n;) {
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
