#include "message.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define STAMP_KEY "\"t\":\""

/* What browsers send: an escape every line, no other JSON inside. */
static const char *const sdp_lines[] = {
    "a=candidate:842163049 1 udp 1677729535 203.0.113.7 46154 typ srflx raddr 0.0.0.0 rport 0\\r\\n",
    "a=rtpmap:111 opus/48000/2\\r\\n",
    "a=fmtp:111 minptime=10;useinbandfec=1\\r\\n",
    "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\\r\\n",
    "a=rtcp-fb:96 goog-remb\\r\\n",
    "m=video 9 UDP/TLS/RTP/SAVPF 96 97 98 99\\r\\n",
    "c=IN IP4 0.0.0.0\\r\\n",
    "a=ssrc:3570614608 cname:4TOk42mSjXCkVIa6\\r\\n",
};

static unsigned char run_mask[4];

void message_mask_choose(void)
{
	do {
		if (getrandom(run_mask, sizeof run_mask, 0) != (ssize_t)sizeof run_mask)
			memcpy(run_mask, "\x9d\x31\x5e\xc7", 4);
	} while (memchr(run_mask, 0, sizeof run_mask) != NULL);
}

static void mask_bytes(unsigned char *at, size_t n, const unsigned char mask[4], size_t phase)
{
	for (size_t i = 0; i < n; i++)
		at[i] ^= mask[(phase + i) % 4];
}

static size_t head_write(unsigned char *out, unsigned opcode, size_t n, const unsigned char mask[4])
{
	size_t length = 2;
	out[0] = (unsigned char)(0x80U | opcode);
	if (n < 126) {
		out[1] = (unsigned char)(0x80U | n);
	} else if (n < 65536) {
		out[1] = 0x80U | 126U;
		out[2] = (unsigned char)(n >> 8);
		out[3] = (unsigned char)n;
		length = 4;
	} else {
		out[1] = 0x80U | 127U;
		for (unsigned i = 0; i < 8; i++)
			out[2 + i] = (unsigned char)(n >> (56 - 8 * i));
		length = 10;
	}
	memcpy(out + length, mask, 4);
	return length + 4;
}

size_t message_request(char out[MESSAGE_REQUEST_BYTES], enum dialect dialect, uint32_t client)
{
	char path[96] = "/ws";
	if (dialect == DIALECT_PEERJS)
		snprintf(path, sizeof path, "/peerjs?key=peerjs&id=p%08u&token=t%08u&version=1.5.4", client, client);
	int n = snprintf(out, MESSAGE_REQUEST_BYTES,
			 "GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
			 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
			 path);
	return (size_t)n;
}

size_t message_join_frame(unsigned char out[MESSAGE_JOIN_BYTES], uint32_t room, uint32_t client)
{
	char text[128];
	int n =
	    snprintf(text, sizeof text,
		     "{\"action\":\"join\",\"room_id\":\"consultation-%u\",\"sender\":\"client-%u\"}", room, client);
	size_t head = head_write(out, 1, (size_t)n, run_mask);
	memcpy(out + head, text, (size_t)n);
	mask_bytes(out + head, (size_t)n, run_mask, 0);
	return head + (size_t)n;
}

int message_init(struct message *m, enum dialect dialect, size_t payload_bytes)
{
	*m = (struct message){0};
	memcpy(m->mask, run_mask, sizeof m->mask);

	const char *begin =
	    dialect == DIALECT_ROOMS
		? "{\"action\":\"offer\",\"data\":{" STAMP_KEY "0000000000000000\",\"type\":\"offer\",\"sdp\":\""
		: "{\"type\":\"OFFER\",\"dst\":\"p00000000\",\"payload\":{" STAMP_KEY "0000000000000000\",\"sdp\":\"";
	const char *end = "\"}}";
	size_t begin_length = strlen(begin), end_length = strlen(end);
	if (payload_bytes < begin_length + end_length + 1)
		return -EINVAL;

	char *text = malloc(payload_bytes + 1);
	m->frame = malloc(payload_bytes + MESSAGE_HEAD_BYTES);
	if (text == NULL || m->frame == NULL) {
		free(text);
		message_fini(m);
		return -ENOMEM;
	}
	memcpy(text, begin, begin_length);
	size_t at = begin_length, stop = payload_bytes - end_length;
	for (size_t line = 0; at < stop; line++) {
		const char *sdp = sdp_lines[line % (sizeof sdp_lines / sizeof sdp_lines[0])];
		size_t n = strlen(sdp);
		if (n <= stop - at) {
			memcpy(text + at, sdp, n);
		} else {
			n = stop - at;
			memset(text + at, 'x', n);
		}
		at += n;
	}
	memcpy(text + at, end, end_length);
	text[payload_bytes] = '\0';

	m->payload_at = head_write(m->frame, 1, payload_bytes, m->mask);
	m->frame_length = m->payload_at + payload_bytes;
	m->stamp_at = m->payload_at + (size_t)(strstr(text, STAMP_KEY) - text) + strlen(STAMP_KEY);
	if (dialect == DIALECT_PEERJS)
		m->to_at = m->payload_at + (size_t)(strstr(text, "p00000000") - text) + 1;
	memcpy(m->frame + m->payload_at, text, payload_bytes);
	mask_bytes(m->frame + m->payload_at, payload_bytes, m->mask, 0);
	free(text);
	return 0;
}

