/*
 * special - which of 64 bytes of a text mean something in a JSON string: quotes, backslashes, control characters.
 * Process: all.  Pure.
 *
 * Bit i of the answer stands for byte i. Sixteen bytes are compared at once, as vectors that the compiler makes of what
 * the machine has; only to bring a vector's answer into bits there is something better than arithmetic on one of them.
 */
#ifndef SPECIAL_H
#define SPECIAL_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define SPECIAL_BYTES 64

typedef uint8_t special_vector __attribute__((vector_size(16)));

/* The low bit of each byte of *v, which are 0xFF or 0. */
static inline uint64_t special_bits_portable(const special_vector *v)
{
	uint64_t word[2];

	/* Byte i keeps its bit i; the product's top byte is the sum of all eight. */
	memcpy(word, v, sizeof word);
	for (int i = 0; i < 2; i++)
		word[i] = (le64toh(word[i]) & UINT64_C(0x8040201008040201)) * UINT64_C(0x0101010101010101) >> 56;
	return word[0] | word[1] << 8;
}

static inline uint64_t special_bits(const special_vector *v)
{
#ifdef __SSE2__
	return (uint32_t)_mm_movemask_epi8((__m128i)*v);
#else
	return special_bits_portable(v);
#endif
}

/* Of the 16 bytes at p. */
static inline uint64_t special_of_16(const char *p)
{
	special_vector v;

	memcpy(&v, p, sizeof v);
	/* ^ 2 puts the quote, 34, right behind the control characters, and leaves those among themselves. */
	v = (special_vector)((v ^ 2) <= 32) | (special_vector)(v == '\\');
	return special_bits(&v);
}

/* Of the 64 bytes at p. */
static inline uint64_t special_find(const char *p)
{
	return special_of_16(p) | special_of_16(p + 16) << 16 | special_of_16(p + 32) << 32 |
	       special_of_16(p + 48) << 48;
}

#endif
