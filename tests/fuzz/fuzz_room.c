/*
 * fuzz_room - a whole room: members come, say anything, read or don't, leave, break off, time passes; at the end every
 * connection is accounted for to the broker, and no descriptor is left.
 * Input: the room's settings, then steps: what, who, how much, and what is said.
 */
#include "room.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "relay.h"
#include "title.h"

#define CLIENTS 8
#define STEPS_MAX 200

/* Instead of the real ones, which write over argv. */
void title_set(const char *text)
{
	(void)text;
}

struct world {
	struct room room;
	int broker;                /* its end of the channel */
	int clients[CLIENTS];      /* their ends, or -1 */
	uint64_t numbers[CLIENTS]; /* the broker's for them; 0: not in the room */
	bool members[CLIENTS];
	unsigned seated, member_count;
	uint64_t last_number, sent;
	bool empty;
};

static struct ipc_open limits(uint8_t choice)
{
	struct ipc_open open = {.max_members = 1 + choice % 4,
				.message_bytes_max = LIMIT_MESSAGE_BYTES_FLOOR,
				.queue_bytes_max = choice & 4 ? 1000 : 100000,
				.message_rate = choice & 8 ? 5 : 0,
				.message_burst = 20,
				.byte_rate = choice & 16 ? 1000 : 0,
				.byte_burst = 5000,
				.bad_messages_max = choice & 32 ? 3 : 0,
				.ping_interval_ms = choice & 64 ? 1000 : 0,
				.ping_timeout_ms = choice & 64 ? 3000 : 0};

	open.room_id.length = 4;
	memcpy(open.room_id.bytes, "room", 4);
	return open;
}

static unsigned find(const struct world *w, uint64_t number)
{
	for (unsigned i = 0; i < CLIENTS; i++)
		if (number && w->numbers[i] == number)
			return i;
	CHECK(!"a client whom the room has");
	return 0;
}

/* A member is none any more. */
static void on_left(struct world *w, unsigned i)
{
	w->members[i] = false;
	w->member_count--;
}

/* A client that is no member has no connection here any more. */
static void on_gone(struct world *w, unsigned i)
{
	CHECK(!w->members[i]);
	w->numbers[i] = 0;
	w->seated--;
}

static void on_empty(struct world *w, const struct ipc_empty *empty)
{
	if (empty->client) {
		unsigned last = find(w, empty->client);
		CHECK(w->members[last] == (empty->departure != 0));
		if (empty->departure)
			on_left(w, last);
		on_gone(w, last);
	}
	CHECK(empty->seen <= w->sent);
	w->empty = empty->seen == w->sent;
	CHECK(!w->empty || w->seated == 0);
}

/* What the room says must be true, as the broker sees it (broker/room_message.c). */
static void hear(struct world *w)
{
	static struct ipc_inbox inbox;
	struct ipc_message m;

	while (ipc_recv(w->broker, IPC_FROM_ROOMD, IPC_IN_OPEN, &inbox, &m) == 0) {
		CHECK((m.fd >= 0) == (m.type == IPC_RETURN));
		if (m.fd >= 0)
			close(m.fd);
		if (m.type == IPC_EMPTY) {
			on_empty(w, m.body);
			continue;
		}
		CHECK(m.type == IPC_LEFT || m.type == IPC_RETURN || m.type == IPC_CLOSED);
		unsigned i = find(w, *(const uint64_t *)m.body);
		CHECK(w->members[i] == (m.type == IPC_LEFT));
		if (m.type == IPC_LEFT)
			on_left(w, i);
		else
			on_gone(w, i);
	}
}

static bool turn(struct world *w, unsigned ms)
{
	struct epoll_event events[16];
	uint64_t next_ms;
	int n = epoll_wait(w->room.epoll, events, 16, 0);

	w->room.now_ms += ms;
	for (int i = 0; i < n; i++)
		if (events[i].data.u32 != ROOM_EVENT_CHANNEL)
			room_on_socket(&w->room, events[i].data.u32, events[i].events);
	for (int i = 0; i < n; i++)
		if (events[i].data.u32 == ROOM_EVENT_CHANNEL && !room_on_channel(&w->room))
			return false;
	bool on = room_end_turn(&w->room, &next_ms);
	CHECK(next_ms >= w->room.now_ms || next_ms == 0 || on);
	hear(w);
	return on;
}

