#include "modes.h"
#include "report.h"

#include <errno.h>
#include <stdlib.h>

#define SETTLE_NS 250000000U

int load_join_one(struct load *l, struct client *client, uint32_t room)
{
	struct crowd *c = &l->crowd;
	uint64_t deadline = now_ns() + l->options.patience_ns;
	crowd_connect(c, client, room);
	while (c->error == 0 && client->state != CLIENT_JOINED) {
		if (now_ns() > deadline)
			return crowd_fail(c, -ETIMEDOUT, "a join was not answered");
		crowd_turn(c, 100000000U);
	}
	return c->error;
}

int load_fill(struct load *l, size_t first, size_t n, uint32_t first_room, size_t members, size_t concurrency)
{
	struct crowd *c = &l->crowd;
	size_t begun = 0, before = c->joined;
	uint64_t deadline = now_ns() + l->options.patience_ns;
	while (c->error == 0 && c->joined - before < n) {
		while (c->error == 0 && begun < n && begun - (c->joined - before) < concurrency) {
			crowd_connect(c, &c->clients[first + begun], first_room + (uint32_t)(begun / members));
			begun++;
		}
		if (now_ns() > deadline)
			return crowd_fail(c, -ETIMEDOUT, "joins were not answered");
		crowd_turn(c, 100000000U);
	}
	return c->error;
}

int load_settle(struct load *l)
{
	server_drain(&l->server);
	return crowd_serve(&l->crowd, SETTLE_NS);
}

int load_empty(struct load *l, size_t first, size_t n, unsigned processes)
{
	struct crowd *c = &l->crowd;
	for (size_t i = first; i < first + n; i++)
		crowd_close(c, &c->clients[i]);
	uint64_t deadline = now_ns() + l->options.patience_ns;
	struct usage u = {.processes = processes + 1};
	for (;;) {
		int error = server_usage(&l->server, &u);
		if (error != 0)
			return crowd_fail(c, error, "the server is gone");
		if (u.processes <= processes)
			return 0;
		if (now_ns() > deadline)
			return crowd_fail(c, -ETIMEDOUT, "empty rooms did not end");
		crowd_serve(c, 10000000U);
	}
}

int load_send(struct load *l, const struct message *m, struct client *client, size_t count, uint64_t stamp, uint32_t to)
{
	static unsigned char *buffer;
	static size_t size;
	size_t n = m->frame_length * count;
	if (n > size) {
		free(buffer);
		buffer = malloc(n);
		size = buffer == NULL ? 0 : n;
		if (buffer == NULL)
			return crowd_fail(&l->crowd, -ENOMEM, "malloc");
	}
	for (size_t i = 0; i < count; i++)
		message_copy(m, buffer + i * m->frame_length, stamp, to);
	return crowd_write(&l->crowd, client, buffer, n);
}

int load_relay_one(struct load *l, const struct message *m, struct client *a, struct client *b)
{
	struct crowd *c = &l->crowd;
	uint64_t wanted = b->received + 1, deadline = now_ns() + l->options.patience_ns;
	load_send(l, m, a, 1, 0, b->number);
	while (c->error == 0 && b->received < wanted) {
		if (crowd_turn(c, 100000000U) == 0 && b->received < wanted && now_ns() > deadline)
			return crowd_fail(c, -ETIMEDOUT, "a signal was not relayed");
	}
	return c->error;
}

void report_load(const struct load *l, const char *mode)
{
	report_begin(mode);
	if (l->options.label != NULL)
		report_text("label", l->options.label);
}
