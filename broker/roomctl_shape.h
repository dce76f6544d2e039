/*
 * roomctl_shape - how things are written on a terminal: columns, durations, sizes, colours.
 * Process: roomctl.
 * Never:   lets a control character of a name through.
 */
#ifndef ROOMCTL_SHAPE_H
#define ROOMCTL_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As long as a shape gets, with its NUL. */
#define SHAPE_BYTES 640

struct shape {
	char text[SHAPE_BYTES];
};

/* "412ms", "7s", "12m", "3h05m", "4d02h" */
struct shape shape_duration(uint64_t ms);

/* "812", "4.1K", "17M": a count, or bytes. */
struct shape shape_count(uint64_t count);

/* The name, made harmless, and if it is too wide cut to `width` columns with a tilde at its end; then padded to them.
 */
struct shape shape_name(const char *name, unsigned width);

/* A text as a terminal may show it, whole. */
struct shape shape_text(const char *text);

/* "14:03:07.123", of the local day. */
struct shape shape_time(uint64_t at_ms);

/* How many columns the text takes. */
unsigned shape_width(const char *text);

/* Control sequences, or "" without colour. */
enum shape_colour { SHAPE_PLAIN, SHAPE_BOLD, SHAPE_DIM, SHAPE_RED, SHAPE_GREEN, SHAPE_YELLOW, SHAPE_CYAN };
const char *shape_colour(bool on, enum shape_colour colour);

#endif
