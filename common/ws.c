/*
 * ws - see ws.h.
 */
#include "ws.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "limits.h"
#include "utf8.h"

#define BIT_FIN 0x80
#define BIT_MASK 0x80
#define LENGTH_16 126 /* the length follows in 16 bits */
#define LENGTH_64 127

static uint64_t big_endian_read(const uint8_t *p, size_t n)
{
	uint64_t value = 0;

	for (size_t i = 0; i < n; i++)
		value = value << 8 | p[i];
	return value;
}

static void big_endian_write(uint8_t *p, size_t n, uint64_t value)
{
	for (size_t i = n; i > 0; i--) {
		p[i - 1] = (uint8_t)value;
		value >>= 8;
	}
}

int ws_header_read(const uint8_t *p, size_t n, struct ws_header *ret)
{
	if (n < 2)
		return 0;

	uint8_t short_length = p[1] & 0x7F;
	size_t length_bytes = short_length == LENGTH_64 ? 8 : short_length == LENGTH_16 ? 2 : 0;
	struct ws_header header = {
	    .length = short_length,
	    .opcode = p[0] & 0x0F,
	    .reserved = p[0] >> 4 & 7,
	    .fin = (p[0] & BIT_FIN) != 0,
	    .masked = (p[1] & BIT_MASK) != 0,
	};
	size_t mask_at = 2 + length_bytes;

	if (length_bytes > 0) {
		if (n < mask_at)
			return 0;
		header.length = big_endian_read(p + 2, length_bytes);
		if (header.length < (length_bytes == 2 ? LENGTH_16 : 65536) || header.length > INT64_MAX)
			return -EPROTO;
	}
	header.size = (uint8_t)(mask_at + (header.masked ? sizeof header.mask : 0));
	if (n < header.size)
		return 0;
	if (header.masked)
		memcpy(header.mask, p + mask_at, sizeof header.mask);
	*ret = header;
	return 1;
}

size_t ws_header_write(uint8_t *out, enum ws_opcode opcode, uint64_t length)
{
	assert(length <= INT64_MAX);

	out[0] = (uint8_t)(BIT_FIN | (uint8_t)opcode);
	if (length < LENGTH_16) {
		out[1] = (uint8_t)length;
		return 2;
	}
	size_t length_bytes = length <= UINT16_MAX ? 2 : 8;
	out[1] = length_bytes == 2 ? LENGTH_16 : LENGTH_64;
	big_endian_write(out + 2, length_bytes, length);
	return 2 + length_bytes;
}

size_t ws_close_write(uint8_t *out, uint16_t code, const char *reason)
{
	assert(code >= 1000 && code != WS_CLOSE_ABNORMAL);

	if (code == WS_CLOSE_NO_STATUS)
		return ws_header_write(out, WS_OP_CLOSE, 0);

	size_t length = strnlen(reason, LIMIT_CONTROL_FRAME_BYTES - 2);
	bool bad;
	length = utf8_prefix((const uint8_t *)reason, length, &bad);
	size_t size = ws_header_write(out, WS_OP_CLOSE, 2 + length);
	big_endian_write(out + size, 2, code);
	memcpy(out + size + 2, reason, length);
	return size + 2 + length;
}

bool ws_unmask(uint8_t *p, size_t n, const uint8_t mask[4])
{
	typedef uint64_t vector __attribute__((vector_size(16)));
	uint64_t key;
	uint64_t any = 0; /* of all bytes */
	vector any_of_vectors = {0};
	size_t at = 0;

	memcpy(&key, mask, 4);
	memcpy((uint8_t *)&key + 4, mask, 4);
	for (; n - at >= 2 * sizeof(vector); at += 2 * sizeof(vector)) {
		vector first;
		vector second;
		memcpy(&first, p + at, sizeof first);
		memcpy(&second, p + at + sizeof first, sizeof second);
		first ^= key;
		second ^= key;
		any_of_vectors |= first | second;
		memcpy(p + at, &first, sizeof first);
		memcpy(p + at + sizeof first, &second, sizeof second);
	}
	for (; n - at >= sizeof key; at += sizeof key) {
		uint64_t word;
		memcpy(&word, p + at, sizeof word);
		word ^= key;
		any |= word;
		memcpy(p + at, &word, sizeof word);
	}
	for (; at < n; at++) {
		p[at] ^= mask[at % 4];
		any |= p[at];
	}
	return ((any | any_of_vectors[0] | any_of_vectors[1]) & UINT64_C(0x8080808080808080)) == 0;
}

