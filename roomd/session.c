/* session - what a member brought along beside its socket. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "member.h"
#include "report.h"
#include "resume.h"
#include "session.h"

/* The servers for the client whose ADOPT comes next. They need not outlive this process: neither does an ADOPT that was
 * not read. */
static char next_servers[LIMIT_ICE_BYTES];

void session_joined_end(const struct room *room, uint64_t client, struct out *o, const struct resume_offer *offer)
{
	struct span servers = {0};

	if (room->servers.client == client)
		servers = (struct span){next_servers, room->servers.length};
	server_message_joined_end(o, servers, offer);
}

static void answer(struct room *room, unsigned seat, const struct ipc_message *m)
{
	static const char begin[] = "{\"action\":\"ice-servers\",\"ice_servers\":";
	const struct iovec parts[3] = {{(void *)(uintptr_t)begin, sizeof(begin) - 1},
				       {(void *)(uintptr_t)m->tail, m->tail_length},
				       {(void *)(uintptr_t) "}", 1}};

	member_say(room, seat, parts, 3);
}

void session_on_ice(struct room *room, const struct ipc_message *m)
{
	const struct ipc_ice *body = m->body;

	for (unsigned i = 0; i < room->ledger->top; i++)
		if (room->ledger->seats[i].client == body->client && room->ledger->seats[i].state != SEAT_FREE) {
			answer(room, i, m);
			return;
		}
	room->servers.client = body->client;
	room->servers.length = m->tail_length;
	memcpy(next_servers, m->tail, m->tail_length);
}

bool session_ask_ice(struct room *room, unsigned seat, struct complaint *ret_complaint)
{
	struct seat *s = &room->ledger->seats[seat];

	if (s->ice_asked_ms && room->now_ms - s->ice_asked_ms < LIMIT_ICE_MS) {
		complain(ret_complaint, ERROR_RATE_LIMITED, "Servers may be asked for once in a second.");
		return false;
	}
	s->ice_asked_ms = room->now_ms;
	s->ice_due = true;
	room->reports = true;
	return true;
}

uint64_t session_tick(struct room *room, unsigned seat)
{
	const struct seat *s = &room->ledger->seats[seat];

	if (!seat_is_members(s) || !s->expires_ms)
		return member_tick(room, seat);
	if (room->now_ms >= s->expires_ms && s->state == SEAT_SUSPENDED)
		resume_give_up(room, seat, LEFT_TIMEOUT);
	else if (room->now_ms >= s->expires_ms)
		member_close(room, seat, WS_CLOSE_POLICY, "the token ended", LEFT_TIMEOUT);
	uint64_t next_ms = member_tick(room, seat);
	return seat_is_members(s) && s->expires_ms < next_ms ? s->expires_ms : next_ms;
}

int session_report(struct room *room, unsigned seat)
{
	struct seat *s = &room->ledger->seats[seat];

	if (s->ice_due && s->state == SEAT_TAKEN && !room->orphaned) {
		struct ipc_which_client body = {.client = s->client};
		if (ipc_send(room->channel, IPC_ASK_ICE, &body, NULL, 0, -1) == -EAGAIN)
			return -EAGAIN;
		s->ice_due = false;
	}
	return report_seat(room, seat);
}
