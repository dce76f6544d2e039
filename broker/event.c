/* event - something has happened that operators want to know. */
#include "event.h"
#include "broker.h"
#include "clock.h"
#include "log.h"
#include "shown.h"

#define LOG_ROOM(room) log_name((room)->id.bytes, (room)->id.length).text

static void begin(struct text *t, const char *event)
{
	text_field(t, "event", event);
	shown_time(t, "at_ms", clock_ms());
}

static void publish(struct broker *b, const struct room *room, struct text *t)
{
	control_publish(&b->control, room ? room->number : 0, false, t);
	text_free(t);
}

static void add_room(struct text *t, const struct room *room)
{
	text_key(t, "room");
	shown_room(t, room);
}

static void add_client(struct text *t, const struct broker *b, const struct client *c)
{
	text_key(t, "client");
	text_json(t, c->id.text, sizeof(c->id.text));
	text_key(t, "label");
	shown_label(t, b, &c->sender);
}

/* --- rooms --- */

/* An event that has nothing but its room to tell. */
static void tell_of_room(struct room *room, const char *event)
{
	struct text t = {0};

	if (!control_listens(&room->broker->control, room))
		return;
	begin(&t, event);
	add_room(&t, room);
	text_field_unsigned(&t, "members", room->members);
	publish(room->broker, room, &t);
}

void event_room_opened(struct room *room)
{
	room->broker->memory->stats.rooms_opened++;
	tell_of_room(room, "room-opened");
}

void event_room_closed(struct room *room)
{
	room->broker->memory->stats.rooms_closed++;
	tell_of_room(room, "room-closed");
}

void event_roomd_lost(struct room *room)
{
	tell_of_room(room, "roomd-lost");
}

void event_roomd_healed(struct room *room)
{
	room->broker->memory->stats.rooms_healed++;
	tell_of_room(room, "roomd-healed");
}

/* --- members --- */

/* An event that has its member to tell, and nothing else. */
static void tell_of_member(struct room *room, const struct client *c, const char *event)
{
	struct broker *b = room->broker;
	struct text t = {0};

	if (!control_listens(&b->control, room))
		return;
	begin(&t, event);
	add_room(&t, room);
	add_client(&t, b, c);
	text_field_unsigned(&t, "members", room->members);
	publish(b, room, &t);
}

void event_joined(struct room *room, const struct client *c)
{
	struct broker *b = room->broker;

	b->memory->stats.joins++;
	histogram_add(&b->memory->stats.join, clock_us() - c->asked_us);
	tell_of_member(room, c, "joined");
}

void event_left(struct room *room, const struct client *c, enum left_reason reason)
{
	struct broker *b = room->broker;
	struct text t = {0};

	b->memory->stats.left[reason]++;
	if (!control_listens(&b->control, room))
		return;
	begin(&t, "left");
	add_room(&t, room);
	add_client(&t, b, c);
	text_field(&t, "reason", left_reason_text(reason));
	text_field_unsigned(&t, "members", room->members);
	publish(b, room, &t);
}

void event_suspended(struct room *room, const struct client *c)
{
	room->broker->memory->stats.suspended++;
	tell_of_member(room, c, "suspended");
}

void event_resumed(struct room *room, const struct client *c)
{
	room->broker->memory->stats.resumes++;
	tell_of_member(room, c, "resumed");
}

void event_refused(struct broker *b, const struct client *c, const struct complaint *complaint)
{
	struct text t = {0};

	b->memory->stats.errors[complaint->code]++;
	if (!control_listens(&b->control, NULL))
		return;
	begin(&t, "refused");
	text_field(&t, "code", error_code_text(complaint->code));
	text_field_unsigned(&t, "connection", c->number);
	publish(b, NULL, &t);
}

void event_turned_away(struct broker *b, const char *bound)
{
	struct text t = {0};

	b->memory->stats.past_bound++;
	if (!control_listens(&b->control, NULL))
		return;
	begin(&t, "refused");
	text_field(&t, "code", "past-bound");
	text_field(&t, "bound", bound);
	publish(b, NULL, &t);
}

/* --- signals --- */

static const struct client *find(const struct room *room, uint64_t number)
{
	const struct client *c;

	TAILQ_FOREACH (c, &room->seated, room_link)
		if (c->number == number)
			return c;
	return NULL;
}

static void add_candidates(struct text *t, const struct candidate_counts *counts)
{
	text_key(t, "candidates");
	text_add(t, "{");
	for (int type = 0; type < CANDIDATE_TYPES_COUNT; type++)
		if (counts->of[type])
			text_field_unsigned(t, candidate_type_text((enum candidate_type)type), counts->of[type]);
	text_add(t, "}");
}

static void tell_traced(struct room *room, const struct ipc_traced *m, const struct client *from,
			const struct client *to)
{
	struct broker *b = room->broker;
	struct text t = {0};

	begin(&t, "signal");
	add_room(&t, room);
	text_field(&t, "action", client_action_text((enum client_action)m->action));
	add_client(&t, b, from);
	if (to) {
		text_key(&t, "to");
		text_json(&t, to->id.text, sizeof(to->id.text));
		text_key(&t, "to_label");
		shown_label(&t, b, &to->sender);
	}
	text_field_unsigned(&t, "bytes", m->bytes);
	add_candidates(&t, &m->candidates);
	text_field_unsigned(&t, "missed", m->missed);
	control_publish(&b->control, room->number, true, &t);
	text_free(&t);
}

bool event_traced(struct room *room, const struct ipc_traced *m)
{
	const struct client *from = find(room, m->from);
	const struct client *to = m->to ? find(room, m->to) : NULL;

	if (m->action < ACTION_OFFER || m->action > ACTION_ICE_CANDIDATE)
		return false;
	if (!from || (m->to && !to))
		return true; /* it is gone by now */
	log_debug("relayed", "room=%s client=%.8s to=%.8s action=%s bytes=%u", LOG_ROOM(room), from->id.text,
		  to ? to->id.text : "all", client_action_text((enum client_action)m->action), m->bytes);
	if (room->broker->control.tracers > 0)
		tell_traced(room, m, from, to);
	return true;
}

void event_draining(struct broker *b)
{
	struct text t = {0};

	if (!control_listens(&b->control, NULL))
		return;
	begin(&t, b->memory->draining ? "draining" : "undrained");
	publish(b, NULL, &t);
}