void message_fini(struct message *m)
{
	free(m->frame);
	m->frame = NULL;
}

static void patch(const struct message *m, unsigned char *out, size_t at, const char *digits, size_t n)
{
	memcpy(out + at, digits, n);
	mask_bytes(out + at, n, m->mask, at - m->payload_at);
}

void message_copy(const struct message *m, unsigned char *out, uint64_t stamp, uint32_t to)
{
	memcpy(out, m->frame, m->frame_length);
	if (stamp != 0) {
		char digits[MESSAGE_STAMP_DIGITS];
		for (unsigned i = 0; i < MESSAGE_STAMP_DIGITS; i++)
			digits[i] = "0123456789abcdef"[(stamp >> (60 - 4 * i)) & 15];
		patch(m, out, m->stamp_at, digits, sizeof digits);
	}
	if (m->to_at != 0) {
		char digits[16];
		snprintf(digits, sizeof digits, "%08u", to);
		patch(m, out, m->to_at, digits, 8);
	}
}

long frame_read(const unsigned char *at, size_t n, struct frame *ret)
{
	if (n < 2)
		return 0;
	size_t head = 2;
	uint64_t length = at[1] & 0x7fU;
	if (length == 126) {
		if (n < 4)
			return 0;
		length = (uint64_t)at[2] << 8 | at[3];
		head = 4;
	} else if (length == 127) {
		if (n < 10)
			return 0;
		length = 0;
		for (unsigned i = 0; i < 8; i++)
			length = length << 8 | at[2 + i];
		head = 10;
	}
	if (length > 16U * 1024 * 1024 || (at[0] & 0x70U) != 0)
		return -EPROTO;
	bool masked = (at[1] & 0x80U) != 0;
	size_t payload_at = head + (masked ? 4 : 0);
	if (n < payload_at + length)
		return 0;
	ret->opcode = at[0] & 15U;
	ret->final = (at[0] & 0x80U) != 0;
	ret->payload = at + payload_at;
	ret->length = (size_t)length;
	memset(ret->mask, 0, sizeof ret->mask);
	if (masked)
		memcpy(ret->mask, at + head, 4);
	return (long)(payload_at + length);
}

size_t frame_control(unsigned char out[MESSAGE_HEAD_BYTES + 125], unsigned opcode, const struct frame *of)
{
	size_t n = of->length > 125 ? 125 : of->length;
	size_t head = head_write(out, opcode, n, run_mask);
	memcpy(out + head, of->payload, n);
	mask_bytes(out + head, n, of->mask, 0);
	mask_bytes(out + head, n, run_mask, 0);
	return head + n;
}

/* The frame's first bytes as they are without a mask. */
static size_t unmasked(const struct frame *f, unsigned char *out, size_t size)
{
	size_t n = f->length < size ? f->length : size;
	memcpy(out, f->payload, n);
	mask_bytes(out, n, f->mask, 0);
	return n;
}

bool frame_contains(const struct frame *f, const char *text)
{
	unsigned char head[1024];
	size_t n = unmasked(f, head, sizeof head);
	return memmem(head, n, text, strlen(text)) != NULL;
}

bool frame_stamp(const struct frame *f, uint64_t *ret)
{
	unsigned char head[1024];
	size_t n = unmasked(f, head, sizeof head);
	const unsigned char *key = memmem(head, n, STAMP_KEY, strlen(STAMP_KEY));
	if (key == NULL || (size_t)(key - head) + strlen(STAMP_KEY) + MESSAGE_STAMP_DIGITS > n)
		return false;
	char digits[MESSAGE_STAMP_DIGITS + 1] = {0};
	memcpy(digits, key + strlen(STAMP_KEY), MESSAGE_STAMP_DIGITS);
	*ret = strtoull(digits, NULL, 16);
	return true;
}

bool frame_carries(const struct frame *f, const struct message *m)
{
	size_t tail_at = m->stamp_at + MESSAGE_STAMP_DIGITS;
	size_t tail = m->frame_length - tail_at - 1; /* `data` ends one brace before the message */
	unsigned char *got = malloc(f->length + 1), *sent = malloc(tail + 1);
	bool found = false;
	if (got != NULL && sent != NULL) {
		unmasked(f, got, f->length);
		memcpy(sent, m->frame + tail_at, tail);
		mask_bytes(sent, tail, m->mask, tail_at - m->payload_at);
		found = memmem(got, f->length, sent, tail) != NULL;
	}
	free(got);
	free(sent);
	return found;
}
