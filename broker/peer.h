/*
 * peer - whence a connection came: an address and a port, or a Unix socket; and networks of addresses.
 * Process: keeper, broker.  Pure.
 */
#ifndef PEER_H
#define PEER_H

#include <stddef.h>

#include "identity.h"

/* `[2001:db8::1]:65535` with its NUL */
#define PEER_TEXT_BYTES 64

/* As many as one setting holds are fewer. */
#define NETWORKS_MAX 64

struct networks {
	unsigned count;
	struct {
		uint8_t ip[16];
		uint8_t bits;
	} at[NETWORKS_MAX];
};

/* Reads text[0..n): `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`. Returns 0 or
 * -EINVAL. */
int peer_read(const char *text, size_t n, struct peer *ret);

/* Writes it, NUL-terminated, with its port where that is known; "unix" for a Unix socket. */
void peer_write(const struct peer *peer, char ret[PEER_TEXT_BYTES]);

/* Reads `127.0.0.1, 10.0.0.0/8, ::1`. Returns 0, or -EINVAL. */
int networks_read(const char *list, struct networks *ret);

/* Is the peer in one of them? Those of Unix sockets are in none. */
bool networks_have(const struct networks *networks, const struct peer *peer);

/* Are they the same address and port? */
bool peer_equal(const struct peer *a, const struct peer *b);

bool peer_is_loopback(const struct peer *peer);

#endif
