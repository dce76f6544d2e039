/*
 * json - a strict scanner for JSON texts (RFC 8259) that are to be passed on as they came: it validates, and tells
 * where the values of an object's members lie. No tree, no allocation. Process: broker, roomd.  Pure.
 */
#ifndef JSON_H
#define JSON_H

#include <stddef.h>
#include <stdint.h>

struct span {
	const char *at; /* NULL: absent */
	size_t length;
};

/* A member of the top object that the caller wants: `key` in, `value` out (raw, as it was sent, without the white space
 * around it), `count` how often the key came. */
struct json_field {
	const char *key;   /* compared after escapes in the sent key are resolved */
	struct span value; /* of the last one */
	unsigned count;
};

struct json_problem {
	const char
	    *what; /* static: "expected a comma or the end of the object", "the text is not a JSON object", ... */
	size_t at; /* byte offset where it was seen, from 0 */
};

/* Validates text[0..n) (well-formed UTF-8 already) as one JSON object, nested at most LIMIT_JSON_DEPTH deep, with
 * nothing but white space around it, and finds the fields. Lone surrogate escapes and \u0000 are legal JSON. Returns 0,
 * or -EINVAL and fills *ret_problem. */
int json_object(const char *text, size_t n, struct json_field *fields, unsigned field_count,
		struct json_problem *ret_problem);

/* Decodes the raw JSON string `value` (its quotes included; already validated) to UTF-8 in out[0..size). Returns the
 * length; -EINVAL if the value is not a string; -EILSEQ for a lone surrogate; -ENOSPC if it does not fit: out then
 * holds the characters that do, and zeros behind them. */
int json_string(struct span value, char *out, size_t size);

/* The length that json_string() would need; -EINVAL and -EILSEQ as there. */
int json_string_length(struct span value);

/* Reads the raw value as an integer 0 to 2^53-1. Returns 0 or -EINVAL. */
int json_unsigned(struct span value, uint64_t *ret);

/* The kind of a validated value by its first byte: '"' string, '{' object, '[' array, '0' number, 't' true, 'f' false,
 * 'n' null; 0 absent. */
char json_kind(struct span value);

#endif
