/* client - one connection. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker.h"
#include "clock.h"
#include "event.h"
#include "lobby.h"
#include "log.h"
#include "request.h"

/* Who may follow whom. */
static const unsigned successors[CLIENT_STATES] = {
    [CLIENT_REQUEST] = 1 << CLIENT_LOBBY | 1 << CLIENT_CLOSING | 1 << CLIENT_GONE,
    [CLIENT_LOBBY] = 1 << CLIENT_WAITING | 1 << CLIENT_CLOSING | 1 << CLIENT_GONE,
    [CLIENT_WAITING] = 1 << CLIENT_SEATED | 1 << CLIENT_LOBBY | 1 << CLIENT_CLOSING | 1 << CLIENT_GONE,
    [CLIENT_SEATED] =
	1 << CLIENT_SUSPENDED | 1 << CLIENT_LOBBY | 1 << CLIENT_WAITING | 1 << CLIENT_CLOSING | 1 << CLIENT_GONE,
    [CLIENT_SUSPENDED] = 1 << CLIENT_GONE,
    [CLIENT_CLOSING] = 1 << CLIENT_LINGERING | 1 << CLIENT_GONE,
    [CLIENT_LINGERING] = 1 << CLIENT_GONE,
};

static const char *const state_names[CLIENT_STATES] = {"request",   "lobby",   "waiting",   "seated",
						       "suspended", "closing", "lingering", "gone"};

void clients_init(struct clients *clients)
{
	*clients = (struct clients){0};
	TAILQ_INIT(&clients->all);
}

void client_enter(struct client *c, enum client_state next)
{
	struct clients *clients = &c->broker->clients;

	assert(successors[c->state] & 1U << next);
	log_trace("client-state", "client=%llu from=%s to=%s", (unsigned long long)c->number, state_names[c->state],
		  state_names[next]);
	if (next != CLIENT_SUSPENDED && next != CLIENT_GONE) /* it has a connection, and goes on having it */
		clients->outside += (c->state == CLIENT_SEATED) - (unsigned)(next == CLIENT_SEATED);
	c->state = next;
}

void client_watch(struct client *c, uint32_t events)
{
	if (c->output)
		events |= EPOLLOUT;
	if (loop_watch(&c->broker->loop, &c->source, events) < 0)
		client_end(c, true);
}

/* --- out --- */

bool client_is_blocked(const struct client *c)
{
	return c->output != NULL;
}

static void drop_output(struct client *c)
{
	free(c->output);
	c->output = NULL;
	c->output_at = c->output_length = 0;
}

/* Keeps parts[...], from its byte `skip` on, to be written later. Returns whether it may. */
static bool keep_output(struct client *c, const struct iovec *parts, int part_count, size_t skip)
{
	size_t total = 0;

	for (int i = 0; i < part_count; i++)
		total += parts[i].iov_len;
	total -= skip;
	if (c->output && c->output_length - c->output_at + total > c->broker->limits.queue_bytes_max)
		return false;
	if (c->output_at > 0) { /* what is written already takes no memory */
		memmove(c->output, c->output + c->output_at, c->output_length - c->output_at);
		c->output_length -= c->output_at;
		c->output_at = 0;
	}
	uint8_t *bigger = realloc(c->output, c->output_length + total);
	if (!bigger)
		return false;
	c->output = bigger;
	for (int i = 0; i < part_count; i++) {
		size_t from = skip < parts[i].iov_len ? skip : parts[i].iov_len;
		skip -= from;
		if (parts[i].iov_len > from)
			memcpy(c->output + c->output_length, (const char *)parts[i].iov_base + from,
			       parts[i].iov_len - from);
		c->output_length += parts[i].iov_len - from;
	}
	return true;
}

void client_send(struct client *c, const struct iovec *parts, int part_count)
{
	struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = (size_t)part_count};
	ssize_t sent = 0;
	size_t total = 0;

	if (c->state == CLIENT_GONE)
		return;
	for (int i = 0; i < part_count; i++)
		total += parts[i].iov_len;
	if (!client_is_blocked(c)) {
		sent = sendmsg(c->source.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent < 0 && errno != EAGAIN && errno != EINTR) {
			client_end(c, false);
			return;
		}
		sent = sent < 0 ? 0 : sent;
		c->out_bytes += (uint64_t)sent;
	}
	if ((size_t)sent == total)
		return;
	if (keep_output(c, parts, part_count, (size_t)sent))
		client_watch(c, c->source.interest);
	else
		client_end(c, true); /* it reads too slowly */
}

