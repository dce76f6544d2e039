/* control_show - the replies that only look: status, list, show, settings. */
#include <assert.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "broker.h"
#include "ledger_view.h"
#include "log.h"
#include "namespaces.h"
#include "room_order.h"
#include "sandbox_layers.h"
#include "setting_table.h"
#include "shown.h"

/* --- status --- */

static void add_layers(struct text *t, const char *key, uint32_t layers)
{
	static const char *const names[] = {"no_new_privs", "seccomp", "landlock", "rlimits", "not-dumpable"};

	static_assert(SANDBOX_ALL == (1 << sizeof(names) / sizeof(names[0])) - 1, "each has its name");
	text_key(t, key);
	text_add(t, "[");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (layers & 1U << i) {
			text_comma(t);
			text_json(t, names[i], strlen(names[i]));
		}
	text_add(t, "]");
}

/* What is in force in every roomd, and in the broker. */
static void add_sandbox(struct text *t, uint32_t roomd, uint32_t broker)
{
	text_key(t, "sandbox");
	text_add(t, "{");
	add_layers(t, "roomd", roomd);
	add_layers(t, "roomd_missing", SANDBOX_ALL & ~roomd);
	add_layers(t, "broker", broker);
	add_layers(t, "broker_missing", SANDBOX_ALL & ~broker);
	text_add(t, "}");
}

/* What the service's unit, or the container, leaves possible to those that are not locked in. */
static void add_namespaces(struct text *t, uint32_t possible)
{
	text_key(t, "namespaces");
	text_add(t, "[");
	for (unsigned i = 0; i < NAMESPACES_KINDS; i++)
		if (possible & 1U << i) {
			text_comma(t);
			text_json(t, namespaces_name(i), strlen(namespaces_name(i)));
		}
	text_add(t, "]");
}

/* How much there is, and how much there may be; 0: no bound. */
static void add_level(struct text *t, const char *key, uint64_t now, uint64_t most)
{
	text_key(t, key);
	text_add(t, "{");
	text_field_unsigned(t, "now", now);
	text_field_unsigned(t, "max", most);
	text_add(t, "}");
}

static void add_totals(struct text *t, const struct stats *s)
{
	text_key(t, "totals");
	text_add(t, "{");
	text_field_unsigned(t, "connections", s->connections);
	text_field_unsigned(t, "past_bound", s->past_bound);
	text_field_unsigned(t, "joins", s->joins);
	text_field_unsigned(t, "resumes", s->resumes);
	text_field_unsigned(t, "resumes_refused", s->resumes_refused);
	text_field_unsigned(t, "rooms_opened", s->rooms_opened);
	text_field_unsigned(t, "rooms_closed", s->rooms_closed);
	text_field_unsigned(t, "roomds_started", s->roomds_started);
	text_field_unsigned(t, "roomds_lost", s->roomds_lost);
	text_field_unsigned(t, "rooms_healed", s->rooms_healed);
	text_add(t, "}");
}

void control_status(struct control_client *c)
{
	struct broker *b = c->control->broker;
	struct text *t = &c->output;

	text_field(t, "version", VIDEO_SIGNALING_VERSION);
	text_field(t, "state", b->memory->draining ? "draining" : b->serving ? "serving" : "starting");
	text_field_unsigned(t, "uptime_ms", b->loop.now_ms - b->memory->started_ms);
	text_field_unsigned(t, "pid", (uint64_t)b->control.own_pid);
	text_field_unsigned(t, "keeper_pid", (uint64_t)b->control.keeper_pid);
	add_level(t, "connections", b->clients.count, b->settings.max_connections);
	add_level(t, "lobby", b->clients.outside, b->settings.max_lobby);
	add_level(t, "rooms", b->registry.count, b->settings.max_rooms);
	text_field_unsigned(t, "members", registry_members(&b->registry));
	text_field_unsigned(t, "suspended", b->clients.suspended);
	text_key(t, "pool");
	text_add(t, "{");
	text_field_unsigned(t, "warm", b->pool.warm);
	text_field_unsigned(t, "starting", b->pool.starting);
	text_field_unsigned(t, "size", b->settings.pool_size);
	text_add(t, "}");
	/* keeper, broker, and a roomd for each room and in the pool */
	text_field_unsigned(t, "processes", 2 + b->roomds);
	add_sandbox(t, b->pool.sandbox_layers, b->sandbox_layers);
	add_namespaces(t, b->namespaces);
	text_field(t, "log_level", log_level_text((enum log_level)b->settings.log_level));
	text_field_unsigned(t, "operators", c->control->count);
	text_field_unsigned(t, "watchers", c->control->watchers + c->control->tracers);
	text_field_bool(t, "may_act", c->may_act);
	add_totals(t, &b->memory->stats);
}

/* --- list --- */

/* Members whose connection was lost, and whose seat is kept. */
static unsigned suspended_of(const struct room *room)
{
	const struct client *c;
	unsigned count = 0;

	TAILQ_FOREACH (c, &room->seated, room_link)
		count += c->state == CLIENT_SUSPENDED;
	return count;
}

static void add_room(struct text *t, const struct room *room)
{
	struct room_traffic traffic = ledger_view_room(room);

	text_comma(t);
	text_add(t, "{");
	text_key(t, "room");
	shown_room(t, room);
	/* At once, for there may be thousands. */
	text_format(t,
		    ",\"number\":%" PRIu64 ",\"members\":%u,\"suspended\":%u,\"age_ms\":%" PRIu64
		    ",\"state\":\"%s\",\"pid\":%d,"
		    "\"messages\":%" PRIu64 ",\"bytes\":%" PRIu64,
		    room->number, room->members, suspended_of(room), room->broker->loop.now_ms - room->opened_ms,
		    room_state_text(room), room->roomd ? room->roomd->pid : 0, traffic.messages_in, traffic.bytes_in);
	text_add(t, "}");
}

