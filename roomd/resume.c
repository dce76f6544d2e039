/* resume - members whose connection may be lost without their seat. */
#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "member.h"
#include "queue.h"
#include "resume.h"
#include "tell.h"

#define PARTS_MAX 4

static struct seat *seat_of(const struct room *room, unsigned seat)
{
	return &room->ledger->seats[seat];
}

/* --- out --- */

/* Keeps a message, which has the next number. Returns false if the seat was given up instead. */
static bool keep(struct room *room, unsigned seat, const struct iovec *parts, int part_count)
{
	const struct seat *s = seat_of(room, seat);
	struct replay *r = ledger_replay(room->ledger, seat);
	size_t length = 0;

	for (int i = 0; i < part_count; i++)
		length += parts[i].iov_len;
	while (!replay_fits(r, length)) {
		bool empty = r->first == r->next;
		if (s->state == SEAT_SUSPENDED && (empty || r->first >= s->resume.suspended_next)) {
			resume_give_up(room, seat, LEFT_TIMEOUT);
			return false;
		}
		if (empty) {
			replay_skip(r);
			return true;
		}
		replay_drop(r, r->first);
	}
	replay_append(r, parts, part_count);
	return true;
}

/* For operators to see: how many messages are kept. */
static void note_kept(struct room *room, unsigned seat)
{
	const struct replay *r = ledger_replay(room->ledger, seat);

	seat_of(room, seat)->resume.kept = (uint32_t)(r->next - r->first);
}

void resume_say(struct room *room, unsigned seat, const struct iovec *parts, int part_count)
{
	char text[LIMIT_SEQ_BYTES];
	struct out o = out_init(text, sizeof(text));
	struct iovec numbered[1 + PARTS_MAX];

	assert(part_count >= 1 && part_count <= PARTS_MAX && parts[0].iov_len > 1);
	server_message_seq(&o, ledger_replay(room->ledger, seat)->next);
	assert(!o.truncated);
	numbered[0] = (struct iovec){o.at, o.length};
	memcpy(numbered + 1, parts, (size_t)part_count * sizeof(parts[0]));
	numbered[1].iov_base = (char *)numbered[1].iov_base + 1; /* its opening brace */
	numbered[1].iov_len--;
	bool kept = keep(room, seat, numbered, 1 + part_count);
	note_kept(room, seat);
	if (kept && seat_of(room, seat)->state == SEAT_TAKEN)
		member_queue(room, seat, numbered, 1 + part_count);
}

bool resume_on_ack(struct room *room, unsigned seat, uint64_t seq)
{
	struct replay *r = ledger_replay(room->ledger, seat);

	if (seq >= r->next)
		return false;
	replay_drop(r, seq);
	note_kept(room, seat);
	return true;
}

/* --- in --- */

bool resume_begin_message(struct room *room, unsigned seat, struct relay_decision *d)
{
	struct seat_resume *resume = &seat_of(room, seat)->resume;

	room->numbered = false;
	if (!resume->issued || d->kind == RELAY_ACK)
		return true;
	if (d->message.bad_n) {
		d->kind = RELAY_REFUSE;
		complain(&d->complaint, ERROR_INVALID_FIELD,
			 "\"n\" must be a whole number from 1, one more than that of the message before.");
		return true;
	}
	if (d->message.n == 0)
		return true;
	if (d->message.n <= resume->n)
		return false;
	if (resume->handing_n != d->message.n) {
		resume->handed_up_to = 0;
		ledger_fence();
		resume->handing_n = d->message.n;
	}
	room->numbered = true;
	return true;
}

void resume_end_message(struct room *room, unsigned seat, uint64_t n)
{
	if (!room->numbered)
		return;
	room->numbered = false;
	ledger_fence();
	seat_of(room, seat)->resume.n = n;
}

void resume_on_heard(struct room *room, unsigned seat, const struct ws_event *event)
{
	struct seat_resume *resume = &seat_of(room, seat)->resume;
	const size_t length = sizeof(RESUME_PING) - 1;

	if (event->kind == WS_PONG && event->length == length && memcmp(event->data, RESUME_PING, length) == 0)
		resume->confirmed = resume->issued;
}

/* --- away --- */

/* Did its browser say that the page goes away? Then it may be back, but most likely it has left. */
static bool is_going_away(const struct seat *s)
{
	return s->close_code == WS_CLOSE_GOING_AWAY;
}

static uint32_t kept_ms(const struct room *room, const struct seat *s)
{
	uint32_t kept = room->ledger->open.resume_ms;

	return is_going_away(s) && kept > LIMIT_GOING_AWAY_MS ? LIMIT_GOING_AWAY_MS : kept;
}

