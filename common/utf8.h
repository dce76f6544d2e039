/*
 * utf8 - well-formed UTF-8 (Unicode 15, table 3-7; RFC 3629) and the names that clients give.
 * Process: all.  Pure.
 */
#ifndef UTF8_H
#define UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Returns how many bytes at the front of s[0..n) are whole, well-formed characters. *ret_bad is set true if what
 * follows can't become one whatever bytes come next, else false. All is well if the result is n. */
size_t utf8_prefix(const uint8_t *s, size_t n, bool *ret_bad);

bool utf8_valid(const uint8_t *s, size_t n);

/* Reads the character at the front of s[0..n) into *ret_code. Returns its length, or 0 if none is whole and well
 * formed. */
size_t utf8_read(const uint8_t *s, size_t n, uint32_t *ret_code);

/* Whether a terminal or a log may show the character as it is: no control, no bidi override, no line separator. */
bool utf8_showable(uint32_t code);

/* Writes the character `code` (not a surrogate, at most 0x10FFFF) to out, 1 to 4 bytes. Returns how many. */
size_t utf8_write(uint8_t *out, uint32_t code);

/* Says what is wrong with a room id or a label, as the end of a sentence ("is empty", "is longer than 128 bytes",
 * "is not UTF-8", "has a control character in it", "has a bidirectional override in it", "has a line or
 * paragraph separator in it", "begins or ends with white space"); NULL if nothing is. PROTOCOL, client to server: no
 * control (C0, DEL, C1), no bidi override or isolate (U+202A-202E, U+2066-2069, and the marks U+200E, U+200F, U+061C),
 * no line or paragraph separator, and no Unicode White_Space character at either end. */
const char *utf8_name_problem(const uint8_t *s, size_t n);

#endif
