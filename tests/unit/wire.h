/*
 * wire - a WebSocket stream for tests: frames put together by hand, fed to ws.c in pieces of every size, and the events
 * that come out written down as text: "T5:Hello " is a text message, "F1002 " the end of a broken stream.
 */
#ifndef WIRE_H
#define WIRE_H

#include <stddef.h>
#include <stdint.h>

#define FIN 0x80

/* What a client sends; each test begins with nothing. */
extern struct wire {
	uint8_t *at;
	size_t n;
} wire;

/* For cmocka. */
int wire_setup(void **state);
int wire_teardown(void **state);

/* Adds bytes as they are, or a masked frame; `first` is FIN, reserved bits and opcode. */
void wire_add_raw(const char *bytes, size_t n);
void wire_add_bytes(uint8_t first, const void *payload, size_t n);
void wire_add(uint8_t first, const char *payload);

/* Feeds the wire in pieces of `piece` bytes. Returns the events, to be freed: kind (T, B, P, Q for a pong, C, F),
 * length or code, and a short payload. */
char *wire_run(size_t piece, uint32_t message_max);

/* That the same events come out however the stream is cut. The wire is empty after it. */
void wire_expect_within(uint32_t message_max, const char *want);
void wire_expect(const char *want);

#endif