void resume_suspend(struct room *room, unsigned seat)
{
	struct seat *s = seat_of(room, seat);

	s->deadline_ms = room->now_ms + kept_ms(room, s);
	s->resume.suspended_next = ledger_replay(room->ledger, seat)->next;
	s->told_up_to = 0;
	s->news = NEWS_SUSPENDED;
	s->due |= DUE_SUSPENDED;
	room->reports = true;
	ledger_fence();
	member_enter(room, seat, SEAT_SUSPENDED);
	tell_news(room, seat);
}

void resume_on_deadline(struct room *room, unsigned seat)
{
	resume_give_up(room, seat, is_going_away(seat_of(room, seat)) ? LEFT_LEAVE : LEFT_TIMEOUT);
}

void resume_give_up(struct room *room, unsigned seat, enum left_reason reason)
{
	member_depart(room, seat, SEAT_GONE, reason);
}

/* --- back --- */

/* The seat that is kept, or was never empty, for who has this id; room->seats if there is none. */
static unsigned find(const struct room *room, const struct client_id *id)
{
	for (unsigned i = 0; i < room->ledger->top; i++) {
		const struct seat *s = seat_of(room, i);
		if (seat_is_members(s) && seat_is_resumable(s) && memcmp(s->id.text, id->text, sizeof(id->text)) == 0)
			return i;
	}
	return room->seats;
}

/* Has the member got a newer secret than the one that was shown? */
static bool is_used(const struct seat *s, uint64_t presented)
{
	return presented < s->resume.confirmed;
}

/* The client goes back to the broker as it came. */
static void refuse(struct room *room, int fd, uint64_t client)
{
	if (fd >= 0)
		close(fd);
	member_miss(room, room_free_seat(room), client, false, DUE_NOT_RESUMED);
}

/* Frees the seat of the connection that it had. */
static void let_go(struct room *room, unsigned seat)
{
	struct seat *s = seat_of(room, seat);

	if (s->state == SEAT_TAKEN)
		member_part(room, seat, WS_CLOSE_RESUMED_ELSEWHERE, "this seat was resumed by another connection");
	else if (s->due & DUE_SUSPENDED)
		member_miss(room, room_free_seat(room), s->client, false, 0); /* the broker holds its socket still */
	s->due &= (uint8_t)~DUE_SUSPENDED;
}

/* The seat is the client's. What an heir needs to know lies in the ledger before its number does. */
static void sit(struct room *room, unsigned seat, int fd, const struct ipc_adopt *adopt, const void *rest,
		size_t length)
{
	struct seat *s = seat_of(room, seat);
	bool was_away = s->state == SEAT_SUSPENDED;

	ledger_mark(&room->ledger->busy, seat + 1);
	s->fate = FATE_CUT; /* of who is lost in the middle of this; it may try again */
	ledger_fence();
	let_go(room, seat);
	replay_drop(ledger_replay(room->ledger, seat), adopt->resume.seen);
	note_kept(room, seat);
	s->resume.issued = adopt->resume.issued;
	if (!(s->due & DUE_RESUMED)) /* else the broker has not heard of this client yet */
		s->resume.of = s->client;
	s->close_code = 0;
	s->due |= DUE_RESUMED;
	room->reports = true;
	s->told_up_to = 0;
	s->news = was_away ? NEWS_RESUMED : NEWS_NONE;
	ledger_fence();
	s->client = adopt->client;
	ledger_fence();
	member_take_place(room, seat, fd, adopt, rest, length);
	tell_resumed(room, seat, &adopt->resume);
	ledger_fence();
	s->fate = FATE_GO_ON;
	if (s->state == SEAT_TAKEN && s->news)
		tell_news(room, seat);
	if (s->state == SEAT_TAKEN)
		member_parse(room, seat);
	ledger_mark(&room->ledger->busy, 0);
}

void resume_on_adopt(struct room *room, int fd, const struct ipc_adopt *adopt, const void *rest, size_t length)
{
	unsigned seat = find(room, &adopt->id);
	struct seat *s = seat_of(room, seat < room->seats ? seat : 0);

	if (seat == room->seats || fd < 0 || is_used(s, adopt->resume.presented)) {
		refuse(room, fd, adopt->client);
		return;
	}
	if (replay_has_after(ledger_replay(room->ledger, seat), adopt->resume.seen)) {
		if (member_can_watch(room, seat, fd))
			sit(room, seat, fd, adopt, rest, length);
		else
			refuse(room, fd, adopt->client);
		return;
	}
	/* What it missed is not there any more. It will join anew: its seat must not be in its way. */
	if (s->state == SEAT_SUSPENDED)
		resume_give_up(room, seat, LEFT_TIMEOUT);
	else
		member_close(room, seat, WS_CLOSE_RESUMED_ELSEWHERE, "another connection wanted this seat",
			     LEFT_TIMEOUT);
	refuse(room, fd, adopt->client);
}
