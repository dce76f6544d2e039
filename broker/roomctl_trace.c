/* roomctl_trace - the signaling of one room as a ladder, live, and in words what is missing. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "roomctl_ladder.h"
#include "roomctl_link.h"
#include "roomctl_shape.h"

/* After so long without a signal, what is missing is said (again, if it is something else). */
#define QUIET_MS 2000

/* Where the lanes begin: behind the time. */
#define MARGIN 13

#define FINDINGS_MAX (LADDER_MEMBERS * LADDER_MEMBERS)

struct trace {
	const struct roomctl *options;
	struct ladder ladder;
	char said[512]; /* the findings as they were last said: their verdicts */
	bool over;
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

/* --- the picture --- */

static unsigned lane(const struct trace *t, unsigned member)
{
	unsigned width = t->options->columns > MARGIN + 20 ? t->options->columns - MARGIN - 1 : 40;
	unsigned lanes = t->ladder.count > 1 ? t->ladder.count : 2;

	return width * (2 * member + 1) / (2 * lanes);
}

static void put(char *line, unsigned at, const char *text)
{
	size_t length = strlen(text);

	memcpy(line + at, text, length < 250 - at ? length : 250 - at);
}

/* Draws the lanes, and an arrow with a text from one to another (or to all). */
static void draw(const struct trace *t, uint64_t at_ms, unsigned from, unsigned to, const char *text)
{
	char line[256];
	unsigned first = lane(t, from), last = first;

	memset(line, ' ', sizeof(line));
	line[255] = '\0';
	for (unsigned i = 0; i < t->ladder.count; i++) {
		line[lane(t, i)] = t->ladder.members[i].present ? '|' : ' ';
		if (i == to || (to >= t->ladder.count && i != from)) {
			first = lane(t, i) < first ? lane(t, i) : first;
			last = lane(t, i) > last ? lane(t, i) : last;
		}
	}
	for (unsigned at = first + 1; at < last; at++)
		line[at] = '-';
	if (first < lane(t, from))
		line[first + 1] = '<';
	if (last > lane(t, from))
		line[last - 1] = '>';
	line[lane(t, from)] = '*';
	unsigned length = (unsigned)strlen(text);
	if (last - first > length + 6)
		put(line, (first + last - length) / 2, text);
	unsigned end = 250;
	while (end > 0 && line[end - 1] == ' ')
		end--;
	line[end] = '\0';
	printf("%s%s%s %s%s%s\n", shape_colour(t->options->colour, SHAPE_DIM), shape_time(at_ms).text,
	       shape_colour(t->options->colour, SHAPE_PLAIN), line, last - first > length + 6 ? "" : "  ",
	       last - first > length + 6 ? "" : text);
}

/* The names above the lanes. */
static void draw_names(const struct trace *t)
{
	unsigned at = 0;

	printf("%*s", MARGIN, "");
	for (unsigned i = 0; i < t->ladder.count; i++) {
		unsigned room = lane(t, 1) - lane(t, 0);
		const char *name = t->ladder.members[i].name;
		unsigned width = shape_width(name) < room - 1 ? shape_width(name) : room - 1;
		unsigned begin = lane(t, i) > width / 2 ? lane(t, i) - width / 2 : 0;
		for (; at < begin; at++)
			putchar(' ');
		printf("%s%s%s", shape_colour(t->options->colour, SHAPE_CYAN), shape_name(name, width).text,
		       shape_colour(t->options->colour, SHAPE_PLAIN));
		at += width;
	}
	printf("\n");
}

/* --- what comes --- */

static const char *const type_names[LADDER_TYPES] = {"host", "srflx", "prflx", "relay", "unknown"};

static struct ladder_candidates read_candidates(struct json_object *counts, bool at_least_one)
{
	struct ladder_candidates c = {{0}};
	uint64_t sum = 0;

