/*
 * acceptor - takes connections in, up to the bounds, and tells the rest to come back later.
 * Process: broker.  Owns: its duplicates of the listening sockets.
 * Never:   spins where there are no descriptors: it stops accepting in time, and starts again by itself.
 */
#ifndef ACCEPTOR_H
#define ACCEPTOR_H

#include "bind.h"
#include "loop.h"

struct broker;

struct acceptor;

struct listener {
	struct source source;
	struct acceptor *acceptor;
	uint32_t kind; /* enum ipc_listener_kind bits */
};

enum acceptor_state {
	ACCEPTOR_CLOSED, /* not begun, or stopped for good */
	ACCEPTOR_OPEN,
	ACCEPTOR_SHUT, /* for want of descriptors or memory, until some are given back */
};

struct acceptor {
	struct broker *broker;
	enum acceptor_state state;
	struct listener listeners[BIND_LISTENERS_MAX];
	unsigned count;
	struct timer timer; /* SHUT: when to try again in any case */
	uint64_t logged_ms; /* when it last said that it is shut */
};

void acceptor_init(struct acceptor *acceptor, struct broker *broker);

/* Adds a listening socket, which becomes the acceptor's. */
void acceptor_add(struct acceptor *acceptor, int fd, uint32_t kind);

/* Starts accepting. */
void acceptor_open(struct acceptor *acceptor);

/* Stops for good and closes the sockets. */
void acceptor_close(struct acceptor *acceptor);

/* A descriptor was given back: a closed gate may open. */
void acceptor_on_room(struct acceptor *acceptor);

#endif
