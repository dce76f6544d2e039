/*
 * wire - see wire.h.
 */
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>

#include "limits.h"
#include "unit.h"
#include "ws.h"

#define STREAM_MAX (1024 * 1024)

struct wire wire;

int wire_setup(void **state)
{
	(void)state;
	wire = (struct wire){.at = malloc(STREAM_MAX), .n = 0};
	return wire.at == NULL;
}

int wire_teardown(void **state)
{
	(void)state;
	free(wire.at);
	return 0;
}

void wire_add_raw(const char *bytes, size_t n)
{
	assert_true(wire.n + n <= STREAM_MAX);
	memcpy(wire.at + wire.n, bytes, n);
	wire.n += n;
}

void wire_add_bytes(uint8_t first, const void *payload, size_t n)
{
	static const char mask[4] = "\x12\x00\xFE\x81";
	uint8_t header[WS_SERVER_HEADER_MAX];
	size_t size = ws_header_write(header, WS_OP_TEXT, n);
	uint8_t *masked = malloc(n + 1);

	assert_non_null(masked);
	header[0] = first;
	header[1] |= 0x80;
	wire_add_raw((char *)header, size);
	wire_add_raw(mask, sizeof mask);
	memcpy(masked, payload, n);
	ws_unmask(masked, n, (const uint8_t *)mask);
	wire_add_raw((char *)masked, n);
	free(masked);
}

void wire_add(uint8_t first, const char *payload)
{
	wire_add_bytes(first, payload, strlen(payload));
}

static void write_event(FILE *log, const struct ws_event *event)
{
	switch (event->kind) {
	case WS_CLOSE:
		fprintf(log, "C%u", event->code);
		break;
	case WS_FAIL:
		assert_non_null(event->why);
		fprintf(log, "F%u ", event->code);
		return;
	default:
		fprintf(log, "%c%u", "_TBPQ"[event->kind], event -> length); /* Q: pong */
	}
	if (event->length > 0 && event->length < 100)
		fprintf(log, ":%.*s", (int)event->length, (const char *)event->data);
	fputc(' ', log);
}

/* The buffer is as large as promised and no larger. */
char *wire_run(size_t piece, uint32_t message_max)
{
	struct ws_stream stream = {0};
	struct ws_event event;
	size_t size = ws_buffer_size(message_max);
	uint8_t *buffer = malloc(size);
	char *text = NULL;
	size_t text_size;
	FILE *log = open_memstream(&text, &text_size);

	assert_non_null(buffer);
	assert_non_null(log);
	for (size_t fed = 0; fed < wire.n;) {
		size_t n = wire.n - fed < piece ? wire.n - fed : piece;

		assert_true(size - stream.end >= LIMIT_READ_BYTES);
		memcpy(buffer + stream.end, wire.at + fed, n);
		stream.end += (uint32_t)n;
		fed += n;
		for (;;) {
			ws_stream_next(&stream, buffer, message_max, &event);
			if (event.kind == WS_MORE)
				break;
			write_event(log, &event);
		}
		ws_stream_compact(&stream, buffer);
		assert_int_equal(stream.at, stream.message);
	}
	fclose(log);
	free(buffer);
	return text;
}

void wire_expect_within(uint32_t message_max, const char *want)
{
	for (size_t piece = 1; piece <= wire.n + 1 && piece <= LIMIT_READ_BYTES;
	     piece = piece < 300 ? piece + 1 : piece * 3) {
		char *got = wire_run(piece, message_max);
		if (strcmp(got, want) != 0)
			fail_msg("in pieces of %zu\ngot  %s\nwant %s", piece, got, want);
		free(got);
	}
	wire.n = 0;
}

void wire_expect(const char *want)
{
	wire_expect_within(2048, want);
}
