/*
 * head - finds header fields in the head of an HTTP request.
 * Process: broker.  Pure.
 */
#ifndef HEAD_H
#define HEAD_H

#include <stdbool.h>

#include "json.h"

/* Finds the values of the field called `name` (in any case) in head[0..n), whose lines end by CR and LF, in their
 * order, without the white space around them. Returns how many there are: the first `max` are in ret; or -EBADMSG if a
 * line goes on in the next (RFC 9112, 5.2), which readers understand in different ways. */
int head_find(const char *head, size_t n, const char *name, struct span *ret, unsigned max);

/* Copies the value of a field that may be there once, NUL-terminated; "" if it is not there. Returns false if it is
 * there twice, or does not fit. */
bool head_one(const struct span *head, const char *name, char *ret, size_t size);

#endif
