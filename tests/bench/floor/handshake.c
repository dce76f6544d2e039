#include "handshake.h"

#include <stdint.h>
#include <string.h>

static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

static uint32_t rotate(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

static void sha1_block(uint32_t h[5], const unsigned char *at)
{
	uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
	for (unsigned i = 0; i < 16; i++)
		w[i] = (uint32_t)at[4 * i] << 24 | (uint32_t)at[4 * i + 1] << 16 | (uint32_t)at[4 * i + 2] << 8 |
		       at[4 * i + 3];
	for (unsigned i = 16; i < 80; i++)
		w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	for (unsigned i = 0; i < 80; i++) {
		uint32_t f, k;
		if (i < 20) {
			f = (b & c) | (~b & d);
			k = 0x5a827999U;
		} else if (i < 40) {
			f = b ^ c ^ d;
			k = 0x6ed9eba1U;
		} else if (i < 60) {
			f = (b & c) | (b & d) | (c & d);
			k = 0x8f1bbcdcU;
		} else {
			f = b ^ c ^ d;
			k = 0xca62c1d6U;
		}
		uint32_t t = rotate(a, 5) + f + e + k + w[i];
		e = d;
		d = c;
		c = rotate(b, 30);
		b = a;
		a = t;
	}
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
	h[4] += e;
}

void handshake_accept(char out[HANDSHAKE_ACCEPT_BYTES], const char key[HANDSHAKE_KEY_BYTES])
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t h[5] = {0x67452301U, 0xefcdab89U, 0x98badcfeU, 0x10325476U, 0xc3d2e1f0U};
	/* Key and GUID are 60 bytes: always two blocks. */
	unsigned char text[128] = {0};
	size_t n = HANDSHAKE_KEY_BYTES + sizeof guid - 1;
	memcpy(text, key, HANDSHAKE_KEY_BYTES);
	memcpy(text + HANDSHAKE_KEY_BYTES, guid, sizeof guid - 1);
	text[n] = 0x80;
	text[126] = (unsigned char)(n * 8 >> 8);
	text[127] = (unsigned char)(n * 8);
	sha1_block(h, text);
	sha1_block(h, text + 64);

	unsigned char digest[21] = {0};
	for (unsigned i = 0; i < 20; i++)
		digest[i] = (unsigned char)(h[i / 4] >> (24 - 8 * (i % 4)));
	for (unsigned i = 0; i < 7; i++) {
		const unsigned char *d = digest + 3 * i;
		uint32_t three = (uint32_t)d[0] << 16 | (uint32_t)d[1] << 8 | d[2];
		for (unsigned j = 0; j < 4; j++)
			out[4 * i + j] = digits[three >> (18 - 6 * j) & 63];
	}
	out[HANDSHAKE_ACCEPT_BYTES - 1] = '=';
}
