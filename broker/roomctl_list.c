/* roomctl_list - all rooms, fetched, sorted, and shown as a table. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "roomctl_list.h"
#include "roomctl_shape.h"

/* What the columns beside the room's name take. */
#define COLUMNS_OTHER 44
#define COLUMNS_ROOM_MIN 12

/* --- sorting --- */

static const struct {
	const char *name;
	const char *key; /* NULL: the room's name */
} sorts[] = {{"room", NULL},           {"members", "members"}, {"age", "age_ms"},
	     {"messages", "messages"}, {"bytes", "bytes"},     {"number", "number"}};

#define SORTS (sizeof(sorts) / sizeof(sorts[0]))

bool roomctl_list_can_sort(const char *name)
{
	for (size_t i = 0; i < SORTS; i++)
		if (strcmp(sorts[i].name, name) == 0)
			return true;
	return false;
}

/* A room with what it is sorted by: json-c's own look-ups would cost more than the sorting. */
struct entry {
	struct json_object *room;
	const char *name;
	uint64_t by;
};

static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->by != y->by)
		return x->by > y->by ? -1 : 1; /* the most first */
	return strcmp(x->name, y->name);
}

static bool is_wanted(const struct roomctl *o, struct json_object *room)
{
	return (!o->filter || strstr(roomctl_text(room, "room"), o->filter)) &&
	       roomctl_number(room, "members") >= o->members_min;
}

/* Puts the rooms of `all` that are wanted into `ret`, in order. */
static void sort(const struct roomctl *o, struct json_object *all, struct json_object *ret)
{
	size_t count = json_object_array_length(all);
	struct entry *entries = calloc(count + 1, sizeof(*entries));
	const char *key = NULL;
	size_t wanted = 0;

	for (size_t i = 0; o->sort && i < SORTS; i++)
		if (strcmp(sorts[i].name, o->sort) == 0)
			key = sorts[i].key;
	for (size_t i = 0; entries && i < count; i++) {
		struct json_object *room = json_object_array_get_idx(all, i);
		if (is_wanted(o, room))
			entries[wanted++] =
			    (struct entry){room, roomctl_text(room, "room"), key ? roomctl_number(room, key) : 0};
	}
	if (entries)
		qsort(entries, wanted, sizeof(*entries), compare);
	if (o->limit && wanted > o->limit)
		wanted = o->limit;
	for (size_t i = 0; i < wanted; i++)
		json_object_array_add(ret, json_object_get(entries[i].room));
	free(entries);
}

/* --- fetching --- */

int roomctl_list_fetch(struct roomctl_link *link, const struct roomctl *o, struct json_object **ret)
{
	struct json_object *all = json_object_new_array();
	int status = roomctl_link_send(link, roomctl_request(o, "list"));
	bool more = true;

	*ret = NULL;
	while (status == ROOMCTL_DONE && more) {
		struct json_object *reply = NULL;
		status = roomctl_link_read(link, -1, &reply);
		if (status == ROOMCTL_DONE)
			status = roomctl_judge(reply, o);
		struct json_object *rooms = roomctl_get(reply, "rooms");
		for (size_t i = 0; rooms && i < json_object_array_length(rooms); i++)
			json_object_array_add(all, json_object_get(json_object_array_get_idx(rooms, i)));
		more = json_object_get_boolean(roomctl_get(reply, "more"));
		json_object_put(reply);
	}
	if (status == ROOMCTL_DONE) {
		*ret = json_object_new_array();
		sort(o, all, *ret);
	}
	json_object_put(all);
	return status;
}

/* --- showing --- */

static unsigned room_width(const struct roomctl *o)
{
	return o->columns > COLUMNS_OTHER + COLUMNS_ROOM_MIN ? o->columns - COLUMNS_OTHER : COLUMNS_ROOM_MIN;
}

void roomctl_list_head(const struct roomctl *o, const char *end)
{
	printf("%s%s %7s %7s %8s %8s %8s%s%s", shape_colour(o->colour, SHAPE_BOLD),
	       shape_name("ROOM", room_width(o)).text, "MEMBERS", "AGE", "MESSAGES", "BYTES", "STATE",
	       shape_colour(o->colour, SHAPE_PLAIN), end);
}

void roomctl_list_row(const struct roomctl *o, struct json_object *room, bool chosen, const char *end)
{
	printf("%s%s %7s %7s %8s %8s %8s%s%s", chosen ? shape_colour(o->colour, SHAPE_CYAN) : "",
	       shape_name(roomctl_text(room, "room"), room_width(o)).text,
	       shape_count(roomctl_number(room, "members")).text, shape_duration(roomctl_number(room, "age_ms")).text,
	       shape_count(roomctl_number(room, "messages")).text, shape_count(roomctl_number(room, "bytes")).text,
	       roomctl_text(room, "state"), chosen ? shape_colour(o->colour, SHAPE_PLAIN) : "", end);
}

