/* base64 - see base64.h. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base64.h"

static const char usual[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char for_urls[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static size_t encode(const uint8_t *bytes, size_t n, const char *alphabet, char *out)
{
	size_t length = 0;

	for (size_t at = 0; at < n; at += 3) {
		size_t rest = n - at < 3 ? n - at : 3;
		uint32_t group = (uint32_t)bytes[at] << 16;
		group |= rest > 1 ? (uint32_t)bytes[at + 1] << 8 : 0;
		group |= rest > 2 ? (uint32_t)bytes[at + 2] : 0;
		for (size_t i = 0; i <= rest; i++)
			out[length++] = alphabet[group >> (18 - 6 * i) & 63];
	}
	return length;
}

size_t base64_encode(const void *bytes, size_t n, char *out)
{
	size_t length = encode(bytes, n, usual, out);

	while (length % 4)
		out[length++] = '=';
	return length;
}

size_t base64_url_encode(const void *bytes, size_t n, char *out)
{
	return encode(bytes, n, for_urls, out);
}

/* Collects six bits at a time. */
struct reader {
	uint8_t *out;
	size_t size;
	size_t length;
	uint32_t bits;
	unsigned bit_count;
};

static int take(struct reader *r, char c, const char *alphabet)
{
	const char *digit = c ? memchr(alphabet, c, 64) : NULL;

	if (!digit)
		return -EINVAL;
	r->bits = (r->bits << 6 | (uint32_t)(digit - alphabet)) & 0xFFF;
	r->bit_count += 6;
	if (r->bit_count < 8)
		return 0;
	if (r->length == r->size)
		return -ENOSPC;
	r->bit_count -= 8;
	r->out[r->length++] = (uint8_t)(r->bits >> r->bit_count);
	return 0;
}

/* What is left over must be less than a character, and zero. */
static bool is_whole(const struct reader *r)
{
	return r->bit_count < 6 && (r->bits & ((1U << r->bit_count) - 1)) == 0;
}

int base64_url_decode(const char *text, size_t n, uint8_t *out, size_t size)
{
	struct reader r = {.out = out, .size = size};

	memset(out, 0, size);
	for (size_t i = 0; i < n; i++) {
		int error = take(&r, text[i], for_urls);
		if (error < 0)
			return error;
	}
	return is_whole(&r) ? (int)r.length : -EINVAL;
}

int base64_decode(const char *text, size_t n, uint8_t *out, size_t size)
{
	struct reader r = {.out = out, .size = size};
	size_t characters = 0;
	size_t padding = 0;

	memset(out, 0, size);
	for (size_t i = 0; i < n; i++) {
		if (strchr(" \t\r\n", text[i]) && text[i])
			continue;
		characters++;
		if (text[i] == '=' && ++padding <= 2)
			continue;
		int error = padding ? -EINVAL : take(&r, text[i], usual);
		if (error < 0)
			return error;
	}
	return is_whole(&r) && characters % 4 == 0 ? (int)r.length : -EINVAL;
}