	for (int i = 0; i < LADDER_UNKNOWN; i++)
		sum += c.of[i] = roomctl_number(counts, type_names[i]);
	if (sum == 0 && at_least_one)
		c.of[LADDER_UNKNOWN] = 1;
	return c;
}

static void describe(char text[80], const char *action, uint64_t bytes, const struct ladder_candidates *c)
{
	int n = snprintf(text, 80, " %s", action);

	for (int i = 0; i < LADDER_UNKNOWN && n < 60; i++)
		if (c->of[i] > 1)
			n += snprintf(text + n, 80 - (size_t)n, " %" PRIu64 " %s", c->of[i], type_names[i]);
		else if (c->of[i])
			n += snprintf(text + n, 80 - (size_t)n, " %s", type_names[i]);
	snprintf(text + n, 80 - (size_t)n, " %sB ", shape_count(bytes).text);
}

static void on_signal(struct trace *t, struct json_object *e)
{
	const char *action = roomctl_text(e, "action");
	unsigned from = ladder_member(&t->ladder, roomctl_text(e, "client"), roomctl_text(e, "label"));
	const char *target = roomctl_text(e, "to");
	unsigned to = *target ? ladder_member(&t->ladder, target, roomctl_text(e, "to_label")) : LADDER_MEMBERS;
	enum ladder_signal signal = strcmp(action, "offer") == 0    ? LADDER_OFFER
				    : strcmp(action, "answer") == 0 ? LADDER_ANSWER
								    : LADDER_CANDIDATE;
	struct ladder_candidates c = read_candidates(roomctl_get(e, "candidates"), signal == LADDER_CANDIDATE);
	char text[80];

	ladder_signal(&t->ladder, from, to, signal, &c);
	if (t->options->json || from == LADDER_MEMBERS)
		return;
	describe(text, action, roomctl_number(e, "bytes"), &c);
	draw(t, roomctl_number(e, "at_ms"), from, to, text);
}

static void on_event(struct trace *t, struct json_object *e)
{
	const char *event = roomctl_text(e, "event");
	const char *id = roomctl_text(e, "client");

	if (strcmp(event, "signal") == 0) {
		on_signal(t, e);
		return;
	}
	if (strcmp(event, "joined") == 0)
		ladder_member(&t->ladder, id, roomctl_text(e, "label"));
	else if (strcmp(event, "left") == 0)
		ladder_leave(&t->ladder, id);
	t->over |= strcmp(event, "room-closed") == 0;
	if (t->options->json)
		return;
	printf("%s%s%s %s%s%s%s%s%s\n", shape_colour(t->options->colour, SHAPE_DIM),
	       shape_time(roomctl_number(e, "at_ms")).text, shape_colour(t->options->colour, SHAPE_PLAIN),
	       shape_colour(t->options->colour, SHAPE_YELLOW), event, *id ? " " : "",
	       *id ? t->ladder.members[ladder_member(&t->ladder, id, roomctl_text(e, "label")) % LADDER_MEMBERS].name
		   : "",
	       *roomctl_text(e, "reason") ? ": " : "", roomctl_text(e, "reason"));
	printf("%s", shape_colour(t->options->colour, SHAPE_PLAIN));
	if (strcmp(event, "joined") == 0)
		draw_names(t);
}

/* What was before we looked. */
static void on_snapshot(struct trace *t, struct json_object *reply)
{
	struct json_object *members = roomctl_get(reply, "members");

	for (size_t i = 0; members && i < json_object_array_length(members); i++) {
		struct json_object *m = json_object_array_get_idx(members, i);
		struct json_object *sent = roomctl_get(m, "sent");
		const uint64_t signals[LADDER_SIGNALS] = {roomctl_number(sent, "offer"), roomctl_number(sent, "answer"),
							  roomctl_number(sent, "ice-candidate")};
		struct ladder_candidates c = read_candidates(sent, signals[LADDER_CANDIDATE] > 0);
		unsigned from = ladder_member(&t->ladder, roomctl_text(m, "client"), roomctl_text(m, "label"));

		ladder_before(&t->ladder, from, signals, &c);
		if (!t->options->json)
			printf("%s has sent %" PRIu64 " offers, %" PRIu64 " answers, %" PRIu64 " candidates\n",
			       t->ladder.members[from % LADDER_MEMBERS].name, signals[0], signals[1], signals[2]);
	}
	ladder_begun(&t->ladder);
	if (!t->options->json)
		draw_names(t);
	fflush(stdout);
}

/* --- what is missing --- */

/* Says it, unless it was said. Returns whether anything is. */
static bool say_findings(struct trace *t)
{
	struct ladder_finding findings[FINDINGS_MAX];
	unsigned count = ladder_findings(&t->ladder, findings, FINDINGS_MAX);
	char now[sizeof(t->said)] = "";
	bool missing = false;

	for (unsigned i = 0; i < count; i++) {
		size_t n = strlen(now);
		snprintf(now + n, sizeof(now) - n, "%u%u%u ", findings[i].a, findings[i].b, findings[i].verdict);
		missing |= findings[i].verdict != LADDER_COMPLETE;
	}
	for (unsigned i = 0; i < count && strcmp(now, t->said) != 0; i++) {
		const struct ladder_finding *f = &findings[i];
		if (t->options->json) {
			struct json_object *o = json_object_new_object();
			json_object_object_add(o, "event", json_object_new_string("verdict"));
			json_object_object_add(o, "code", json_object_new_string(ladder_verdict_text(f->verdict)));
			json_object_object_add(o, "sentence", json_object_new_string(f->sentence));
			roomctl_print_json(o);
			json_object_put(o);
			continue;
		}
		printf("%s=> %s%s\n",
		       shape_colour(t->options->colour, f->verdict == LADDER_COMPLETE ? SHAPE_GREEN : SHAPE_RED),
		       shape_text(f->sentence).text, shape_colour(t->options->colour, SHAPE_PLAIN));
	}
	fflush(stdout);
	memcpy(t->said, now, sizeof(now));
	return missing;
}

static int follow(struct trace *t, struct roomctl_link *link)
{
	uint64_t end_ms = t->options->for_ms == UINT64_MAX ? UINT64_MAX : clock_ms() + t->options->for_ms;
	int status = ROOMCTL_DONE;

	while (status == ROOMCTL_DONE && !t->over && !interrupted && clock_ms() < end_ms) {
		struct json_object *event = NULL;
		uint64_t left_ms = end_ms - clock_ms();
		status = roomctl_link_read(link, left_ms < QUIET_MS ? (int)left_ms : QUIET_MS, &event);
		if (status == ROOMCTL_TIMEOUT) {
			say_findings(t);
			status = ROOMCTL_DONE;
		} else if (status == ROOMCTL_DONE) {
			if (t->options->json)
				roomctl_print_json(event);
			on_event(t, event);
			fflush(stdout);
		}
		json_object_put(event);
	}
	return status;
}

int roomctl_trace(const struct roomctl *o)
{
	struct trace t = {.options = o};
	struct roomctl_link link;
	struct json_object *reply;
	int status = roomctl_call(&link, o, &reply);

	sigaction(SIGINT, &(struct sigaction){.sa_handler = on_interrupt}, NULL);
	if (status == ROOMCTL_DONE && o->json)
		roomctl_print_json(reply);
	if (status == ROOMCTL_DONE)
		on_snapshot(&t, reply);
	json_object_put(reply);
	if (status == ROOMCTL_DONE)
		status = follow(&t, &link);
	if (status == ROOMCTL_DONE && say_findings(&t))
		status = ROOMCTL_MISSING;
	roomctl_link_close(&link);
	return status;
}