int roomctl_list(const struct roomctl *o)
{
	struct roomctl_link link;
	struct json_object *rooms = NULL;
	int status = roomctl_link_open(&link, o);

	if (status == ROOMCTL_DONE)
		status = roomctl_list_fetch(&link, o, &rooms);
	size_t count = rooms ? json_object_array_length(rooms) : 0;
	if (status == ROOMCTL_DONE && o->json) {
		roomctl_print_json(rooms);
	} else if (status == ROOMCTL_DONE && count == 0) {
		puts("No rooms.");
	} else if (status == ROOMCTL_DONE) {
		roomctl_list_head(o, "\n");
		for (size_t i = 0; i < count; i++)
			roomctl_list_row(o, json_object_array_get_idx(rooms, i), false, "\n");
	}
	json_object_put(rooms);
	roomctl_link_close(&link);
	return status;
}

/* --- one room --- */

static const char *label_of(struct json_object *member)
{
	const char *label = roomctl_text(member, "label");

	return *label ? label : "-";
}

static struct shape round_trip(struct json_object *member)
{
	struct shape s = {"-"};

	if (roomctl_get(member, "rtt_ms"))
		return shape_duration(roomctl_number(member, "rtt_ms"));
	/* What the kernel measures: to the proxy, if there is one. */
	uint64_t us = roomctl_number(member, "tcp_rtt_us");
	if (us)
		snprintf(s.text, sizeof(s.text), "%u.%ums", (unsigned)(us / 1000), (unsigned)(us / 100 % 10));
	return s;
}

static void print_sent(struct json_object *sent, const char *end)
{
	static const char *const types[] = {"host", "srflx", "prflx", "relay"};
	const char *open = " (";

	printf("          sent offer %s, answer %s, ice-candidate %s", shape_count(roomctl_number(sent, "offer")).text,
	       shape_count(roomctl_number(sent, "answer")).text,
	       shape_count(roomctl_number(sent, "ice-candidate")).text);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (roomctl_number(sent, types[i])) {
			printf("%s%s %s", open, types[i], shape_count(roomctl_number(sent, types[i])).text);
			open = ", ";
		}
	printf("%s%s", *open == ',' ? ")" : "", end);
}

static void print_member(const struct roomctl *o, struct json_object *m, const char *end)
{
	printf("%s%-8.8s%s  %s %7s %7s %9s %8s  %s%s", shape_colour(o->colour, SHAPE_CYAN), roomctl_text(m, "client"),
	       shape_colour(o->colour, SHAPE_PLAIN),
	       shape_name(label_of(m), o->columns > 55 ? o->columns - 55 : 12).text,
	       shape_duration(roomctl_number(m, "age_ms")).text, shape_duration(roomctl_number(m, "idle_ms")).text,
	       round_trip(m).text, shape_count(roomctl_number(m, "queued")).text, roomctl_text(m, "state"), end);
	if (roomctl_get(m, "kept_for_ms"))
		printf("          away, seat kept for %s", shape_duration(roomctl_number(m, "kept_for_ms")).text);
	else
		printf("          %s", roomctl_text(m, "address"));
	printf("  in %s (%sB)", shape_count(roomctl_number(m, "messages_in")).text,
	       shape_count(roomctl_number(m, "bytes_in")).text);
	printf("  out %s (%sB)%s", shape_count(roomctl_number(m, "messages_out")).text,
	       shape_count(roomctl_number(m, "bytes_out")).text, end);
	print_sent(roomctl_get(m, "sent"), end);
}

void roomctl_show_print(const struct roomctl *o, struct json_object *room, const char *end)
{
	struct json_object *members = roomctl_get(room, "members");
	size_t count = members ? json_object_array_length(members) : 0;
	const char *name = roomctl_text(room, "room");

	printf("room %s%s%s, %s for %s, process %s%s", shape_colour(o->colour, SHAPE_BOLD), shape_text(name).text,
	       shape_colour(o->colour, SHAPE_PLAIN), roomctl_text(room, "state"),
	       shape_duration(roomctl_number(room, "age_ms")).text, roomctl_text(room, "pid"), end);
	if (count == 0) {
		printf("Nobody is in it.%s", end);
		return;
	}
	printf("%s%-8s  %s %7s %7s %9s %8s  %s%s%s", shape_colour(o->colour, SHAPE_BOLD), "CLIENT",
	       shape_name("LABEL", o->columns > 55 ? o->columns - 55 : 12).text, "FOR", "SEEN", "ROUNDTRIP", "QUEUED",
	       "STATE", shape_colour(o->colour, SHAPE_PLAIN), end);
	for (size_t i = 0; i < count; i++)
		print_member(o, json_object_array_get_idx(members, i), end);
}

int roomctl_show(const struct roomctl *o)
{
	struct roomctl_link link;
	struct json_object *reply;
	int status = roomctl_call(&link, o, &reply);

	if (status == ROOMCTL_DONE && o->json)
		roomctl_print_json(reply);
	else if (status == ROOMCTL_DONE)
		roomctl_show_print(o, reply, "\n");
	json_object_put(reply);
	roomctl_link_close(&link);
	return status;
}
