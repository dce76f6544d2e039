/* Rooms that are held: what they cost idle, what the next join and signal cost beside them, and the start. */
#include "modes.h"
#include "report.h"

#include <errno.h>
#include <stdio.h>

static double per(uint64_t after, uint64_t before, size_t n)
{
	return ((double)after - (double)before) / (double)n;
}

/* Rooms of two that say nothing. */
int mode_idle(struct load *l)
{
	struct memory rest, held;
	struct usage before, after;
	size_t rooms = l->options.rooms;
	int error = crowd_init(&l->crowd, l->options.dialect, l->server.port, 2 * rooms);
	if (error == 0)
		error = crowd_serve(&l->crowd, 500000000U);
	if (error == 0)
		error = server_memory(&l->server, &rest);
	if (error == 0)
		error = load_fill(l, 0, 2 * rooms, 0, 2, 16);
	if (error == 0)
		error = crowd_serve(&l->crowd, 1000000000U);
	if (error == 0)
		error = server_memory(&l->server, &held);
	if (error == 0)
		error = server_usage(&l->server, &before);
	if (error == 0)
		error = crowd_serve(&l->crowd, l->options.duration_ns);
	if (error == 0)
		error = server_usage(&l->server, &after);
	if (error == -EACCES)
		return crowd_fail(&l->crowd, error, "only root can see the memory of processes that are not dumpable");
	if (error != 0)
		return error;

	double pss = per(held.pss_kb, rest.pss_kb, rooms);
	double kernel = per(held.slab_kb, rest.slab_kb, rooms) + per(held.page_tables_kb, rest.page_tables_kb, rooms) +
			per(held.kernel_stack_kb, rest.kernel_stack_kb, rooms) +
			per(held.per_cpu_kb, rest.per_cpu_kb, rooms);
	report_load(l, "idle");
	report_number("rooms", (double)rooms);
	report_number("rest_pss_kb", (double)rest.pss_kb);
	report_number("rest_processes", rest.processes);
	report_number("processes", held.processes);
	report_number("room_pss_kb", pss);
	report_number("room_kernel_kb", kernel);
	report_number("room_slab_kb", per(held.slab_kb, rest.slab_kb, rooms));
	report_number("room_page_tables_kb", per(held.page_tables_kb, rest.page_tables_kb, rooms));
	report_number("room_kernel_stack_kb", per(held.kernel_stack_kb, rest.kernel_stack_kb, rooms));
	report_number("room_kb", pss + kernel);
	report_number("room_available_kb", per(rest.available_kb, held.available_kb, rooms));
	report_number("idle_cpu_us_per_s",
		      (double)(after.cpu_ns - before.cpu_ns) / 1000 / ((double)l->options.duration_ns / 1e9));
	report_end();
	return 0;
}

static struct histogram times;

/* `count` joins one at a time, every other one into a new room, beside the rooms held; then they go. */
static int growth_joins(struct load *l, size_t held, size_t first, size_t count)
{
	struct crowd *c = &l->crowd;
	struct usage before, after;
	histogram_reset(&times);
	server_usage(&l->server, &before);
	for (size_t i = 0; i < count; i++) {
		struct client *client = &c->clients[first + i];
		if (load_join_one(l, client, (uint32_t)(1000000 + held * 10 + i / 2)) != 0)
			return c->error;
		histogram_add(&times, now_ns() - client->began_ns);
	}
	if (load_settle(l) != 0)
		return c->error;
	server_usage(&l->server, &after);
	report_durations("join", &times);
	report_number("join_cpu_us_each", (double)(after.cpu_ns - before.cpu_ns) / 1000 / (double)count);
	return load_empty(l, first, count, before.processes);
}

/* `count` signals one at a time, over `rooms` of the rooms in turn. */
static int growth_signals(struct load *l, const struct message *m, const char *name, size_t rooms, size_t count)
{
	struct crowd *c = &l->crowd;
	struct usage before, after;
	char key[64];
	histogram_reset(&times);
	server_usage(&l->server, &before);
	for (size_t i = 0; i < count; i++) {
		struct client *sender = &c->clients[i % rooms * 2];
		uint64_t began = now_ns();
		if (load_relay_one(l, m, sender, sender + 1) != 0)
			return c->error;
		histogram_add(&times, now_ns() - began);
	}
	server_usage(&l->server, &after);
	report_durations(name, &times);
	snprintf(key, sizeof key, "%s_cpu_us_each", name);
	report_number(key, (double)(after.cpu_ns - before.cpu_ns) / 1000 / (double)count);
	return 0;
}

/* A join and a signal beside 10, 100, ... rooms of two. */
int mode_growth(struct load *l)
{
	static const size_t steps[] = {10, 100, 1000, 2500, 5000};
	struct message m;
	size_t held = 0, joins = l->options.count, top = 2 * l->options.rooms;
	int error = message_init(&m, l->options.dialect, l->options.size);
	if (error == 0)
		error = crowd_init(&l->crowd, l->options.dialect, l->server.port, top + joins);
	for (size_t i = 0; error == 0 && i < sizeof steps / sizeof steps[0] && steps[i] <= l->options.rooms; i++) {
		error = load_fill(l, 2 * held, 2 * (steps[i] - held), (uint32_t)held, 2, 16);
		held = steps[i];
		if (error == 0)
			error = load_settle(l);
		if (error != 0)
			break;
		report_load(l, "growth");
		report_number("rooms", (double)held);
		error = growth_joins(l, held, top, joins);
		if (error == 0)
			error = growth_signals(l, &m, "same", 10, 5000);
		if (error == 0)
			error = growth_signals(l, &m, "spread", held, 5000);
		report_end();
	}
	message_fini(&m);
	return error;
}

/* From fork to the address printed, and to the first client joined. */
int mode_startup(struct load *l)
{
	static struct histogram ready, joined;
	int error = 0;
	for (size_t i = 0; error == 0 && i < l->options.count; i++) {
		if (i > 0)
			error =
			    server_start(&l->server, l->options.command, l->options.server_cpu, l->options.patience_ns);
		if (error == 0)
			error = crowd_init(&l->crowd, l->options.dialect, l->server.port, 1);
		if (error == 0)
			error = load_join_one(l, l->crowd.clients, 1);
		if (error != 0)
			break;
		histogram_add(&joined, now_ns() - l->server.began_ns);
		histogram_add(&ready, l->server.ready_ns - l->server.began_ns);
		crowd_fini(&l->crowd);
		if (i + 1 < l->options.count)
			server_stop(&l->server, l->options.patience_ns);
	}
	if (error == 0) {
		report_load(l, "startup");
		report_durations("ready", &ready);
		report_durations("joined", &joined);
		report_end();
	}
	return error;
}