static void join(struct world *w, unsigned i, const uint8_t *rest, size_t n)
{
	struct ipc_adopt adopt = {.client = ++w->last_number};
	int ends[2];

	if (w->numbers[i] || w->member_count >= w->room.ledger->open.max_members)
		return;
	if (w->clients[i] >= 0)
		close(w->clients[i]);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
	memset(adopt.id.text, '0' + (int)i, sizeof(adopt.id.text));
	adopt.sender.length = 1;
	adopt.sender.bytes[0] = (char)('a' + i % 3); /* some bear the same name */
	CHECK(ipc_send(w->broker, IPC_ADOPT, &adopt, rest, n, ends[0]) == 0);
	close(ends[0]);
	w->clients[i] = ends[1];
	w->numbers[i] = adopt.client;
	w->members[i] = true;
	w->seated++;
	w->member_count++;
	w->sent++;
	w->empty = false;
}

static void take_in(int fd, size_t most)
{
	static uint8_t nowhere[65536];

	while (most > 0) {
		ssize_t n = recv(fd, nowhere, most < sizeof(nowhere) ? most : sizeof(nowhere), MSG_DONTWAIT);
		if (n <= 0)
			return;
		most -= (size_t)n;
	}
}

/* One step: returns how many bytes of the input it used. */
static size_t step(struct world *w, const uint8_t *data, size_t size)
{
	unsigned i = data[0] / 8 % CLIENTS;
	size_t n = size > 2 ? size - 2 : 0;

	n = n < data[1] ? n : data[1];
	switch (data[0] % 8) {
	case 0:
		join(w, i, data + 2, n);
		return 2 + n;
	case 1:
	case 2:
	case 3:
		if (w->clients[i] >= 0 && n > 0)
			(void)!send(w->clients[i], data + 2, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		return 2 + n;
	case 4:
		if (w->clients[i] >= 0)
			take_in(w->clients[i], data[1] * 100U);
		return 2;
	case 5:
		if (w->clients[i] >= 0)
			close(w->clients[i]);
		w->clients[i] = -1;
		return 2;
	case 6:
		turn(w, data[1] * 20U);
		return 2;
	default:
		turn(w, 0);
		return 2;
	}
}

/* Everyone goes: the room must come to be empty, whatever happened in it. */
static void finish(struct world *w)
{
	for (unsigned i = 0; i < CLIENTS; i++)
		if (w->clients[i] >= 0)
			close(w->clients[i]);
	for (unsigned i = 0; i < 100 && !(w->sent > 0 && w->empty) && (w->sent > 0 || i < 2); i++)
		turn(w, 1000);
	CHECK(w->seated == 0 && w->member_count == 0);
	if (w->sent > 0) {
		CHECK(w->empty);
		CHECK(ipc_send(w->broker, IPC_RETIRE, &(struct ipc_nothing){0}, NULL, 0, -1) == 0);
		CHECK(!turn(w, 0));
	}
	close(w->broker);
	close(w->room.channel);
	alarm_fini(&w->room.alarm);
	close(w->room.epoll);
}

static int lowest_fd(void)
{
	int fd = dup(STDERR_FILENO);

	CHECK(fd >= 0 && close(fd) == 0);
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world w;
	static struct room_socket sockets[LIMIT_SEATS_CEILING];
	static struct ledger *ledger;
	int ends[2];

	if (size < 1)
		return 0;
	int before = lowest_fd();
	struct ipc_open open = limits(data[0]);
	size_t ledger_bytes = ledger_size(&open);
	ledger = calloc(1, ledger_bytes);
	CHECK(ledger && ipc_channel(ends) == 0);
	memset(sockets, 0, sizeof(sockets));
	w = (struct world){.broker = ends[0], .room.sockets = sockets};
	for (unsigned i = 0; i < CLIENTS; i++)
		w.clients[i] = -1;
	room_init(&w.room, ends[1], epoll_create1(EPOLL_CLOEXEC), ledger, ledger_bytes);
	CHECK(ipc_send(w.broker, IPC_OPEN, &open, NULL, 0, -1) == 0);
	CHECK(turn(&w, 1));
	size_t at = 1;
	for (unsigned i = 0; i < STEPS_MAX && at + 2 <= size; i++)
		at += step(&w, data + at, size - at);
	finish(&w);
	free(ledger);
	CHECK(lowest_fd() == before);
	return 0;
}
