/*
 * identity - what is known of a client before it says a word: whence it came, and what its token says.
 * Process: broker, and what brokers leave to each other.
 */
#ifndef IDENTITY_H
#define IDENTITY_H

#include <stdbool.h>

#include "client_message.h"

/* Whence a connection came: an address and a port, or a Unix socket. */
struct peer {
	uint8_t ip[16]; /* IPv6, or IPv4 mapped into it (RFC 4291, 2.5.5.2); zeroes for a Unix socket */
	uint16_t port;  /* 0: not known */
	bool local;     /* it came over a Unix socket, and nobody said for whom */
};

/* What a good access token says. */
struct token {
	struct name subject;
	uint64_t expires_s; /* of the real clock; 0: there is no token */
	uint16_t room_length;
	char room[LIMIT_TOKEN_ROOM_BYTES]; /* a room's id; * stands for any characters */
};

#endif
