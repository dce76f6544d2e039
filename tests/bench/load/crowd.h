/*
 * crowd - the clients: many connections in one epoll set, each from connect to `joined` and on.
 * Owns: the clients' sockets.
 * Never: blocks on a socket; gives up in silence (a lost connection ends the run, unless it was closed by us).
 */
#ifndef BENCH_CROWD_H
#define BENCH_CROWD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message.h"

enum client_state { CLIENT_CLOSED, CLIENT_CONNECTING, CLIENT_UPGRADING, CLIENT_JOINING, CLIENT_JOINED };

struct client {
	int fd;
	enum client_state state;
	uint32_t number;
	uint32_t room;
	uint64_t began_ns;   /* when it began to connect */
	unsigned char *rest; /* received, but not a whole frame yet */
	size_t rest_length;
	unsigned char *owed; /* not yet written */
	size_t owed_length;
	bool checked; /* its first signal was compared whole */

	/* of the mode */
	uint64_t received;
	uint64_t credit;
};

struct crowd {
	enum dialect dialect;
	uint16_t port;
	int epoll_fd;
	struct client *clients;
	size_t count;
	size_t joined;
	uint32_t next_number;
	unsigned char *buffer;
	int error; /* the first thing that went wrong */
	const char *what;

	void (*on_joined)(struct crowd *, struct client *);
	void (*on_signal)(struct crowd *, struct client *, const struct frame *);
	void (*on_batch)(struct crowd *, struct client *); /* after all the frames of one read */
	void *context;
	const struct message *expected; /* compare the first signal of each client with it */
};

int crowd_init(struct crowd *c, enum dialect dialect, uint16_t port, size_t count);
void crowd_fini(struct crowd *c);

/* Begins to connect a client that is closed; it will join that room. */
int crowd_connect(struct crowd *c, struct client *client, uint32_t room);
void crowd_close(struct crowd *c, struct client *client);

/* Writes what goes at once and owes the rest. */
int crowd_write(struct crowd *c, struct client *client, const void *bytes, size_t n);

/* Serves what is ready, waiting up to wait_ns for it; 0 or the crowd's error. */
int crowd_turn(struct crowd *c, uint64_t wait_ns);

/* Serves for so long, whatever happens. */
int crowd_serve(struct crowd *c, uint64_t ns);

int crowd_fail(struct crowd *c, int error, const char *what);

#endif
