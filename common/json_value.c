/*
 * json_value - what json_object() found, decoded: the second half of json.h.
 */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "json.h"
#include "utf8.h"

/* Of a digit that is one. */
static uint32_t hex_value(char c)
{
	return (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

static uint32_t hex4(const char *p)
{
	return hex_value(p[0]) << 12 | hex_value(p[1]) << 8 | hex_value(p[2]) << 4 | hex_value(p[3]);
}

/* Decodes the valid escape at p to *ret_code. Returns its length, 12 for a pair of surrogates; 0 for a lone one. */
static size_t unescape(const char *p, const char *end, uint32_t *ret_code)
{
	static const char letters[] = "bfnrt";
	static const char meanings[] = "\b\f\n\r\t";

	if (p[1] != 'u') {
		const char *letter = memchr(letters, p[1], sizeof letters - 1);
		*ret_code = (unsigned char)(letter != NULL ? meanings[letter - letters] : p[1]);
		return 2;
	}
	*ret_code = hex4(p + 2);
	if (*ret_code < 0xD800 || *ret_code > 0xDFFF)
		return 6;
	if (*ret_code >= 0xDC00 || end - p < 12 || p[6] != '\\' || p[7] != 'u')
		return 0;
	uint32_t second = hex4(p + 8);
	if (second < 0xDC00 || second > 0xDFFF)
		return 0;
	*ret_code = 0x10000 + ((*ret_code - 0xD800) << 10) + (second - 0xDC00);
	return 12;
}

/* Decodes a raw string, the first characters that fit to out[0..size). Sets *ret_length to the length of all. */
static int decode(struct span value, char *out, size_t size, size_t *ret_length)
{
	size_t length = 0;
	bool bad;

	if (json_kind(value) != '"')
		return -EINVAL;
	const char *end = value.at + value.length - 1;
	for (const char *p = value.at + 1; p < end;) {
		uint8_t character[4];
		const void *from = p;
		size_t n;

		if (*p == '\\') {
			uint32_t code;
			size_t escape = unescape(p, end, &code);
			if (escape == 0)
				return -EILSEQ;
			n = utf8_write(character, code);
			from = character;
			p += escape;
		} else {
			const char *backslash = memchr(p, '\\', (size_t)(end - p));
			n = (size_t)((backslash != NULL ? backslash : end) - p);
			p += n;
		}
		if (length < size) {
			size_t fits = n <= size - length ? n : utf8_prefix(from, size - length, &bad);
			memcpy(out + length, from, fits);
			if (fits < n)
				memset(out + length + fits, 0, size - length - fits);
		}
		length += n;
	}
	*ret_length = length;
	return 0;
}

int json_string(struct span value, char *out, size_t size)
{
	size_t length;
	int error = decode(value, out, size, &length);

	if (error < 0)
		return error;
	assert(length <= INT_MAX);
	return length <= size ? (int)length : -ENOSPC;
}

int json_string_length(struct span value)
{
	size_t length;
	int error = decode(value, NULL, 0, &length);

	if (error < 0)
		return error;
	assert(length <= INT_MAX);
	return (int)length;
}

int json_unsigned(struct span value, uint64_t *ret)
{
	uint64_t number = 0;

	if (json_kind(value) != '0' || value.length > sizeof "9007199254740991" - 1)
		return -EINVAL;
	for (size_t i = 0; i < value.length; i++) {
		if (value.at[i] < '0' || value.at[i] > '9')
			return -EINVAL;
		number = number * 10 + (uint64_t)(value.at[i] - '0');
	}
	if (number >= UINT64_C(1) << 53)
		return -EINVAL;
	*ret = number;
	return 0;
}

char json_kind(struct span value)
{
	if (value.at == NULL)
		return '\0';
	return value.at[0] == '-' || (value.at[0] >= '0' && value.at[0] <= '9') ? '0' : value.at[0];
}
