/*
 * proxy_header - what HAProxy's PROXY protocol, version 1 or 2, says at the front of a connection.
 * Process: broker.  Pure.
 */
#ifndef PROXY_HEADER_H
#define PROXY_HEADER_H

#include "peer.h"

/* The longest that is read: the addresses, and what else a proxy may tell of TLS. */
#define PROXY_HEADER_BYTES_MAX 2048

/* Reads the header at the front of bytes[0..n). Returns its length, and sets *ret to the client's address, or leaves it
 * alone where the proxy speaks for itself (a health check) or does not know; 0 if more must come first; -EBADMSG if it
 * is none. */
int proxy_header_read(const uint8_t *bytes, size_t n, struct peer *ret);

#endif
