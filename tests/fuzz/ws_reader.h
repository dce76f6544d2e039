/*
 * ws_reader - reads a stream by ws.c as a process does, in pieces, and checks what holds of every stream.
 */
#ifndef WS_READER_H
#define WS_READER_H

#include "../naive_utf8.h"
#include "limits.h"
#include "record.h"
#include "ws.h"

static inline bool naive_valid(const uint8_t *s, size_t n)
{
	bool bad;

	return naive_prefix(s, n, &bad) == n;
}

static inline void ws_reader_event(struct record *r, const struct ws_event *event, uint32_t message_max)
{
	static const char kinds[] = {
	    [WS_TEXT] = 'T', [WS_BINARY] = 'B', [WS_PING] = 'P', [WS_PONG] = 'Q', [WS_CLOSE] = 'C', [WS_FAIL] = 'F'};
	uint16_t code = event->code;

	switch (event->kind) {
	case WS_TEXT:
		CHECK(naive_valid(event->data, event->length));
		CHECK(event->length <= message_max);
		break;
	case WS_BINARY:
		CHECK(event->length <= message_max);
		break;
	case WS_CLOSE:
		CHECK(event->length <= LIMIT_CONTROL_FRAME_BYTES - 2);
		CHECK(naive_valid(event->data, event->length));
		CHECK(code >= 1000 && code < 5000 && code != 1004 && code != 1006 && code != 1015);
		break;
	case WS_FAIL:
		CHECK(event->why != NULL && event->length == 0);
		CHECK(code == WS_CLOSE_PROTOCOL || code == WS_CLOSE_BAD_DATA || code == WS_CLOSE_TOO_BIG);
		break;
	default:
		CHECK(event->length <= LIMIT_CONTROL_FRAME_BYTES);
	}
	record_event(r, kinds[event->kind], code, event->data, event->length);
}

/* Reads data[0..size) in pieces of `piece` bytes, 1 to LIMIT_READ_BYTES. */
static inline void ws_reader_read(struct record *r, const uint8_t *data, size_t size, size_t piece,
				  uint32_t message_max)
{
	struct ws_stream stream = {0};
	struct ws_event event;
	size_t buffer_size = ws_buffer_size(message_max);
	uint8_t *buffer = malloc(buffer_size);
	bool ended = false;

	CHECK(buffer != NULL);
	for (size_t fed = 0; fed < size;) {
		size_t n = size - fed < piece ? size - fed : piece;

		CHECK(buffer_size - stream.end >= LIMIT_READ_BYTES);
		memcpy(buffer + stream.end, data + fed, n);
		stream.end += (uint32_t)n;
		fed += n;
		for (;;) {
			ws_stream_next(&stream, buffer, message_max, &event);
			if (event.kind == WS_MORE)
				break;
			CHECK(!ended);
			ended = event.kind == WS_CLOSE || event.kind == WS_FAIL;
			CHECK(ended == stream.ended);
			ws_reader_event(r, &event, message_max);
		}
		ws_stream_compact(&stream, buffer);
	}
	free(buffer);
}

#endif
