/* roomctl_status - status and settings; and the commands that act and have nothing to show. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "roomctl_link.h"
#include "roomctl_shape.h"

/* How often a drain that is waited for is looked at. */
#define WAIT_MS 250

/* --- status --- */

/* One line: how much, of how much, how near. */
static void print_level(const struct roomctl *o, const char *what, struct json_object *level)
{
	uint64_t now = roomctl_number(level, "now");
	uint64_t max = roomctl_number(level, "max");
	uint64_t percent = max ? now * 100 / max : 0;
	enum shape_colour colour = percent >= 90 ? SHAPE_RED : percent >= 70 ? SHAPE_YELLOW : SHAPE_PLAIN;

	if (max)
		printf("%-12s %s%8" PRIu64 " of %" PRIu64 " (%" PRIu64 " %%)%s\n", what,
		       shape_colour(o->colour, colour), now, max, percent, shape_colour(o->colour, SHAPE_PLAIN));
	else
		printf("%-12s %8" PRIu64 ", no bound\n", what, now);
}

static void print_words(struct json_object *words)
{
	size_t count = words ? json_object_array_length(words) : 0;

	for (size_t i = 0; i < count; i++)
		printf("%s%s", i ? " " : "", json_object_get_string(json_object_array_get_idx(words, i)));
}

/* The layers in force in a kind of process, and those that are missing. */
static void print_sandbox(const struct roomctl *o, const char *of, struct json_object *sandbox, const char *in_force,
			  const char *missing)
{
	struct json_object *layers = roomctl_get(sandbox, missing);

	printf("sandbox of %s: ", of);
	print_words(roomctl_get(sandbox, in_force));
	if (layers && json_object_array_length(layers) > 0) {
		printf("%s; missing: ", shape_colour(o->colour, SHAPE_YELLOW));
		print_words(layers);
		printf("%s", shape_colour(o->colour, SHAPE_PLAIN));
	}
	printf("\n");
}

/* Those that the keeper could make; rooms and broker are locked in, and can't. */
static void print_namespaces(struct json_object *possible)
{
	printf("namespaces that the keeper may make: ");
	if (possible && json_object_array_length(possible) > 0)
		print_words(possible);
	else
		printf("none");
	printf("\n");
}

static void print_status(const struct roomctl *o, struct json_object *s)
{
	struct json_object *pool = roomctl_get(s, "pool");
	struct json_object *totals = roomctl_get(s, "totals");
	const char *state = roomctl_text(s, "state");

	printf("video-signaling %s, %s%s%s for %s (keeper %" PRIu64 ", broker %" PRIu64 ")\n",
	       roomctl_text(s, "version"),
	       shape_colour(o->colour, strcmp(state, "serving") == 0 ? SHAPE_GREEN : SHAPE_YELLOW), state,
	       shape_colour(o->colour, SHAPE_PLAIN), shape_duration(roomctl_number(s, "uptime_ms")).text,
	       roomctl_number(s, "keeper_pid"), roomctl_number(s, "pid"));
	print_level(o, "connections", roomctl_get(s, "connections"));
	print_level(o, "in the lobby", roomctl_get(s, "lobby"));
	print_level(o, "rooms", roomctl_get(s, "rooms"));
	printf("%-12s %8" PRIu64 "\n", "members", roomctl_number(s, "members"));
	printf("%-12s %8" PRIu64 " warm of %" PRIu64 ", %" PRIu64 " starting\n", "pool", roomctl_number(pool, "warm"),
	       roomctl_number(pool, "size"), roomctl_number(pool, "starting"));
	printf("%-12s %8" PRIu64 "\n", "processes", roomctl_number(s, "processes"));
	print_sandbox(o, "rooms", roomctl_get(s, "sandbox"), "roomd", "roomd_missing");
	print_sandbox(o, "broker", roomctl_get(s, "sandbox"), "broker", "broker_missing");
	print_namespaces(roomctl_get(s, "namespaces"));
	printf("since start  %" PRIu64 " connections (%" PRIu64 " refused), %" PRIu64 " joins, %" PRIu64 " rooms\n",
	       roomctl_number(totals, "connections"), roomctl_number(totals, "past_bound"),
	       roomctl_number(totals, "joins"), roomctl_number(totals, "rooms_opened"));
	printf("             %" PRIu64 " room processes, %" PRIu64 " of them lost, %" PRIu64 " rooms healed\n",
	       roomctl_number(totals, "roomds_started"), roomctl_number(totals, "roomds_lost"),
	       roomctl_number(totals, "rooms_healed"));
	printf("log level    %s\n", roomctl_text(s, "log_level"));
}

