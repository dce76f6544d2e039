/*
 * ws - WebSocket frames as a server reads and writes them (RFC 6455, section 5).
 * Process: broker (lobby), roomd.  Pure: bytes in, events out; no memory of its own, no I/O.
 * Never:   allocates; looks into a message; keeps a pointer between calls.
 * Fails:   a broken stream is one WS_FAIL event with the close code to answer.
 */
#ifndef WS_H
#define WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limits.h"

enum ws_opcode {
	WS_OP_CONTINUATION = 0x0,
	WS_OP_TEXT = 0x1,
	WS_OP_BINARY = 0x2,
	WS_OP_CLOSE = 0x8,
	WS_OP_PING = 0x9,
	WS_OP_PONG = 0xA,
};

/* Close codes (RFC 6455, 7.4.1, and PROTOCOL's table). */
enum ws_close {
	WS_CLOSE_NORMAL = 1000,
	WS_CLOSE_GOING_AWAY = 1001,
	WS_CLOSE_PROTOCOL = 1002,
	WS_CLOSE_UNSUPPORTED = 1003,
	WS_CLOSE_NO_STATUS = 1005, /* never sent: "the frame had no code" */
	WS_CLOSE_ABNORMAL = 1006,  /* never sent: "there was no frame" */
	WS_CLOSE_BAD_DATA = 1007,
	WS_CLOSE_POLICY = 1008,
	WS_CLOSE_TOO_BIG = 1009,
	WS_CLOSE_INTERNAL = 1011,
	WS_CLOSE_RESTART = 1012,
	WS_CLOSE_TRY_LATER = 1013,
	WS_CLOSE_KICKED = 4001,
	WS_CLOSE_ROOM_CLOSED = 4002,
	WS_CLOSE_RESUMED_ELSEWHERE = 4003,
};

#define WS_CLIENT_HEADER_MAX 14 /* two bytes, 64-bit length, mask */
#define WS_SERVER_HEADER_MAX 10 /* the same without a mask */

struct ws_header {
	uint64_t length;  /* of the payload, in bytes */
	uint8_t mask[4];  /* zero where `masked` is false */
	uint8_t opcode;   /* enum ws_opcode, or a reserved one: not judged here */
	uint8_t reserved; /* RSV1-3, as bits 4, 2, 1 */
	uint8_t size;     /* of the header itself, 2 to 14 bytes */
	bool fin;
	bool masked;
};

/* Reads one frame header from p[0..n). Returns 1 and fills *ret; 0 if more bytes are needed; -EPROTO for a length that
 * is not minimal or has its top bit set (RFC 6455, 5.2). */
int ws_header_read(const uint8_t *p, size_t n, struct ws_header *ret);

/* Writes the header of an unmasked, unfragmented frame of `length` payload bytes to out, which has room for
 * WS_SERVER_HEADER_MAX. Returns its size, 2 to 10 bytes. */
size_t ws_header_write(uint8_t *out, enum ws_opcode opcode, uint64_t length);

/* Writes a whole close frame, with `reason` (UTF-8, cut to fit 123 bytes at a character boundary), to out, which has
 * room for 127 bytes. WS_CLOSE_NO_STATUS writes one with no code in it. Returns its size. */
size_t ws_close_write(uint8_t *out, uint16_t code, const char *reason);

/* Removes the mask from p[0..n) in place; the mask begins at its first byte. Returns whether all that was under it is
 * ASCII, and so UTF-8. */
bool ws_unmask(uint8_t *p, size_t n, const uint8_t mask[4]);

/*
 * One connection's input. The bytes lie in one buffer of the caller's, of at least
 * ws_buffer_size(message_bytes_max) bytes; positions are offsets, so that buffer and stream may lie in shared memory.
 *
 *   0         message         at              end
 *   | assembled fragments | parsed | not yet parsed | free ...
 */
struct ws_stream {
	uint32_t message;   /* payload of an unfinished fragmented message, unmasked, at the front */
	uint32_t at;        /* first byte not yet parsed */
	uint32_t end;       /* first free byte */
	uint32_t utf8;      /* bytes of the unfinished text message that are whole, valid UTF-8 */
	uint8_t assembling; /* WS_OP_TEXT or WS_OP_BINARY between fragments, else 0 */
	bool ended;         /* a close frame was seen, or the stream is broken: nothing after it counts */
};

enum ws_kind {
	WS_MORE,   /* nothing whole is left: compact and read more */
	WS_TEXT,   /* a whole text message, valid UTF-8, in data[0..length) */
	WS_BINARY, /* a whole binary message */
	WS_PING,   /* data is to be sent back in a pong */
	WS_PONG,
	WS_CLOSE, /* code is what the peer gave, WS_CLOSE_NO_STATUS if none, data the reason; judged to be legal already
		   */
	WS_FAIL,  /* code is what to close with, why an English phrase for the log and the close frame */
};

struct ws_event {
	enum ws_kind kind;
	uint8_t *data; /* into the buffer; valid until the next call on this stream */
	uint32_t length;
	uint16_t code;
	const char *why; /* static text, on WS_FAIL */
	uint32_t frames; /* taken out of the stream by this call: fragments count, and whatever came before WS_MORE */
	uint32_t bytes;  /* of those frames, as they came */
};

/* Bytes of buffer that a stream needs for messages of up to message_bytes_max and reads of LIMIT_READ_BYTES. What
 * WS_MORE can leave behind is an assembled message and a frame but for its last byte: of a fragment, and then both
 * together are within the limit, or of a control frame. */
static inline size_t ws_buffer_size(uint32_t message_bytes_max)
{
	return (size_t)message_bytes_max + WS_CLIENT_HEADER_MAX + LIMIT_CONTROL_FRAME_BYTES + LIMIT_READ_BYTES;
}

/* Takes the next event out of the stream. `buffer` is the stream's buffer; frames are unmasked in it. Checks all of
 * RFC 6455 that a server must: masks, reserved bits and opcodes, control frames, fragmentation, UTF-8 (as early as a
 * fragment shows it to be bad), close codes and reasons, the size limit (as early as a header shows it: 1009). */
void ws_stream_next(struct ws_stream *stream, uint8_t *buffer, uint32_t message_bytes_max, struct ws_event *ret);

/* Moves what is not yet parsed down to the front (behind the assembled fragments). Call it after WS_MORE; then at least
 * LIMIT_READ_BYTES are free at buffer + stream->end. */
void ws_stream_compact(struct ws_stream *stream, uint8_t *buffer);

#endif
