/*
 * metrics - what Prometheus collects, at /metrics on a listener of its own.
 * Process: broker.  Owns: that listening socket (made by the keeper), the connections to it.
 * Never:   has a name of a room or a client in it; lets a slow collector wait longer than METRICS_MS, or one too many.
 */
#ifndef METRICS_H
#define METRICS_H

#include <stdbool.h>
#include <sys/queue.h>

#include "loop.h"
#include "text.h"
#include "traffic.h"

/* Connections at once, and how long one may take. */
#define METRICS_CONNECTIONS 16
#define METRICS_MS 5000

struct broker;

struct metrics_connection {
	struct source source;
	struct timer timer;
	struct metrics *metrics; /* NULL: free */
	char head[1024];
	size_t head_length;
	struct text answer;
	size_t answered;
};

struct metrics {
	struct broker *broker;
	struct source listener;
	unsigned count;
	int own_statm; /* files that tell of memory, open since before the sandbox; -1: there is none */
	int keeper_statm;
	int cgroup_memory;
	uint64_t page_bytes;
	struct room_traffic rooms; /* as last told: a counter never goes back, even while a room is being healed */
	struct metrics_connection connections[METRICS_CONNECTIONS];
};

void metrics_init(struct metrics *metrics, struct broker *broker);

/* Takes the listening socket. */
void metrics_open(struct metrics *metrics, int listener);

/* Answers from now on. */
void metrics_serve(struct metrics *metrics);

/* Closes it, and the connections. */
void metrics_close(struct metrics *metrics);

/* Writes all metrics in Prometheus' text format (metrics_text.c). */
void metrics_write(struct text *t, struct metrics *metrics);

#endif
