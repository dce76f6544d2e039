/* control_act - what operators do: kick, close, drain, log. All of it is logged, with who did it. */
#include <errno.h>
#include <string.h>

#include "broker.h"
#include "event.h"
#include "log.h"
#include "room_order.h"
#include "shown.h"

#define LOG_ROOM(room) log_name((room)->id.bytes, (room)->id.length).text

/* Of an id, so many digits say who is meant: the log shows eight. */
#define ID_DIGITS_MIN 4

/* --- who is meant --- */

static bool is_meant(const struct client *c, const struct control_text *who)
{
	if (who->length >= ID_DIGITS_MIN && who->length <= sizeof(c->id.text) &&
	    memcmp(c->id.text, who->bytes, who->length) == 0)
		return true;
	return shown_label_is(c->broker, &c->sender, who->bytes, who->length);
}

/* Looks through one list of a room's clients. Returns false when somebody is meant beyond doubt. */
static bool look_through(const struct client_list *list, const struct control_text *who, struct client **found,
			 unsigned *count)
{
	struct client *c;

	TAILQ_FOREACH (c, list, room_link) {
		if (!c->member || !is_meant(c, who))
			continue;
		*found = c;
		*count += 1;
		if (who->length == sizeof(c->id.text) && memcmp(c->id.text, who->bytes, who->length) == 0) {
			*count = 1;
			return false;
		}
	}
	return true;
}

static struct client *find_client(const struct room *room, const struct control_text *who,
				  struct control_refusal *refusal)
{
	struct client *found = NULL;
	unsigned count = 0;

	if (look_through(&room->seated, who, &found, &count))
		look_through(&room->waiting, who, &found, &count);
	if (count == 1)
		return found;
	if (count > 1)
		control_refuse(
		    refusal, CONTROL_AMBIGUOUS_CLIENT,
		    "%u members of this room are called so: give the id of the one you mean (\"show\" has it).", count);
	else
		control_refuse(refusal, CONTROL_NO_SUCH_CLIENT,
			       "There is no such member in this room: give an id, at least its first %d digits, or a "
			       "label (\"show\" has them).",
			       ID_DIGITS_MIN);
	return NULL;
}

/* --- what is done --- */

static bool told(int error, struct control_refusal *refusal)
{
	if (error == 0)
		return true;
	control_refuse(refusal, CONTROL_BUSY, "The room's process can't be told at this moment: try again.");
	return false;
}

bool control_kick(struct control_client *operator, struct room * room, const struct control_text *who,
		  struct control_refusal *ret_refusal)
{
	struct client *c = find_client(room, who, ret_refusal);

	if (!c)
		return false;
	log_always("kick", "uid=%u pid=%d room=%s client=%.8s", operator->uid, operator->pid, LOG_ROOM(room),
		   c->id.text);
	return told(room_kick(room, c), ret_refusal);
}

bool control_close_room(struct control_client *operator, struct room * room, struct control_refusal *ret_refusal)
{
	log_always("close-room", "uid=%u pid=%d room=%s members=%u", operator->uid, operator->pid, LOG_ROOM(room),
		   room->members);
	return told(room_close(room), ret_refusal);
}

void control_drain(struct control_client *operator, bool drains)
{
	struct broker *b = operator->control->broker;

	log_always(drains ? "drain" : "undrain", "uid=%u pid=%d rooms=%u", operator->uid, operator->pid,
		   b->registry.count);
	text_field_bool(&operator->output, "changed", b->memory->draining != drains);
	text_field_unsigned(&operator->output, "rooms", b->registry.count);
	text_field_unsigned(&operator->output, "members", registry_members(&b->registry));
	if (b->memory->draining == drains)
		return;
	b->memory->draining = drains;
	event_draining(b);
}

void control_log(struct control_client *operator, int level)
{
	struct broker *b = operator->control->broker;

	log_always("log-level", "uid=%u pid=%d level=%s before=%s", operator->uid, operator->pid,
		   log_level_text((enum log_level)level), log_level_text((enum log_level)b->settings.log_level));
	text_field(&operator->output, "level", log_level_text((enum log_level)level));
	text_field(&operator->output, "before", log_level_text((enum log_level)b->settings.log_level));
	if (!b->memory->log_chosen)
		b->memory->log_setting = (uint32_t)b->settings.log_level;
	b->memory->log_chosen = true;
	b->memory->log_level = (uint32_t)level;
	b->settings.log_level = level;
	log_set_level((enum log_level)level);
	for (struct room *room = registry_after(&b->registry, NULL); room; room = registry_next(room))
		room_retrace(room);
}
