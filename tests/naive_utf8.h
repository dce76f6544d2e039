/*
 * naive_utf8 - UTF-8 decided by arithmetic on code points, slowly: what utf8.c is compared with.
 */
#ifndef NAIVE_UTF8_H
#define NAIVE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length of the one good character that s[0..n) begins with, else 0. */
static inline size_t naive_character(const uint8_t *s, size_t n)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t ones = 0;
	uint32_t code;

	while (ones < 8 && (s[0] << ones & 0x80) != 0)
		ones++;
	if (ones == 0)
		return 1;
	if (ones == 1 || ones > 4 || ones > n)
		return 0;
	code = s[0] & (0xFFU >> (ones + 1));
	for (size_t i = 1; i < ones; i++) {
		if (s[i] / 64 != 2)
			return 0;
		code = code * 64 + s[i] % 64;
	}
	if (code < smallest[ones] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
		return 0;
	return ones;
}

/* Whether some bytes put behind s[0..n), n of 1 to 3, make it begin with a good character. */
static inline bool naive_hopeful(const uint8_t *s, size_t n)
{
	uint8_t whole[4] = {0, 0x80, 0x80, 0x80};

	for (size_t i = 0; i < n && i < 4; i++)
		whole[i] = s[i];
	if (n > 1)
		return naive_character(whole, 4) > 0;
	for (unsigned second = 0x80; second < 0xC0; second++) {
		whole[1] = (uint8_t)second;
		if (naive_character(whole, 4) > 0)
			return true;
	}
	return false;
}

static inline size_t naive_prefix(const uint8_t *s, size_t n, bool *ret_bad)
{
	size_t at = 0;

	*ret_bad = false;
	while (at < n) {
		size_t length = naive_character(s + at, n - at);
		if (length == 0) {
			*ret_bad = n - at >= 4 || !naive_hopeful(s + at, n - at);
			break;
		}
		at += length;
	}
	return at;
}

#endif