int roomctl_status(const struct roomctl *o)
{
	struct roomctl_link link;
	struct json_object *reply;
	int status = roomctl_call(&link, o, &reply);

	if (status == ROOMCTL_DONE && o->json)
		roomctl_print_json(reply);
	else if (status == ROOMCTL_DONE)
		print_status(o, reply);
	json_object_put(reply);
	roomctl_link_close(&link);
	return status;
}

/* --- settings --- */

int roomctl_settings(const struct roomctl *o)
{
	struct roomctl_link link;
	struct json_object *reply;
	int status = roomctl_call(&link, o, &reply);

	if (status == ROOMCTL_DONE && o->json) {
		roomctl_print_json(reply);
	} else if (status == ROOMCTL_DONE) {
		json_object_object_foreach(roomctl_get(reply, "settings"), key, value)
		{
			printf("%-21s %s\n", key, shape_text(json_object_get_string(value)).text);
		}
	}
	json_object_put(reply);
	roomctl_link_close(&link);
	return status;
}

/* --- acting --- */

static void print_done(const struct roomctl *o, struct json_object *reply)
{
	if (strcmp(o->command, "kick") == 0)
		printf("%s is being kicked.\n", shape_text(o->client).text);
	else if (strcmp(o->command, "close") == 0)
		printf("%s is being closed.\n", shape_text(o->room).text);
	else if (strcmp(o->command, "log") == 0)
		printf("The log level is %s; it was %s.\n", roomctl_text(reply, "level"),
		       roomctl_text(reply, "before"));
	else if (strcmp(o->command, "undrain") == 0)
		printf(json_object_get_boolean(roomctl_get(reply, "changed")) ? "New rooms are taken again.\n"
									      : "It was not draining.\n");
}

int roomctl_act(const struct roomctl *o)
{
	struct roomctl_link link;
	struct json_object *reply;
	int status = roomctl_call(&link, o, &reply);

	if (status == ROOMCTL_DONE && o->json)
		roomctl_print_json(reply);
	else if (status == ROOMCTL_DONE)
		print_done(o, reply);
	json_object_put(reply);
	roomctl_link_close(&link);
	return status;
}

/* --- drain --- */

/* Waits until there is no room any more. */
static int wait_empty(struct roomctl_link *link, const struct roomctl *o)
{
	uint64_t end_ms = o->timeout_ms ? clock_ms() + o->timeout_ms : UINT64_MAX;
	uint64_t before = UINT64_MAX;

	for (;;) {
		struct json_object *reply = NULL;
		int status = roomctl_link_send(link, roomctl_request(o, "status"));
		if (status == ROOMCTL_DONE)
			status = roomctl_link_read(link, -1, &reply);
		if (status == ROOMCTL_DONE)
			status = roomctl_judge(reply, o);
		uint64_t rooms = roomctl_number(roomctl_get(reply, "rooms"), "now");
		if (status == ROOMCTL_DONE && o->json && (rooms != before || rooms == 0))
			roomctl_print_json(reply);
		else if (status == ROOMCTL_DONE && rooms != before && rooms > 0)
			printf("%" PRIu64 " room%s left.\n", rooms, rooms == 1 ? "" : "s");
		fflush(stdout);
		json_object_put(reply);
		if (status != ROOMCTL_DONE || rooms == 0)
			return status;
		before = rooms;
		if (clock_ms() >= end_ms) {
			fprintf(stderr, "roomctl: %" PRIu64 " rooms are left, and the time is over\n", rooms);
			return ROOMCTL_TIMEOUT;
		}
		nanosleep(&(struct timespec){.tv_nsec = WAIT_MS * 1000000}, NULL);
	}
}

int roomctl_drain(const struct roomctl *o)
{
	struct roomctl_link link;
	struct json_object *reply;
	int status = roomctl_call(&link, o, &reply);

	if (status == ROOMCTL_DONE && o->json)
		roomctl_print_json(reply);
	else if (status == ROOMCTL_DONE)
		printf("New rooms are refused%s; %" PRIu64 " go on, with %" PRIu64 " members.\n",
		       json_object_get_boolean(roomctl_get(reply, "changed")) ? "" : " already",
		       roomctl_number(reply, "rooms"), roomctl_number(reply, "members"));
	json_object_put(reply);
	if (status == ROOMCTL_DONE && o->wait)
		status = wait_empty(&link, o);
	if (status == ROOMCTL_DONE && o->wait && !o->json)
		printf("The server is empty.\n");
	roomctl_link_close(&link);
	return status;
}
