/*
 * out - text written into a fixed buffer: it never overflows, and says at the end whether all of it fitted.
 * Process: all.  Pure.
 */
#ifndef OUT_H
#define OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct out {
	char *at;       /* the caller's buffer */
	size_t size;    /* of the buffer */
	size_t length;  /* written so far */
	bool truncated; /* something did not fit; it was left out whole, and so is all that came after it */
};

/* Begins at the front of buffer, which the caller owns. Nothing is NUL-terminated. */
static inline struct out out_init(char *buffer, size_t size)
{
	return (struct out){.at = buffer, .size = size};
}

/* Inline, because what is written is mostly a few bytes of which the compiler knows how many they are. */
static inline void out_bytes(struct out *o, const void *bytes, size_t n)
{
	if (o->truncated || n > o->size - o->length) {
		o->truncated = true;
		return;
	}
	if (n > 0)
		memcpy(o->at + o->length, bytes, n);
	o->length += n;
}

static inline void out_text(struct out *o, const char *text)
{
	out_bytes(o, text, strlen(text));
}

void out_unsigned(struct out *o, uint64_t value);

/* Writes s[0..n), which is well-formed UTF-8, as a JSON string with its quotes (RFC 8259, 7): quotes, backslashes and
 * everything below U+0020 escaped, DEL and U+2028/2029 too, the rest as it is. */
void out_json_string(struct out *o, const void *s, size_t n);

/* Writes s[0..n), any bytes, as many whole characters as fit, so that a terminal or a log can show it: printable UTF-8
 * as it is; control, bidi and invalid bytes, the backslash and the double quote as \xHH of each byte. */
void out_visible(struct out *o, const void *s, size_t n);

#endif
