/*
 * text - text that grows, and the JSON that is made with it.
 * Process: broker.
 * Fails:   without memory: what was written stays, nothing more is, and `failed` tells.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero is an empty one. */
struct text {
	char *at;
	size_t length;
	size_t size;
	bool failed;
};

void text_free(struct text *t);

void text_bytes(struct text *t, const void *bytes, size_t n);
void text_add(struct text *t, const char *s);
void text_format(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes s[0..n), well-formed UTF-8, as a JSON string with its quotes. */
void text_json(struct text *t, const void *s, size_t n);

/* Writes `"key":value` (the key is plain), with a comma before it unless it is the first in its object. */
void text_field(struct text *t, const char *key, const char *value);
void text_field_unsigned(struct text *t, const char *key, uint64_t value);
void text_field_bool(struct text *t, const char *key, bool value);
/* Writes `"key":`, and the comma; a value is to follow. */
void text_key(struct text *t, const char *key);

/* Writes a comma if something else than an opening bracket stands before it. */
void text_comma(struct text *t);

#endif
