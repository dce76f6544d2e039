/* heal - a room whose roomd was lost goes on in another one. */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "broker.h"
#include "event.h"
#include "heal.h"
#include "log.h"
#include "position.h"

static void on_forgotten(struct timer *timer)
{
	struct room *room = container_of(container_of(timer, struct heal, timer), struct room, heal);

	room_free(room);
}

void heal_init(struct room *room)
{
	room->heal = (struct heal){.timer.on = on_forgotten};
}

static void await(struct room *room, uint64_t heir_of)
{
	if (!room->heal.heir_of)
		TAILQ_INSERT_TAIL(&room->broker->healing, room, heal.link);
	room->heal.heir_of = heir_of;
}

static void await_no_more(struct room *room)
{
	if (room->heal.heir_of)
		TAILQ_REMOVE(&room->broker->healing, room, heal.link);
	room->heal.heir_of = 0;
}

void heal_fini(struct room *room)
{
	await_no_more(room);
	loop_timer_cancel(&room->broker->loop, &room->heal.timer);
}

bool heal_is_under_way(const struct room *room)
{
	return room->heal.heir_of != 0;
}

bool heal_is_poisoned(const struct room *room)
{
	return room->heal.poisoned;
}

/* --- poison --- */

/* Notes that a roomd was lost. Returns whether it was one too many. Only one that ended in the middle of its work or of
 * its start counts: what is killed at rest was not killed by its room. */
static bool note_death(struct room *room, const struct roomd *lost)
{
	struct heal *h = &room->heal;
	uint64_t now_ms = room->broker->loop.now_ms;

	if (!lost->ledger->working && lost->state != IPC_IN_STARTING)
		return false;
	memmove(h->deaths_ms + 1, h->deaths_ms, sizeof(h->deaths_ms) - sizeof(h->deaths_ms[0]));
	h->deaths_ms[0] = now_ms;
	return h->deaths_ms[HEAL_DEATHS_MAX - 1] && now_ms - h->deaths_ms[HEAL_DEATHS_MAX - 1] <= HEAL_POISON_MS;
}

/* The seat that a client has in a ledger, or NULL. */
static const struct seat *seat_of(const struct room *room, const struct roomd *r, const struct client *c)
{
	if (r->ledger_bytes < ledger_data_offset(&room->limits))
		return NULL;
	for (unsigned i = 0; i < ledger_seats(&room->limits); i++) {
		const struct seat *s = &r->ledger->seats[i];
		if (s->client == c->number && s->state != SEAT_FREE)
			return s;
	}
	return NULL;
}

/* Is nothing half-written to the client? Then it can be told why its connection ends; frames that have not begun to go
 * out are dropped. */
static bool is_between_frames(const struct room *room, const struct roomd *r, const struct client *c)
{
	const struct seat *s = seat_of(room, r, c);

	if (!s || r->ledger->moving == 1 + (uint32_t)(s - r->ledger->seats))
		return false;
	uint64_t ahead = position_of(c->source.fd).out_bytes - s->out_origin;
	return ahead == s->owed_boundary || ahead == s->owed_end;
}

/* Ends everyone's connection. */
static void clear(struct room *room, const struct roomd *lost, uint16_t code, const char *why)
{
	struct client *c;

	while ((c = TAILQ_FIRST(&room->seated)) || (c = TAILQ_FIRST(&room->reseating)) ||
	       (c = TAILQ_FIRST(&room->waiting))) {
		bool gently = c->state == CLIENT_WAITING ||
			      (lost && c->state != CLIENT_SUSPENDED && is_between_frames(room, lost, c));
		room_forget(room, c);
		if (gently)
			client_close(c, code, why);
		else
			client_end(c, true);
	}
}

static void poison(struct room *room, const struct roomd *lost)
{
	log_error("room-poisoned", "room=%s roomd=%llu", log_name(room->id.bytes, room->id.length).text,
		  (unsigned long long)lost->number);
	room->heal.poisoned = true;
	await_no_more(room);
	clear(room, lost, WS_CLOSE_INTERNAL, "this room fails again and again");
	keeper_release(&room->broker->keeper, lost->number);
	loop_timer_set(&room->broker->loop, &room->heal.timer, room->broker->loop.now_ms + HEAL_REMEMBER_MS);
}

/* --- the heir --- */