/* Our side is done: say so, and wait a moment for the other's. */
static void shut_down(struct client *c)
{
	shutdown(c->source.fd, SHUT_WR);
	client_enter(c, CLIENT_LINGERING);
	client_watch(c, EPOLLIN);
}

static void on_writable(struct client *c)
{
	ssize_t n =
	    send(c->source.fd, c->output + c->output_at, c->output_length - c->output_at, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		client_end(c, false);
		return;
	}
	if (n > 0) {
		c->output_at += (size_t)n;
		c->out_bytes += (uint64_t)n;
	}
	if (c->output_at < c->output_length)
		return;
	drop_output(c);
	client_watch(c, c->source.interest & ~(uint32_t)EPOLLOUT);
	if (c->state == CLIENT_CLOSING)
		shut_down(c);
	else if (c->state == CLIENT_WAITING)
		room_seat(c->room);
}

/* --- the end --- */

void client_finish(struct client *c)
{
	if (c->state == CLIENT_GONE)
		return;
	client_enter(c, CLIENT_CLOSING);
	loop_timer_set(&c->broker->loop, &c->timer, c->broker->loop.now_ms + LIMIT_GOODBYE_MS);
	if (client_is_blocked(c))
		client_watch(c, 0);
	else
		shut_down(c);
}

void client_close(struct client *c, uint16_t code, const char *why)
{
	uint8_t frame[2 + LIMIT_CONTROL_FRAME_BYTES];
	struct iovec part = {frame, ws_close_write(frame, code, why)};

	stats_closed(&c->broker->memory->stats, code);
	log_debug("close", "client=%llu code=%u why=\"%s\"", (unsigned long long)c->number, code, why);
	client_send(c, &part, 1);
	client_finish(c);
}

