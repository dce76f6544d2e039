/* tell - what members are told of each other, and what they say to each other. */
#include <assert.h>
#include <string.h>

#include "compiler.h"
#include "member.h"
#include "resume.h"
#include "session.h"
#include "tell.h"

/* Where a `joined` that is longer than others, and what follows it, is put together: large enough for the fullest room.
 */
static char scratch[LIMIT_SERVER_MESSAGE_BYTES + LIMIT_ICE_BYTES + LIMIT_MEMBERS_CEILING * LIMIT_PARTICIPANT_BYTES];

void tell_one(struct room *room, unsigned from, unsigned to, const struct iovec *parts, int part_count)
{
	if (!room->numbered)
		member_say(room, to, parts, part_count);
	else if (to >= room->ledger->seats[from].resume.handed_up_to)
		member_say_on(room, to, &(struct member_cursor){CURSOR_HANDED, from}, parts, part_count);
}

void tell_others(struct room *room, unsigned from, const struct iovec *parts, int part_count)
{
	for (unsigned i = 0; i < room->ledger->top; i++)
		if (i != from && seat_is_members(&room->ledger->seats[i]))
			tell_one(room, from, i, parts, part_count);
}

/* --- what became of a member --- */

static void write_news(const struct room *room, const struct seat *s, struct out *o)
{
	const struct name *room_id = &room->ledger->open.room_id;

	switch (s->news) {
	case NEWS_JOINED:
		server_message_user_joined(o, room_id, &s->id, &s->sender);
		return;
	case NEWS_SUSPENDED:
		server_message_user_suspended(o, room_id, &s->id, &s->sender);
		return;
	case NEWS_RESUMED:
		server_message_user_resumed(o, room_id, &s->id, &s->sender);
		return;
	default:
		server_message_user_left(o, room_id, &s->id, &s->sender, (enum left_reason)(s->news - NEWS_LEFT));
		return;
	}
}

static void tell_news_of(struct room *room, unsigned seat)
{
	struct seat *s = &room->ledger->seats[seat];
	char text[SEAT_QUEUE_BYTES] UNINITIALIZED;
	static char longer[LIMIT_SERVER_MESSAGE_BYTES];
	struct out o = out_init(text, sizeof(text));

	/* When everyone goes, everyone is told with 1001. */
	for (unsigned i = s->told_up_to; i < room->ledger->top && !room->orphaned; i++)
		if (i != seat && seat_is_members(&room->ledger->seats[i]) && !room->sockets[i].lost) {
			if (o.length == 0)
				write_news(room, s, &o);
			if (o.truncated) {
				o = out_init(longer, sizeof(longer));
				write_news(room, s, &o);
			}
			assert(!o.truncated);
			member_say_on(room, i, &(struct member_cursor){CURSOR_TOLD, seat},
				      &(struct iovec){o.at, o.length}, 1);
		}
	s->news = NEWS_NONE;
}

/* No seat: everyone is told of everyone. */
static unsigned first_untold(const struct room *room)
{
	unsigned i = 0;

	while (i < room->ledger->top && !room->sockets[i].untold)
		i++;
	return i;
}

SELDOM void tell_news(struct room *room, unsigned seat)
{
	room->sockets[seat].untold = true;
	/* While the others are told of one, another may be found gone, and then another. Each is told when the one
	 * before is done, and not within it: the stack would have to hold as many as there are. */
	if (room->telling)
		return;
	room->telling = true;
	for (unsigned next = seat; next < room->ledger->top; next = first_untold(room)) {
		room->sockets[next].untold = false;
		tell_news_of(room, next);
	}
	room->telling = false;
}

/* --- joined, resumed --- */

/* Of whoever is away, who has just come could not know otherwise. */
static SELDOM void tell_of_absent(struct room *room, unsigned to)
{
	const struct ledger *ledger = room->ledger;

	for (unsigned i = 0; i < ledger->top; i++) {
		const struct seat *s = &ledger->seats[i];
		struct out o = out_init(scratch, sizeof(scratch));
		if (s->state != SEAT_SUSPENDED)
			continue;
		server_message_user_suspended(&o, &ledger->open.room_id, &s->id, &s->sender);
		member_say(room, to, &(struct iovec){o.at, o.length}, 1);
	}
}

static void write_welcome(const struct room *room, unsigned seat, const struct ipc_resume *resume, struct out *o)
{
	const struct ledger *ledger = room->ledger;
	const struct seat *s = &ledger->seats[seat];
	struct resume_offer offer = {&s->id, resume->secret, ledger->open.resume_ms, s->resume.n};
	bool first = true;

	server_message_joined_begin(o, resume->presented > 0, &ledger->open.room_id, &s->id, &s->sender);
	for (unsigned i = 0; i < ledger->top; i++)
		if (i != seat && seat_is_members(&ledger->seats[i])) {
			server_message_joined_participant(o, first, &ledger->seats[i].id, &ledger->seats[i].sender);
			first = false;
		}
	session_joined_end(room, s->client, o, resume->issued ? &offer : NULL);
}

/* Of a small room on the stack, whose page is used anyway. */
static SELDOM void welcome(struct room *room, unsigned seat, const struct ipc_resume *resume)
{
	char text[SEAT_QUEUE_BYTES] UNINITIALIZED;
	struct out o = out_init(text, sizeof(text));

	write_welcome(room, seat, resume, &o);
	if (o.truncated) {
		o = out_init(scratch, sizeof(scratch));
		write_welcome(room, seat, resume, &o);
	}
	assert(!o.truncated);
	room->servers.client = 0;
	struct iovec message = {o.at, o.length};
	if (resume->presented)
		member_queue(room, seat, &message, 1);
	else
		member_say(room, seat, &message, 1);
}

void tell_joined(struct room *room, unsigned seat, const struct ipc_resume *resume)
{
	struct seat *s = &room->ledger->seats[seat];

	welcome(room, seat, resume);
	/* Only now may it resume: this message has no number. */
	if (resume->issued) {
		replay_init(ledger_replay(room->ledger, seat));
		ledger_fence();
		s->resume.issued = resume->issued;
	}
	tell_news(room, seat);
	tell_of_absent(room, seat);
}

void tell_resumed(struct room *room, unsigned seat, const struct ipc_resume *resume)
{
	struct replay *replay = ledger_replay(room->ledger, seat);
	struct iovec parts[2];

	welcome(room, seat, resume);
	member_ping(room, seat, RESUME_PING);
	for (uint64_t seq = replay->first; seq < replay->next; seq++) {
		int part_count = replay_read(replay, seq, parts);
		member_queue(room, seat, parts, part_count);
	}
}
