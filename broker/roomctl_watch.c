/* roomctl_watch - what happens, a line each. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "roomctl_link.h"
#include "roomctl_shape.h"

static enum shape_colour colour_of(const char *event)
{
	if (strcmp(event, "joined") == 0 || strcmp(event, "roomd-healed") == 0 || strcmp(event, "resumed") == 0)
		return SHAPE_GREEN;
	if (strcmp(event, "refused") == 0 || strcmp(event, "roomd-lost") == 0)
		return SHAPE_RED;
	if (strcmp(event, "left") == 0 || strcmp(event, "draining") == 0 || strcmp(event, "missed") == 0 ||
	    strcmp(event, "suspended") == 0)
		return SHAPE_YELLOW;
	return SHAPE_DIM;
}

/* ` key name`, if it is there. */
static void print_part(const char *before, const char *text)
{
	if (*text)
		printf("%s%s", before, shape_text(text).text);
}

static void print_event(const struct roomctl *o, struct json_object *e)
{
	const char *event = roomctl_text(e, "event");
	char client[16];

	snprintf(client, sizeof(client), "%.8s", roomctl_text(e, "client"));
	printf("%s%s%s %s%-12s%s", shape_colour(o->colour, SHAPE_DIM),
	       roomctl_get(e, "at_ms") ? shape_time(roomctl_number(e, "at_ms")).text : "            ",
	       shape_colour(o->colour, SHAPE_PLAIN), shape_colour(o->colour, colour_of(event)), event,
	       shape_colour(o->colour, SHAPE_PLAIN));
	print_part(" ", roomctl_text(e, "room"));
	print_part(" ", client);
	print_part(" ", roomctl_text(e, "label"));
	print_part(": ", roomctl_text(e, "reason"));
	print_part(" ", roomctl_text(e, "code"));
	print_part(" ", roomctl_text(e, "bound"));
	if (roomctl_get(e, "count"))
		printf(" %" PRIu64 " events", roomctl_number(e, "count"));
	if (roomctl_get(e, "members"))
		printf(" (%" PRIu64 " now)", roomctl_number(e, "members"));
	printf("\n");
	fflush(stdout);
}

int roomctl_watch(const struct roomctl *o)
{
	struct roomctl_link link;
	struct json_object *reply;
	uint64_t end_ms = o->for_ms == UINT64_MAX ? UINT64_MAX : clock_ms() + o->for_ms;
	int status = roomctl_call(&link, o, &reply);

	json_object_put(reply);
	while (status == ROOMCTL_DONE) {
		uint64_t now_ms = clock_ms();
		if (now_ms >= end_ms)
			break;
		status = roomctl_link_read(&link, o->for_ms == UINT64_MAX ? -1 : (int)(end_ms - now_ms), &reply);
		if (status == ROOMCTL_DONE && o->json)
			roomctl_print_json(reply);
		else if (status == ROOMCTL_DONE)
			print_event(o, reply);
		json_object_put(reply);
		if (status == ROOMCTL_TIMEOUT) {
			status = ROOMCTL_DONE;
			if (o->for_ms == UINT64_MAX)
				break;
		}
	}
	roomctl_link_close(&link);
	return status;
}
