/* text - text that grows, and the JSON that is made with it. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"
#include "text.h"

#define SIZE_FIRST 512

void text_free(struct text *t)
{
	free(t->at);
	*t = (struct text){0};
}

/* Makes room for n more bytes. Returns whether there is. */
static bool make_room(struct text *t, size_t n)
{
	size_t size = t->size ? t->size : SIZE_FIRST;

	if (t->failed)
		return false;
	while (size - t->length < n)
		size *= 2;
	if (size == t->size)
		return true;
	char *bigger = realloc(t->at, size);
	if (!bigger) {
		t->failed = true;
		return false;
	}
	t->at = bigger;
	t->size = size;
	return true;
}

void text_bytes(struct text *t, const void *bytes, size_t n)
{
	if (n == 0 || !make_room(t, n))
		return;
	memcpy(t->at + t->length, bytes, n);
	t->length += n;
}

void text_add(struct text *t, const char *s)
{
	text_bytes(t, s, strlen(s));
}

void text_format(struct text *t, const char *format, ...)
{
	char piece[512]; /* longer ones are for text_bytes() */
	va_list arguments;

	va_start(arguments, format);
	int n = vsnprintf(piece, sizeof(piece), format, arguments);
	va_end(arguments);
	if (n > 0)
		text_bytes(t, piece, (size_t)n < sizeof(piece) ? (size_t)n : sizeof(piece) - 1);
}

void text_json(struct text *t, const void *s, size_t n)
{
	if (!make_room(t, 6 * n + 2))
		return;
	struct out o = out_init(t->at + t->length, t->size - t->length);
	out_json_string(&o, s, n);
	t->length += o.length;
}

void text_comma(struct text *t)
{
	if (t->length > 0 && !strchr("{[:\n", t->at[t->length - 1]))
		text_add(t, ",");
}

void text_key(struct text *t, const char *key)
{
	text_comma(t);
	text_add(t, "\"");
	text_add(t, key);
	text_add(t, "\":");
}

void text_field(struct text *t, const char *key, const char *value)
{
	text_key(t, key);
	text_json(t, value, strlen(value));
}

void text_field_unsigned(struct text *t, const char *key, uint64_t value)
{
	text_key(t, key);
	text_format(t, "%" PRIu64, value);
}

void text_field_bool(struct text *t, const char *key, bool value)
{
	text_key(t, key);
	text_add(t, value ? "true" : "false");
}