void control_list_more(struct control_client *c)
{
	struct broker *b = c->control->broker;
	struct text *t = &c->output;
	struct room *room = registry_after(&b->registry, c->listed.length ? &c->listed : NULL);

	control_reply_begin(c, c->list_id);
	text_key(t, "rooms");
	text_add(t, "[");
	for (int i = 0; i < LIMIT_CONTROL_LIST_ROOMS && room; i++) {
		add_room(t, room);
		c->listed = room->id;
		room = registry_next(room);
	}
	text_add(t, "]");
	c->listing = room != NULL;
	text_field_bool(t, "more", c->listing);
	control_reply_end(c);
}

/* --- show --- */

/* Whence it came: through a proxy, what that said. */
static void add_address(struct text *t, const struct peer *peer)
{
	char where[PEER_TEXT_BYTES];

	peer_write(peer, where);
	text_field(t, "address", where);
}

static void add_tcp(struct text *t, int fd)
{
	struct tcp_info info;
	socklen_t length = sizeof(info);

	if (fd >= 0 && getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0)
		text_field_unsigned(t, "tcp_rtt_us", info.tcpi_rtt);
}

static void add_sent(struct text *t, const struct seat_traffic *traffic)
{
	text_key(t, "sent");
	text_add(t, "{");
	for (int i = 0; i < TRAFFIC_SIGNALS; i++)
		text_field_unsigned(t, client_action_text((enum client_action)(ACTION_OFFER + i)), traffic->signals[i]);
	for (int i = 0; i < CANDIDATE_TYPES_COUNT; i++)
		text_field_unsigned(t, candidate_type_text((enum candidate_type)i), traffic->candidates.of[i]);
	text_add(t, "}");
}

static const char *state_text(const struct client *c)
{
	return c->state == CLIENT_SEATED ? "seated" : c->state == CLIENT_SUSPENDED ? "suspended" : "waiting";
}

static void add_member(struct text *t, const struct client *c, const struct room *room, unsigned *hint)
{
	const struct broker *b = c->broker;
	struct seat_view seat = {0};

	text_comma(t);
	text_add(t, "{");
	text_key(t, "client");
	text_json(t, c->id.text, sizeof(c->id.text));
	text_key(t, "label");
	shown_label(t, b, &c->sender);
	if (c->state != CLIENT_SUSPENDED)
		add_address(t, &c->peer);
	text_field_unsigned(t, "age_ms", b->loop.now_ms - c->joined_ms);
	text_field(t, "state", state_text(c));
	if (ledger_view_seat(room, c->number, hint, &seat)) {
		text_field_unsigned(t, "messages_in", seat.traffic.messages_in);
		text_field_unsigned(t, "bytes_in", seat.traffic.bytes_in);
		text_field_unsigned(t, "messages_out", seat.traffic.messages_out);
		text_field_unsigned(t, "bytes_out", seat.traffic.bytes_out);
		text_field_unsigned(t, "queued", seat.queued);
		text_field_unsigned(t, "idle_ms", b->loop.now_ms > seat.heard_ms ? b->loop.now_ms - seat.heard_ms : 0);
		if (seat.traffic.rtt_ms)
			text_field_unsigned(t, "rtt_ms", seat.traffic.rtt_ms - 1);
		if (c->resume.listed)
			text_field_unsigned(t, "kept", seat.kept);
		if (c->state == CLIENT_SUSPENDED)
			text_field_unsigned(t, "kept_for_ms",
					    seat.until_ms > b->loop.now_ms ? seat.until_ms - b->loop.now_ms : 0);
		add_sent(t, &seat.traffic);
	}
	add_tcp(t, c->source.fd);
	text_add(t, "}");
}

void control_show(struct control_client *c, struct room *room)
{
	struct text *t = &c->output;
	const struct client *member;
	unsigned hint = 0;

	text_key(t, "room");
	shown_room(t, room);
	text_field_unsigned(t, "number", room->number);
	text_field_unsigned(t, "age_ms", room->broker->loop.now_ms - room->opened_ms);
	text_field(t, "state", room_state_text(room));
	text_field_unsigned(t, "pid", room->roomd ? (uint64_t)room->roomd->pid : 0);
	text_key(t, "members");
	text_add(t, "[");
	TAILQ_FOREACH (member, &room->seated, room_link)
		if (member->member)
			add_member(t, member, room, &hint);
	TAILQ_FOREACH (member, &room->reseating, room_link)
		if (member->member)
			add_member(t, member, room, &hint);
	TAILQ_FOREACH (member, &room->waiting, room_link)
		if (member->member) /* and does not only claim a seat */
			add_member(t, member, room, &hint);
	text_add(t, "]");
}

/* --- settings --- */

static void add_choice(struct text *t, enum setting_id id, const struct settings *settings)
{
	char value[64];
	struct out o = out_init(value, sizeof(value));

	setting_write(&o, id, settings);
	text_key(t, setting_at(id)->name);
	text_json(t, o.at, o.length);
}

void control_settings(struct control_client *c)
{
	const struct settings *settings = &c->control->broker->settings;
	struct text *t = &c->output;

	text_key(t, "settings");
	text_add(t, "{");
#define TEXT(name, ...) text_field(t, #name, settings->name);
#define NUMBER(name, ...) text_field_unsigned(t, #name, settings->name);
#define CHOICE(name, ...) add_choice(t, SETTING_##name, settings);
	SETTINGS(SETTINGS_SKIP, TEXT, NUMBER, CHOICE)
#undef TEXT
#undef NUMBER
#undef CHOICE
	text_add(t, "}");
}
