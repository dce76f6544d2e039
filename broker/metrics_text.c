/* metrics_text - the metrics in Prometheus' text format. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "broker.h"
#include "ledger_view.h"

#define PREFIX "video_signaling_"

static void describe(struct text *t, const char *name, const char *type, const char *help)
{
	text_format(t, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name, help, name, type);
}

static void one(struct text *t, const char *name, const char *type, const char *help, uint64_t value)
{
	describe(t, name, type, help);
	text_format(t, PREFIX "%s %" PRIu64 "\n", name, value);
}

/* A value with one label; `name` was described. */
static void labelled(struct text *t, const char *name, const char *label, const char *of, uint64_t value)
{
	text_format(t, PREFIX "%s{%s=\"%s\"} %" PRIu64 "\n", name, label, of, value);
}

static void seconds(struct text *t, uint64_t us)
{
	text_format(t, "%" PRIu64 ".%06" PRIu64, us / 1000000, us % 1000000);
}

static void histogram(struct text *t, const char *name, const char *help, const struct histogram *h)
{
	uint64_t below = 0;

	describe(t, name, "histogram", help);
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		below += h->buckets[i];
		text_format(t, PREFIX "%s_bucket{le=\"", name);
		seconds(t, histogram_bound_us(i));
		text_format(t, "\"} %" PRIu64 "\n", below);
	}
	text_format(t, PREFIX "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n" PREFIX "%s_sum ", name, h->count, name);
	seconds(t, h->sum_us);
	text_format(t, "\n" PREFIX "%s_count %" PRIu64 "\n", name, h->count);
}

/* --- memory --- */

/* Reads numbers from a file that is open since the start. Returns how many there were, or 0. */
static unsigned read_numbers(int fd, uint64_t *numbers, unsigned count)
{
	char buffer[256];
	ssize_t n = fd >= 0 && lseek(fd, 0, SEEK_SET) == 0 ? read(fd, buffer, sizeof(buffer) - 1) : -1;
	char *at = buffer;
	unsigned found = 0;

	buffer[n > 0 ? n : 0] = '\0';
	for (char *end; found < count; found++, at = end) {
		numbers[found] = strtoull(at, &end, 10);
		if (end == at)
			break;
	}
	return found;
}

/* What a process has in memory for itself alone, in bytes; 0 if that can't be told. */
static uint64_t private_bytes(const struct metrics *m, int statm)
{
	uint64_t pages[3]; /* size, resident, shared: proc(5) */

	return read_numbers(statm, pages, 3) == 3 && pages[1] > pages[2] ? (pages[1] - pages[2]) * m->page_bytes : 0;
}

static void memory(struct text *t, const struct metrics *m)
{
	const struct broker *b = m->broker;
	uint64_t bytes;

	describe(t, "processes", "gauge", "Processes of the server.");
	labelled(t, "processes", "kind", "keeper", 1);
	labelled(t, "processes", "kind", "broker", 1);
	labelled(t, "processes", "kind", "roomd", b->roomds);
	describe(t, "process_memory_bytes", "gauge", "Private memory of the two that there is one of.");
	labelled(t, "process_memory_bytes", "kind", "keeper", private_bytes(m, m->keeper_statm));
	labelled(t, "process_memory_bytes", "kind", "broker", private_bytes(m, m->own_statm));
	if (read_numbers(m->cgroup_memory, &bytes, 1) == 1)
		one(t, "memory_bytes", "gauge", "Memory of the server's control group: all its processes.", bytes);
}

/* --- what rooms do --- */

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* All that rooms have done: those that ended, and those that there are. */
static void sum_rooms(struct metrics *m)
{
	struct broker *b = m->broker;
	struct room_traffic sum = b->memory->stats.rooms;

	for (struct room *room = registry_after(&b->registry, NULL); room; room = registry_next(room)) {
		struct room_traffic traffic = ledger_view_room(room);
		stats_add_room(&sum, &traffic);
	}
	m->rooms.messages_in = later(m->rooms.messages_in, sum.messages_in);
	m->rooms.messages_out = later(m->rooms.messages_out, sum.messages_out);
	m->rooms.bytes_in = later(m->rooms.bytes_in, sum.bytes_in);
	m->rooms.bytes_out = later(m->rooms.bytes_out, sum.bytes_out);
	for (int i = 0; i < TRAFFIC_SIGNALS; i++) {
		m->rooms.signals[i] = later(m->rooms.signals[i], sum.signals[i]);
		m->rooms.signal_bytes[i] = later(m->rooms.signal_bytes[i], sum.signal_bytes[i]);
	}
	for (int i = 0; i < TRAFFIC_ERRORS; i++)
		m->rooms.errors[i] = later(m->rooms.errors[i], sum.errors[i]);
}

