/*
 * record - the events of one WebSocket stream, written down so that two readers of it can be compared.
 */
#ifndef RECORD_H
#define RECORD_H

#include "fuzz.h"

/* One byte of kind ('T', 'B', 'P', 'Q' pong, 'C', 'F'), two of code, four of length, the payload. */
struct record {
	uint8_t *bytes;
	size_t n;
	size_t size;
};

static inline void record_bytes(struct record *r, const void *bytes, size_t n)
{
	if (r->size - r->n < n) {
		r->size = 2 * (r->n + n);
		r->bytes = realloc(r->bytes, r->size);
		CHECK(r->bytes != NULL);
	}
	if (n > 0)
		memcpy(r->bytes + r->n, bytes, n);
	r->n += n;
}

static inline void record_event(struct record *r, char kind, uint16_t code, const void *payload, uint32_t length)
{
	record_bytes(r, &kind, sizeof kind);
	record_bytes(r, &code, sizeof code);
	record_bytes(r, &length, sizeof length);
	record_bytes(r, payload, length);
}

#endif
