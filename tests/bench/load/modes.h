/*
 * modes - what can be measured. Each runs against a server that has just been started, prints one line of JSON (or
 * one a step) and leaves no client behind. Bounded in count, and in time by `patience_ns` for each wait.
 */
#ifndef BENCH_MODES_H
#define BENCH_MODES_H

#include <stddef.h>
#include <stdint.h>

#include "crowd.h"
#include "server.h"

struct options {
	const char *label;
	enum dialect dialect;
	size_t rooms;
	size_t count;
	size_t concurrency;
	size_t size;   /* of a signal, as the client sends it */
	size_t window; /* signals in flight, a room */
	size_t batch;
	uint64_t rate; /* a second, in all */
	uint64_t duration_ns;
	uint64_t pause_ns;
	uint64_t patience_ns;
	int server_cpu;       /* -1: any */
	char *const *command; /* NULL: the server runs already */
};

struct load {
	struct options options;
	struct server server;
	struct crowd crowd;
};

typedef int mode_run(struct load *l);

mode_run mode_join;
mode_run mode_join_warm;
mode_run mode_join_many;
mode_run mode_join_many_warm;
mode_run mode_rooms;
mode_run mode_latency;
mode_run mode_throughput;
mode_run mode_open_loop;
mode_run mode_exact;
mode_run mode_idle;
mode_run mode_growth;
mode_run mode_startup;

/* Shared by the modes. */

/* Connects clients first..first+n, client first + i to room first_room + i / members, so many at a time; done when all
 * are joined. */
int load_fill(struct load *l, size_t first, size_t n, uint32_t first_room, size_t members, size_t concurrency);

/* One client from connect to joined, alone. */
int load_join_one(struct load *l, struct client *client, uint32_t room);

/* Sends one signal from a to b and waits until b has it. */
int load_relay_one(struct load *l, const struct message *m, struct client *a, struct client *b);

/* Waits until the notices of the last joins have come and the server's pool is full again. */
int load_settle(struct load *l);

/* Closes clients first..first+n and waits until the server has no more processes than before. */
int load_empty(struct load *l, size_t first, size_t n, unsigned processes);

/* Sends `count` copies of a signal from `client` in one write. */
int load_send(struct load *l, const struct message *m, struct client *client, size_t count, uint64_t stamp,
	      uint32_t to);

void report_load(const struct load *l, const char *mode);

#endif