void heal_begin(struct room *room, struct roomd *lost)
{
	struct broker *b = room->broker;
	struct client *c;

	room->roomd = NULL;
	lost->room = NULL;
	event_roomd_lost(room);
	census_cancel(room);
	while ((c = TAILQ_FIRST(&room->seated)) != NULL)
		room_move(room, c, &room->reseating);
	bool poisoned = note_death(room, lost);
	if (poisoned || TAILQ_EMPTY(&room->reseating))
		stats_add_room(&b->memory->stats.rooms, &lost->ledger->traffic);
	if (poisoned) {
		poison(room, lost);
	} else if (TAILQ_EMPTY(&room->reseating)) {
		roster_close(lost);
		keeper_release(&b->keeper, lost->number);
		await_no_more(room);
		room_begin_or_end(room);
	} else {
		await(room, lost->number);
		keeper_heir(&b->keeper, lost->number);
	}
	roomd_free(lost);
}

static struct room *find_awaiting(struct broker *b, uint64_t heir_of)
{
	struct room *room;

	TAILQ_FOREACH (room, &b->healing, heal.link)
		if (room->heal.heir_of == heir_of)
			return room;
	return NULL;
}

void heal_on_heir(struct broker *b, uint64_t heir_of, const struct roomd_start *start)
{
	struct room *room = find_awaiting(b, heir_of);
	struct roomd *r = NULL;

	if (room)
		r = roomd_new(b, start);
	else
		roomd_start_close(start);
	if (!r) {
		keeper_release(&b->keeper, start->number); /* its channel ends, and so does it */
		heal_on_no_heir(b, heir_of);
		return;
	}
	r->heir = true;
	r->room = room;
}

void heal_on_no_heir(struct broker *b, uint64_t heir_of)
{
	struct room *room = find_awaiting(b, heir_of);
	struct client *c;

	if (!room)
		return;
	await_no_more(room);
	while ((c = TAILQ_FIRST(&room->reseating)) != NULL)
		client_end(c, true);
	room_begin_or_end(room);
}

void heal_finish(struct room *room, struct roomd *heir)
{
	struct ipc_reopen reopen = {.open = room->limits};
	struct client *c;
	struct client *before;

	await_no_more(room);
	room->roomd = heir;
	for (c = TAILQ_LAST(&room->reseating, client_list); c; c = before) {
		before = TAILQ_PREV(c, client_list, room_link);
		if (c->state == CLIENT_SUSPENDED || seat_of(room, heir, c)) {
			reopen.reseats++;
		} else {
			/* Its ADOPT was lost on the way. Another may be seated first, and take its place in the roster.
			 */
			roster_leave(room, c);
			room_wait_first(room, c);
		}
	}
	roster_prune(room);
	room->traced = false;
	room->sent = 0;
	room->vacant = false;                               /* it will say EMPTY if it is */
	roomd_send(heir, IPC_REOPEN, &reopen, NULL, 0, -1); /* the first message: if it fails, the channel has ended */
	heir->state = IPC_IN_OPEN;
	log_info("room-healed", "room=%s roomd=%llu members=%u", log_name(room->id.bytes, room->id.length).text,
		 (unsigned long long)heir->number, room->members);
	event_roomd_healed(room);
	room_seat(room);
}

/* Tells the heir of one client. Returns 0 or -errno. */
static int reseat(const struct room *room, const struct client *c)
{
	if (c->state == CLIENT_SUSPENDED)
		return roomd_send(room->roomd, IPC_KEEP, &(struct ipc_which_client){c->number}, NULL, 0, -1);
	struct position at = position_of(c->source.fd);
	struct ipc_reseat body = {.client = c->number,
				  .in_bytes = at.in_bytes,
				  .out_bytes = at.out_bytes,
				  .member = c->member,
				  .no_stream = at.no_stream};
	return roomd_send(room->roomd, IPC_RESEAT, &body, NULL, 0, c->source.fd);
}

bool heal_reseat(struct room *room)
{
	struct client *c;

	while ((c = TAILQ_FIRST(&room->reseating)) != NULL) {
		int error = reseat(room, c);
		if (error == -ETOOMANYREFS)
			loop_timer_set(&room->broker->loop, &room->timer, room->broker->loop.now_ms + 10);
		if (error < 0)
			return false; /* later; or the channel has ended, which its reader sees */
		room_move(room, c, &room->seated);
	}
	return true;
}
