/* Joins: one at a time into cold and warm rooms, many at a time, and rooms made and left. */
#include "modes.h"
#include "report.h"

#include <errno.h>

static struct histogram times;

static void on_joined(struct crowd *c, struct client *client)
{
	(void)c;
	histogram_add(&times, now_ns() - client->began_ns);
}

static int pause_between(struct load *l)
{
	return l->options.pause_ns == 0 ? 0 : crowd_serve(&l->crowd, l->options.pause_ns);
}

/* Clients first, first + step, ... one after another, each into the room of its pair. */
static int join_each(struct load *l, const char *mode, size_t first, size_t step)
{
	struct usage before, after;
	server_usage(&l->server, &before);
	l->crowd.on_joined = on_joined;
	for (size_t i = first; i < l->crowd.count; i += step) {
		if (load_join_one(l, &l->crowd.clients[i], (uint32_t)(i / 2)) != 0 || pause_between(l) != 0)
			return l->crowd.error;
	}
	l->crowd.on_joined = NULL;
	if (load_settle(l) != 0)
		return l->crowd.error;
	server_usage(&l->server, &after);
	report_load(l, mode);
	report_durations("join", &times);
	report_number("cpu_us_each", (double)(after.cpu_ns - before.cpu_ns) / 1000 / (double)times.count);
	report_number("processes", after.processes);
	report_end();
	return 0;
}

/* Every join makes a room. */
int mode_join(struct load *l)
{
	int error = crowd_init(&l->crowd, l->options.dialect, l->server.port, 2 * l->options.count);
	return error != 0 ? error : join_each(l, "join", 0, 2);
}

/* The rooms are there, with one member each. */
int mode_join_warm(struct load *l)
{
	int error = crowd_init(&l->crowd, l->options.dialect, l->server.port, 2 * l->options.count);
	for (size_t i = 0; error == 0 && i < l->crowd.count; i += 2)
		error = load_join_one(l, &l->crowd.clients[i], (uint32_t)(i / 2));
	if (error == 0)
		error = load_settle(l);
	return error != 0 ? error : join_each(l, "join-warm", 1, 2);
}

/* So many joins under way at any time; the rooms' first `present` members are there already. */
static int join_many(struct load *l, const char *mode, size_t members, size_t present)
{
	struct usage before, after;
	size_t count = l->options.count;
	int error = crowd_init(&l->crowd, l->options.dialect, l->server.port, present * count + count);
	if (error == 0 && present > 0)
		error = load_fill(l, count, count, 0, 1, 16);
	if (error == 0)
		error = load_settle(l);
	if (error != 0)
		return error;
	server_usage(&l->server, &before);
	l->crowd.on_joined = on_joined;
	uint64_t began = now_ns();
	if (load_fill(l, 0, count, 0, members, l->options.concurrency) != 0)
		return l->crowd.error;
	uint64_t took = now_ns() - began;
	l->crowd.on_joined = NULL;
	if (load_settle(l) != 0)
		return l->crowd.error;
	server_usage(&l->server, &after);
	report_load(l, mode);
	report_number("concurrency", (double)l->options.concurrency);
	report_number("per_second", (double)count * 1e9 / (double)took);
	report_number("cpu_us_each", (double)(after.cpu_ns - before.cpu_ns) / 1000 / (double)count);
	report_durations("join", &times);
	report_end();
	return 0;
}

/* Rooms of two: every other join makes one. */
int mode_join_many(struct load *l)
{
	return join_many(l, "join-many", 2, 0);
}

/* Every room is there and has a member. */
int mode_join_many_warm(struct load *l)
{
	return join_many(l, "join-many-warm", 1, 1);
}

/* Connect, join a room of one's own, go; again. Over when the last room's process is gone, too. */
int mode_rooms(struct load *l)
{
	struct usage before, after;
	size_t begun = 0, left = 0, lanes = l->options.concurrency;
	int error = crowd_init(&l->crowd, l->options.dialect, l->server.port, lanes);
	if (error != 0)
		return error;
	struct crowd *c = &l->crowd;
	if (load_settle(l) != 0) /* its pool may still be filling */
		return c->error;
	server_usage(&l->server, &before);
	c->on_joined = on_joined;
	uint64_t began = now_ns(), deadline = began + l->options.patience_ns;
	while (c->error == 0 && left < l->options.count) {
		for (size_t i = 0; i < lanes && c->error == 0; i++) {
			struct client *client = &c->clients[i];
			if (client->state == CLIENT_JOINED) {
				crowd_close(c, client);
				left++;
			}
			if (client->state == CLIENT_CLOSED && begun < l->options.count)
				crowd_connect(c, client, (uint32_t)begun++);
		}
		if (now_ns() > deadline)
			return crowd_fail(c, -ETIMEDOUT, "joins were not answered");
		if (left < l->options.count)
			crowd_turn(c, 100000000U);
	}
	if (c->error != 0 || load_empty(l, 0, lanes, before.processes) != 0)
		return c->error;
	uint64_t took = now_ns() - began;
	if (load_settle(l) != 0)
		return c->error;
	server_usage(&l->server, &after);
	report_load(l, "rooms");
	report_number("concurrency", (double)lanes);
	report_number("per_second", (double)l->options.count * 1e9 / (double)took);
	report_number("cpu_us_each", (double)(after.cpu_ns - before.cpu_ns) / 1000 / (double)l->options.count);
	report_durations("join", &times);
	report_end();
	return 0;
}