static void discard(struct client *c)
{
	static char nowhere[LIMIT_READ_BYTES];
	ssize_t n = recv(c->source.fd, nowhere, sizeof(nowhere), MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		client_end(c, false);
}

/* The turn is over: nobody holds a pointer to the client any more. */
static void on_buried(struct timer *timer)
{
	struct client *c = container_of(timer, struct client, timer);

	TAILQ_REMOVE(&c->broker->clients.all, c, link);
	free(c);
}

/* Gives back all that goes with a connection. */
static void disconnect(struct client *c, bool reset)
{
	struct broker *b = c->broker;
	const struct linger linger = {1, 0};

	loop_watch(&b->loop, &c->source, 0);
	if (reset)
		setsockopt(c->source.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	if (c->source.fd >= 0)
		close(c->source.fd);
	c->source.fd = -1;
	drop_output(c);
	free(c->input);
	c->input = NULL;
	free(c->token);
	c->token = NULL;
	*(c->address ? &b->clients.count : &b->clients.uncounted) -= 1;
	if (c->address)
		address_put(c->address);
	c->address = NULL;
	acceptor_on_room(&b->acceptor);
}

void client_suspend(struct client *c)
{
	client_enter(c, CLIENT_SUSPENDED);
	disconnect(c, false);
	c->broker->clients.suspended++;
}

void client_end(struct client *c, bool reset)
{
	struct clients *clients = &c->broker->clients;

	if (c->state == CLIENT_GONE)
		return;
	if (c->room)
		room_forget(c->room, c);
	resume_forget(c);
	clients->outside -= c->address != NULL && c->state != CLIENT_SEATED;
	clients->suspended -= c->state == CLIENT_SUSPENDED;
	if (c->state != CLIENT_SUSPENDED)
		disconnect(c, reset);
	client_enter(c, CLIENT_GONE);
	c->timer.on = on_buried;
	loop_timer_set(&c->broker->loop, &c->timer, c->broker->loop.now_ms);
}

/* --- events --- */

static void on_socket(struct source *source, uint32_t events)
{
	struct client *c = container_of(source, struct client, source);

	if (events & EPOLLOUT && client_is_blocked(c))
		on_writable(c);
	if (!(events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
		return;
	if (c->state == CLIENT_REQUEST)
		request_on_readable(c, events);
	else if (c->state == CLIENT_LOBBY)
		lobby_on_readable(c);
	else if (c->state == CLIENT_LINGERING)
		discard(c);
	else if (events & (EPOLLHUP | EPOLLERR))
		client_end(c, false);
}

static void on_timer(struct timer *timer)
{
	struct client *c = container_of(timer, struct client, timer);

	switch (c->state) {
	case CLIENT_REQUEST:
		request_on_timeout(c);
		return;
	case CLIENT_LOBBY:
		lobby_on_timer(c);
		return;
	default:
		client_end(c, c->state != CLIENT_LINGERING);
		return;
	}
}

static struct client *new (struct broker *b, uint64_t number, int fd, struct address *address)
{
	struct client *c = calloc(1, sizeof(*c));

	if (!c) {
		if (fd >= 0)
			close(fd);
		if (address)
			address_put(address);
		return NULL;
	}
	c->source = (struct source){.fd = fd, .on = on_socket};
	c->timer.on = on_timer;
	c->broker = b;
	c->number = number;
	c->address = address;
	TAILQ_INSERT_TAIL(&b->clients.all, c, link);
	b->clients.count += address != NULL;
	b->clients.outside += address != NULL;
	b->clients.uncounted += address == NULL;
	return c;
}

struct client *client_new(struct broker *b, int fd, struct address *address)
{
	struct client *c = new (b, ++b->memory->clients, fd, address);

	if (!c)
		return NULL;
	c->since_us = clock_us();
	b->memory->stats.connections++;
	return c;
}

struct client *client_new_seated(struct broker *b, uint64_t number, struct address *address)
{
	struct client *c = new (b, number, -1, address);

	if (!c)
		return NULL;
	c->state = CLIENT_SEATED;
	b->clients.outside--;
	return c;
}

struct client *client_new_given(struct broker *b, const struct ipc_lobby *given, int fd, struct address *address)
{
	struct client *c = new (b, given->client, fd, address);

	if (!c)
		return NULL;
	c->since_us = given->since_us;
	c->entered_ms = given->entered_ms;
	c->in_bytes = given->in_bytes;
	c->out_bytes = given->out_bytes;
	c->allowance = given->allowance;
	c->keepalive = given->keepalive;
	c->in = given->in;
	c->bound_room = given->bound_room;
	c->peer = given->peer;
	c->listener_kind = given->listener_kind;
	c->proxy_due = given->proxy_due;
	if (given->token.expires_s)
		access_keep_token(c, &given->token);
	c->was_seated = given->was_seated;
	c->past_bound = address ? NULL : "max_connections";
	if (given->upgraded)
		client_enter(c, CLIENT_LOBBY);
	return c;
}

bool client_keep_input(struct client *c, const void *input, size_t length)
{
	if (c->input || length == 0)
		return true;
	c->input = malloc(ws_buffer_size(c->broker->limits.message_bytes_max));
	if (!c->input) {
		client_end(c, true);
		return false;
	}
	memcpy(c->input, input, length);
	return true;
}

void client_leave_behind(struct client *c)
{
	if (c->state == CLIENT_LOBBY && !client_is_blocked(c))
		client_close(c, WS_CLOSE_GOING_AWAY, "the server restarts");
	else
		client_end(c, c->state == CLIENT_LOBBY);
}

bool client_comes_from(struct client *c, const struct peer *peer)
{
	struct broker *b = c->broker;

	c->peer = *peer;
	if (!c->address)
		return true; /* it is past a bound already */
	struct address *address = address_take(b, peer);
	if (!address) {
		client_end(c, true);
		return false;
	}
	address_put(c->address);
	c->address = address;
	if (b->settings.address_connections && address->connections > b->settings.address_connections &&
	    !access_is_trusted(b, peer)) {
		c->past_bound = "address_connections";
		event_turned_away(b, c->past_bound);
	}
	return true;
}
