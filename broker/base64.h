/*
 * base64 - RFC 4648: the usual alphabet, and the one for URLs that tokens are written in.
 * Process: broker, keeper, roomctl.  Pure.
 */
#ifndef BASE64_H
#define BASE64_H

#include <stddef.h>
#include <stdint.h>

/* Characters that n bytes take with padding; without it, there are at most as many. */
#define BASE64_LENGTH(n) (((n) + 2) / 3 * 4)

/* Writes n bytes with the usual alphabet and padding; not NUL-terminated. Returns how many characters. */
size_t base64_encode(const void *bytes, size_t n, char *out);

/* The same with the alphabet for URLs, without padding (RFC 7515, 2). */
size_t base64_url_encode(const void *bytes, size_t n, char *out);

/* Reads text[0..n) as the latter writes it: there is one text for any bytes, and all others (padding, white space, bits
 * left over) are refused. Returns the length; -EINVAL, or -ENOSPC if it is more than size. The rest of
 * `out` is zeroes. */
int base64_url_decode(const char *text, size_t n, uint8_t *out, size_t size);

/* Reads text[0..n) in the usual alphabet, with padding; white space between is skipped, as PEM has it. Returns as
 * above. */
int base64_decode(const char *text, size_t n, uint8_t *out, size_t size);

#endif
