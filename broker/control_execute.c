/* control_execute - one request: whose it is, what it names, who answers it. */
#include <stdio.h>
#include <string.h>

#include "broker.h"
#include "log.h"
#include "registry.h"
#include "room_order.h"
#include "shown.h"

/* --- what a request names --- */

/* A hash, or #NUMBER: how rooms are shown where names may not be. */
static struct room *find_shown(struct broker *b, const struct control_text *text, struct control_refusal *refusal)
{
	struct room *found = NULL;

	for (struct room *room = registry_after(&b->registry, NULL); room; room = registry_next(room)) {
		if (!shown_room_is(b, room, text->bytes, text->length))
			continue;
		if (found) {
			control_refuse(refusal, CONTROL_AMBIGUOUS_ROOM,
				       "Two rooms have the same hash: name the one you mean, or use its \"#NUMBER\".");
			return NULL;
		}
		found = room;
	}
	if (!found)
		control_refuse(refusal, CONTROL_NO_SUCH_ROOM,
			       "There is no such room: \"list\" shows those that there are.");
	return found;
}

static struct room *find_room(struct broker *b, const struct control_text *text, struct control_refusal *refusal)
{
	struct name name;
	struct room *room = name_set(&name, text->bytes, text->length) ? NULL : registry_find(&b->registry, &name);

	return room ? room : find_shown(b, text, refusal);
}

/* --- streams --- */

void control_stop_streams(struct control_client *c)
{
	struct broker *b = c->control->broker;
	uint64_t traced = c->traced;

	c->control->watchers -= c->watching;
	c->control->tracers -= c->traced != 0;
	c->watching = false;
	c->traced = 0;
	if (traced)
		room_retrace_number(b, traced);
}

static void watch(struct control_client *c, const char *id)
{
	control_stop_streams(c);
	c->watching = true;
	c->control->watchers++;
	snprintf(c->watch_id, sizeof(c->watch_id), "%s", id);
}

static void trace(struct control_client *c, struct room *room, const char *id)
{
	control_stop_streams(c);
	c->traced = room->number;
	c->control->tracers++;
	snprintf(c->trace_id, sizeof(c->trace_id), "%s", id);
	room_retrace(room);
	control_show(c, room); /* what was before */
}

static void begin_list(struct control_client *c, const char *id)
{
	c->listing = true;
	c->listed = (struct name){0};
	snprintf(c->list_id, sizeof(c->list_id), "%s", id);
}

/* --- one request --- */

static bool is_allowed(const struct control_client *c, const struct control_request *r, struct control_refusal *refusal)
{
	if (control_command_right(r->command) == CONTROL_LOOK ? c->may_look : c->may_act)
		return true;
	log_warn("control-refused", "uid=%u command=%s", c->uid, control_command_text(r->command));
	if (!c->may_look)
		control_refuse(refusal, CONTROL_NOT_ALLOWED,
			       "You may not look: be root, or in the group that the setting control_group names.");
	else
		control_refuse(refusal, CONTROL_NOT_ALLOWED,
			       "You may look, but not act: be root, or in the group that the setting "
			       "control_admin_group names.");
	return false;
}

/* Serves what needs a room. Returns false, and the refusal, if it can't be. */
static bool serve_room(struct control_client *c, const struct control_request *r, struct control_refusal *refusal)
{
	struct room *room = find_room(c->control->broker, &r->room, refusal);

	if (!room)
		return false;
	if (r->command == CONTROL_COMMAND_KICK && !control_kick(c, room, &r->client, refusal))
		return false;
	if (r->command == CONTROL_COMMAND_CLOSE && !control_close_room(c, room, refusal))
		return false;
	control_reply_begin(c, r->id);
	if (r->command == CONTROL_COMMAND_SHOW)
		control_show(c, room);
	else if (r->command == CONTROL_COMMAND_TRACE)
		trace(c, room, r->id);
	control_reply_end(c);
	return true;
}

static void serve(struct control_client *c, const struct control_request *r)
{
	if (r->command == CONTROL_COMMAND_LIST) {
		begin_list(c, r->id);
		return;
	}
	control_reply_begin(c, r->id);
	switch (r->command) {
	case CONTROL_COMMAND_STATUS:
		control_status(c);
		break;
	case CONTROL_COMMAND_SETTINGS:
		control_settings(c);
		break;
	case CONTROL_COMMAND_WATCH:
		watch(c, r->id);
		break;
	case CONTROL_COMMAND_DRAIN:
	case CONTROL_COMMAND_UNDRAIN:
		control_drain(c, r->command == CONTROL_COMMAND_DRAIN);
		break;
	case CONTROL_COMMAND_LOG:
		control_log(c, r->level);
		break;
	default:
		break;
	}
	control_reply_end(c);
}

void control_execute(struct control_client *c, const char *line, size_t n)
{
	struct control_request r;
	struct control_refusal refusal;
	size_t before = c->output.length;

	if (control_request_parse(line, n, &r, &refusal) == 0 && is_allowed(c, &r, &refusal)) {
		bool of_room = r.command == CONTROL_COMMAND_SHOW || r.command == CONTROL_COMMAND_TRACE ||
			       r.command == CONTROL_COMMAND_KICK || r.command == CONTROL_COMMAND_CLOSE;
		if (!of_room) {
			serve(c, &r);
			return;
		}
		if (serve_room(c, &r, &refusal))
			return;
	}
	c->output.length = before;
	control_reply_refusal(c, r.id, &refusal);
}
