/*
 * offer - the sub-protocols that a WebSocket handshake offers: one to be confirmed, and perhaps a token among them.
 * Process: broker.  Pure.
 *
 * A browser can send no header of its own with a handshake, but it can name sub-protocols: `token.<JWT>` is one, and is
 * never sent back.
 */
#ifndef OFFER_H
#define OFFER_H

#include "json.h"

#define OFFER_PROTOCOL_BYTES 128

struct offer {
	struct span protocol; /* the first that is no token; length 0: none */
	struct span token;    /* in the head; absent: none */
};

/* Reads head[0..n). Returns NULL, or the sentence that says why the request is refused. */
const char *offer_read(const char *head, size_t n, struct offer *ret);

#endif