static void fail(struct ws_stream *stream, struct ws_event *ret, enum ws_close code, const char *why)
{
	stream->ended = true;
	*ret = (struct ws_event){.kind = WS_FAIL, .code = (uint16_t)code, .why = why};
}

static bool is_control(const struct ws_header *header)
{
	return (header->opcode & 8) != 0;
}

/* What is wrong with a frame of this header at this place in the stream, by RFC 6455, 5.2, 5.4 and 5.5; or NULL. */
static const char *header_problem(const struct ws_stream *stream, const struct ws_header *header)
{
	if (header->reserved != 0)
		return "reserved bits set";
	if (!header->masked)
		return "frame not masked";

	switch (header->opcode) {
	case WS_OP_CONTINUATION:
		return stream->assembling != 0 ? NULL : "continuation of nothing";
	case WS_OP_TEXT:
	case WS_OP_BINARY:
		return stream->assembling == 0 ? NULL : "new message inside another";
	case WS_OP_CLOSE:
	case WS_OP_PING:
	case WS_OP_PONG:
		if (!header->fin)
			return "control frame in fragments";
		return header->length <= LIMIT_CONTROL_FRAME_BYTES ? NULL : "control frame too long";
	default:
		return "reserved opcode";
	}
}

/* RFC 6455, 7.4, and IANA's registry: what may come in a close frame. */
static bool close_code_legal(uint16_t code)
{
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

static void take_close(struct ws_stream *stream, uint8_t *payload, uint32_t length, struct ws_event *ret)
{
	stream->ended = true;
	*ret = (struct ws_event){.kind = WS_CLOSE, .code = WS_CLOSE_NO_STATUS};
	if (length == 0)
		return;
	if (length == 1) {
		fail(stream, ret, WS_CLOSE_PROTOCOL, "half a close code");
		return;
	}
	ret->code = (uint16_t)big_endian_read(payload, 2);
	ret->data = payload + 2;
	ret->length = length - 2;
	if (!close_code_legal(ret->code))
		fail(stream, ret, WS_CLOSE_PROTOCOL, "illegal close code");
	else if (!utf8_valid(ret->data, ret->length))
		fail(stream, ret, WS_CLOSE_BAD_DATA, "close reason is not UTF-8");
}

static void take_control(struct ws_stream *stream, enum ws_opcode opcode, uint8_t *payload, uint32_t length,
			 struct ws_event *ret)
{
	if (opcode == WS_OP_CLOSE) {
		take_close(stream, payload, length, ret);
		return;
	}
	*ret = (struct ws_event){
	    .kind = opcode == WS_OP_PING ? WS_PING : WS_PONG,
	    .data = payload,
	    .length = length,
	};
}

/* A message in one frame stays where it came. */
static void take_whole(struct ws_stream *stream, enum ws_opcode opcode, uint8_t *payload, uint32_t length, bool ascii,
		       struct ws_event *ret)
{
	if (opcode == WS_OP_TEXT && !ascii && !utf8_valid(payload, length)) {
		fail(stream, ret, WS_CLOSE_BAD_DATA, "text is not UTF-8");
		return;
	}
	*ret = (struct ws_event){
	    .kind = opcode == WS_OP_TEXT ? WS_TEXT : WS_BINARY,
	    .data = payload,
	    .length = length,
	};
}

/* Appends a fragment to what is assembled at the front. *ret is set if that ends the message or breaks the stream. */
static void take_fragment(struct ws_stream *stream, const struct ws_header *header, uint8_t *buffer, uint8_t *payload,
			  struct ws_event *ret)
{
	if (header->opcode != WS_OP_CONTINUATION) {
		stream->assembling = header->opcode;
		stream->message = 0;
		stream->utf8 = 0;
	}
	memmove(buffer + stream->message, payload, header->length);
	stream->message += (uint32_t)header->length;

	if (stream->assembling == WS_OP_TEXT) {
		bool bad;
		stream->utf8 += (uint32_t)utf8_prefix(buffer + stream->utf8, stream->message - stream->utf8, &bad);
		if (bad || (header->fin && stream->utf8 < stream->message)) {
			fail(stream, ret, WS_CLOSE_BAD_DATA, "text is not UTF-8");
			return;
		}
	}
	if (!header->fin)
		return;
	*ret = (struct ws_event){
	    .kind = stream->assembling == WS_OP_TEXT ? WS_TEXT : WS_BINARY,
	    .data = buffer,
	    .length = stream->message,
	};
	stream->assembling = 0;
	stream->message = 0;
	stream->utf8 = 0;
}

/* Takes one frame out of the stream. Returns false if no whole one is there or the stream is broken. */
static bool take_frame(struct ws_stream *stream, uint8_t *buffer, uint32_t message_bytes_max, struct ws_event *ret)
{
	struct ws_header header;
	uint32_t available = stream->end - stream->at;
	int whole = ws_header_read(buffer + stream->at, available, &header);

	if (whole < 0) {
		fail(stream, ret, WS_CLOSE_PROTOCOL, "bad frame length");
		return false;
	}
	if (whole == 0)
		return false;

	const char *problem = header_problem(stream, &header);
	if (problem != NULL) {
		fail(stream, ret, WS_CLOSE_PROTOCOL, problem);
		return false;
	}
	if (!is_control(&header) &&
	    (stream->message > message_bytes_max || header.length > message_bytes_max - stream->message)) {
		fail(stream, ret, WS_CLOSE_TOO_BIG, "message too big");
		return false;
	}
	if (header.length > available - header.size)
		return false;

	uint8_t *payload = buffer + stream->at + header.size;
	uint32_t length = (uint32_t)header.length;
	stream->at += header.size + length;
	bool ascii = ws_unmask(payload, length, header.mask);
	if (is_control(&header))
		take_control(stream, header.opcode, payload, length, ret);
	else if (header.fin && stream->assembling == 0)
		take_whole(stream, header.opcode, payload, length, ascii, ret);
	else
		take_fragment(stream, &header, buffer, payload, ret);
	return true;
}

void ws_stream_next(struct ws_stream *stream, uint8_t *buffer, uint32_t message_bytes_max, struct ws_event *ret)
{
	assert(stream->utf8 <= stream->message && stream->message <= stream->at && stream->at <= stream->end);

	uint32_t frames = 0;
	uint32_t from = stream->at;
	*ret = (struct ws_event){.kind = WS_MORE};
	if (stream->ended)
		return;
	/* Every turn takes a header's bytes at least, so that what came bounds the turns. */
	while (ret->kind == WS_MORE && take_frame(stream, buffer, message_bytes_max, ret))
		frames++;
	ret->frames = frames;
	ret->bytes = stream->at - from;
}

void ws_stream_compact(struct ws_stream *stream, uint8_t *buffer)
{
	assert(stream->message <= stream->at && stream->at <= stream->end);

	uint32_t left = stream->end - stream->at;
	if (stream->ended)
		left = 0;
	if (stream->at > stream->message)
		memmove(buffer + stream->message, buffer + stream->at, left);
	stream->at = stream->message;
	stream->end = stream->message + left;
}