static void rooms(struct text *t, struct metrics *m)
{
	const struct room_traffic *r = &m->rooms;
	const struct stats *s = &m->broker->memory->stats;

	sum_rooms(m);
	describe(t, "relayed_messages_total", "counter", "Signals relayed, by action.");
	for (int i = 0; i < TRAFFIC_SIGNALS; i++)
		labelled(t, "relayed_messages_total", "action",
			 client_action_text((enum client_action)(ACTION_OFFER + i)), r->signals[i]);
	describe(t, "relayed_bytes_total", "counter", "Bytes of data in signals relayed, by action.");
	for (int i = 0; i < TRAFFIC_SIGNALS; i++)
		labelled(t, "relayed_bytes_total", "action", client_action_text((enum client_action)(ACTION_OFFER + i)),
			 r->signal_bytes[i]);
	describe(t, "room_messages_total", "counter", "Text messages from and to members.");
	labelled(t, "room_messages_total", "direction", "in", r->messages_in);
	labelled(t, "room_messages_total", "direction", "out", r->messages_out);
	describe(t, "room_bytes_total", "counter", "Bytes of text messages from and to members.");
	labelled(t, "room_bytes_total", "direction", "in", r->bytes_in);
	labelled(t, "room_bytes_total", "direction", "out", r->bytes_out);
	describe(t, "refusals_total", "counter", "Errors answered to clients, by code.");
	for (int i = ERROR_NONE + 1; i < TRAFFIC_ERRORS; i++)
		labelled(t, "refusals_total", "code", error_code_text((enum error_code)i), s->errors[i] + r->errors[i]);
}

/* --- what the broker does --- */

static void clients(struct text *t, const struct broker *b, const struct stats *s)
{
	one(t, "connections", "gauge", "Connections now.", b->clients.count);
	one(t, "connections_max", "gauge", "Connections that there may be; 0: unbounded.", b->settings.max_connections);
	one(t, "lobby", "gauge", "Connections in no room now.", b->clients.outside);
	one(t, "connections_total", "counter", "Connections accepted.", s->connections);
	one(t, "connections_past_bound_total", "counter", "Connections refused because of a bound.", s->past_bound);
	one(t, "requests_refused_total", "counter", "HTTP requests answered with a status of 400 or more.",
	    s->requests_refused);
	one(t, "upgrades_total", "counter", "Connections that became WebSockets.", s->upgrades);
	one(t, "joins_total", "counter", "Joins accepted.", s->joins);
	one(t, "suspended", "gauge", "Members now whose connection was lost and whose seat is kept.",
	    b->clients.suspended);
	one(t, "suspended_total", "counter", "Members whose connection was lost and whose seat was kept.",
	    s->suspended);
	one(t, "resumes_total", "counter", "Members who came back to their seat.", s->resumes);
	one(t, "resumes_refused_total", "counter", "Attempts to resume that were refused.", s->resumes_refused);
	describe(t, "left_total", "counter", "Members gone, by reason.");
	for (int i = 0; i < LEFT_REASONS_COUNT; i++)
		labelled(t, "left_total", "reason", left_reason_text((enum left_reason)i), s->left[i]);
	describe(t, "closes_total", "counter", "WebSocket connections ended, by close code.");
	for (unsigned i = 0; i < STATS_CLOSES; i++) {
		char code[16] = "other";
		if (stats_close_code(i))
			snprintf(code, sizeof(code), "%u", stats_close_code(i));
		labelled(t, "closes_total", "code", code, s->closes[i]);
	}
}

static void processes(struct text *t, struct broker *b, const struct stats *s)
{
	one(t, "rooms", "gauge", "Rooms now.", b->registry.count);
	one(t, "rooms_max", "gauge", "Rooms that there may be; 0: unbounded.", b->settings.max_rooms);
	one(t, "members", "gauge", "Members of all rooms now.", registry_members(&b->registry));
	one(t, "rooms_opened_total", "counter", "Rooms opened.", s->rooms_opened);
	one(t, "rooms_closed_total", "counter", "Rooms closed.", s->rooms_closed);
	one(t, "pool_warm", "gauge", "Warm room processes now.", b->pool.warm);
	one(t, "pool_starting", "gauge", "Room processes being started now.", b->pool.starting);
	one(t, "pool_size", "gauge", "Warm room processes that are to be kept.", b->settings.pool_size);
	one(t, "roomds_started_total", "counter", "Room processes started.", s->roomds_started);
	one(t, "roomds_failed_total", "counter", "Room processes that could not be started.", s->roomds_failed);
	one(t, "roomds_lost_total", "counter", "Room processes that ended without being told to.", s->roomds_lost);
	one(t, "rooms_healed_total", "counter", "Rooms that went on in another process.", s->rooms_healed);
	one(t, "draining", "gauge", "Whether new rooms are refused.", b->memory->draining);
	one(t, "operators", "gauge", "Connections to the control socket now.", b->control.count);
}

void metrics_write(struct text *t, struct metrics *m)
{
	struct broker *b = m->broker;
	const struct stats *s = &b->memory->stats;

	describe(t, "build_info", "gauge", "What runs.");
	text_add(t, PREFIX "build_info{version=\"" VIDEO_SIGNALING_VERSION "\"} 1\n");
	describe(t, "uptime_seconds", "gauge", "Since the broker started.");
	text_add(t, PREFIX "uptime_seconds ");
	seconds(t, (b->loop.now_ms - b->memory->started_ms) * 1000);
	text_add(t, "\n");
	clients(t, b, s);
	processes(t, b, s);
	memory(t, m);
	rooms(t, m);
	histogram(t, "handshake_seconds", "From a connection to its WebSocket.", &s->handshake);
	histogram(t, "lobby_seconds", "From the lobby to an accepted join.", &s->lobby);
	histogram(t, "join_seconds", "From an accepted join to its room's process.", &s->join);
}
