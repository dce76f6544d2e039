/* room - one room: who sits in it, what is said in it, what the broker is told of it. */
#include <assert.h>
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "clock.h"
#include "heir.h"
#include "member.h"
#include "operator.h"
#include "report.h"
#include "resume.h"
#include "session.h"
#include "tell.h"

int room_init(struct room *room, int channel, int epoll, struct ledger *ledger, size_t ledger_size)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = ROOM_EVENT_CHANNEL};

	room->channel = channel;
	room->epoll = epoll;
	room->state = IPC_IN_WARM;
	room->ledger = ledger;
	ledger->version = IPC_VERSION;
	ledger->top = 0; /* an heir takes the seats over one by one */
	room->ledger_size = ledger_size;
	room->now_ms = clock_cold_ms();
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, channel, &event) < 0)
		return -errno;
	return alarm_init(&room->alarm, epoll, (epoll_data_t){.u32 = ROOM_EVENT_ALARM});
}

/* --- what the broker says --- */

void room_open(struct room *room, const struct ipc_open *open)
{
	assert(open->max_members >= 1 && open->max_members <= LIMIT_MEMBERS_CEILING);
	assert(ledger_size(open) <= room->ledger_size);
	room->ledger->open = *open;
	room->seats = ledger_seats(open);
	room->state = IPC_IN_OPEN;
}

unsigned room_free_seat(struct room *room)
{
	for (unsigned i = 0; i < room->seats; i++)
		if (room->ledger->seats[i].state == SEAT_FREE)
			return i;
	for (unsigned i = 0; i < room->seats; i++)
		if (!seat_is_members(&room->ledger->seats[i]) && member_evict(room, i))
			return i;
	return room->seats;
}

static void on_join(struct room *room, int fd, const struct ipc_adopt *adopt, const void *rest, size_t length)
{
	unsigned seat = room_free_seat(room);

	assert(seat < room->seats); /* the broker counts members */
	if (fd >= 0 && member_can_watch(room, seat, fd)) {
		ledger_mark(&room->ledger->busy, seat + 1);
		member_sit(room, seat, fd, adopt, rest, length);
		tell_joined(room, seat, &adopt->resume);
		member_parse(room, seat);
		return;
	}
	if (fd >= 0)
		close(fd);
	member_miss(room, seat, adopt->client, true, 0);
}

/* m->fd is -1 if this process had none free for it. */
static void on_adopt(struct room *room, const struct ipc_message *m)
{
	const struct ipc_adopt *adopt = m->body;

	room->ledger->seen++;
	room->occupied = true;
	room->said_empty = false;
	if (adopt->resume.presented)
		resume_on_adopt(room, m->fd, adopt, m->tail, m->tail_length);
	else
		on_join(room, m->fd, adopt, m->tail, m->tail_length);
}

/* A broker that does not know us yet. */
static void on_census(struct room *room, const struct ipc_census *census)
{
	if (room->reseats_due > 0)
		heir_give_up(room);
	room->counting = true;
	room->census = census->number;
	room->counted = 0;
	room->said_empty = false;
}

/* The broker and the keeper are gone: so is the room. */
static void on_orphaned(struct room *room)
{
	struct epoll_event event = {0};

	room->orphaned = true;
	epoll_ctl(room->epoll, EPOLL_CTL_DEL, room->channel, &event);
	for (unsigned i = 0; i < room->ledger->top; i++)
		if (room->ledger->seats[i].state == SEAT_TAKEN)
			member_close(room, i, WS_CLOSE_GOING_AWAY, "the server stops", LEFT_DISCONNECT);
		else if (room->ledger->seats[i].state == SEAT_SUSPENDED)
			resume_give_up(room, i, LEFT_DISCONNECT);
}

bool room_on_channel(struct room *room)
{
	struct ipc_message m;
	int error = ipc_recv(room->channel, IPC_FROM_BROKER, room->state, &room->inbox, &m);

	if (error == -EAGAIN)
		return true;
	if (error == -EPIPE) {
		on_orphaned(room);
		return true;
	}
	if (error == -EMFILE && m.type == IPC_ADOPT)
		error = 0;
	assert(error == 0); /* a broker that says what it may not: nothing can be trusted any more */
	switch (m.type) {
	case IPC_OPEN:
		room_open(room, m.body);
		return true;
	case IPC_ADOPT:
		on_adopt(room, &m);
		return true;
	case IPC_REOPEN:
		heir_reopen(room, m.body);
		return true;
	case IPC_RESEAT:
		heir_reseat(room, m.body, m.fd);
		return true;
	case IPC_CENSUS:
		on_census(room, m.body);
		return true;
	case IPC_KEEP:
		heir_keep(room, ((const struct ipc_which_client *)m.body)->client);
		return true;
	case IPC_RETIRE:
		assert(room->used == 0);
		return false;
	default:
		operator_on_message(room, &m);
		return true;
	}
}

/* --- turns --- */

void room_on_socket(struct room *room, unsigned seat, uint32_t events)
{
	const struct seat *s = &room->ledger->seats[seat];

	if (s->state == SEAT_FREE || s->state == SEAT_GONE || s->state == SEAT_RETURNING || s->state == SEAT_SUSPENDED)
		return; /* it ended earlier in this turn */
	if (events & EPOLLOUT)
		member_flush(room, seat);
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	if (s->state == SEAT_TAKEN)
		member_read(room, seat);
	else if (s->state == SEAT_LINGERING)
		member_discard(room, seat);
	else if ((s->state == SEAT_LEAVING || s->state == SEAT_CLOSING) && (events & (EPOLLHUP | EPOLLERR)))
		member_cut(room, seat, false, LEFT_DISCONNECT);
}

static uint64_t tick(struct room *room)
{
	uint64_t next_ms = UINT64_MAX;

	for (unsigned i = 0; i < room->ledger->top; i++) {
		uint64_t at_ms = session_tick(room, i);
		next_ms = at_ms < next_ms ? at_ms : next_ms;
	}
	return next_ms;
}

/* Writes what is queued. Returns whether there was anything. */
static bool flush(struct room *room)
{
	bool any = false;

	for (unsigned i = 0; i < room->ledger->top; i++)
		if (room->sockets[i].dirty) {
			member_flush(room, i);
			any = true;
		}
	return any;
}

bool room_end_turn(struct room *room, uint64_t *ret_next_ms)
{
	*ret_next_ms = UINT64_MAX;
	if (room->reseats_due > 0 && !room->orphaned)
		return true; /* nothing is said before everyone sits again */
	/* Writing may find a connection dead, which is said to members whose turn was over: until all is written. The
	 * broker hears of a departure before the members do: whoever takes the free place must find it free. */
	do {
		*ret_next_ms = tick(room);
		report_all(room);
	} while (flush(room));
	if (room->retry_ms && room->retry_ms < *ret_next_ms)
		*ret_next_ms = room->retry_ms;
	operator_show_title(room);
	return !(room->orphaned && room->used == 0);
}
