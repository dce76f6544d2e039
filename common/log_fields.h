/*
 * log_fields - one event, taken apart again: as an object of JSON, or as fields for the journal.
 * Process: all.  Pure.
 */
#ifndef LOG_FIELDS_H
#define LOG_FIELDS_H

#include <stdbool.h>

#include "out.h"

/* One `key=value` of an event; a value in quotes is without them. A word without `=` has no key. */
struct log_field {
	const char *key;
	size_t key_length;
	const char *value;
	size_t value_length;
	bool quoted;
};

/* Takes the next field from *at, which is before `end`, and moves *at behind it. Returns false at the end. */
bool log_field_next(const char **at, const char *end, struct log_field *ret);

/* Writes `,"key":value` for each field of details[0..n), numbers as numbers, as long as all of one fits and `reserve`
 * bytes are left. */
void log_fields_json(struct out *o, const char *details, size_t n, size_t reserve);

/* Writes `VIDEO_SIGNALING_KEY=value` and a newline for each, likewise. */
void log_fields_journal(struct out *o, const char *details, size_t n);

#endif
