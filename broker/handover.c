/* handover - the lobby goes from one broker to the next. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker.h"
#include "ipc.h"
#include "lobby.h"
#include "log.h"
#include "request.h"

/* How often it is looked whether somebody who could not be handed over now can be. */
#define AGAIN_MS 10

/* Who may follow whom. */
static const unsigned successors[HANDOVER_STATES] = {
    [HANDOVER_IDLE] = 1 << HANDOVER_GIVING | 1 << HANDOVER_TAKING,
    [HANDOVER_GIVING] = 1 << HANDOVER_DONE,
    [HANDOVER_TAKING] = 1 << HANDOVER_DONE,
    [HANDOVER_DONE] = 1 << HANDOVER_GIVING,
};

static void enter(struct handover *h, enum handover_state next)
{
	assert(successors[h->state] & 1U << next);
	h->state = next;
}

static void end_channel(struct handover *h)
{
	loop_watch(&h->broker->loop, &h->channel, 0);
	close(h->channel.fd);
	h->channel.fd = -1;
}

/* --- giving --- */

/* Sends one client. Returns 0 or -errno. */
static int give(struct handover *h, struct client *c)
{
	struct ipc_lobby body = {
	    .client = c->number,
	    .since_us = c->since_us,
	    .entered_ms = c->entered_ms,
	    .in_bytes = c->in_bytes,
	    .out_bytes = c->out_bytes,
	    .allowance = c->allowance,
	    .keepalive = c->keepalive,
	    .in = c->in,
	    .bound_room = c->bound_room,
	    .peer = c->peer,
	    .listener_kind = c->listener_kind,
	    .proxy_due = c->proxy_due,
	    .counted = c->address != NULL,
	    .upgraded = c->state == CLIENT_LOBBY,
	    .was_seated = c->was_seated,
	};

	if (c->token)
		body.token = *c->token;
	if (client_is_blocked(c))
		return -EAGAIN;
	if (c->in.end > LIMIT_READ_BYTES)
		return -E2BIG;
	return ipc_send(h->channel.fd, IPC_LOBBY, &body, c->input, c->in.end, c->source.fd);
}

/* The connection is the next broker's; only our record of it, and our duplicate, go. */
static void let_go(struct client *c)
{
	client_end(c, false);
}

/* Gives away whom it can. Returns whether nobody is left who could be given, or is on the way to a room. */
static bool give_all(struct handover *h, bool last)
{
	struct client *c, *next;
	bool all = TAILQ_EMPTY(&h->broker->healing);

	for (c = TAILQ_FIRST(&h->broker->clients.all); c; c = next) {
		next = TAILQ_NEXT(c, link);
		all &= c->state != CLIENT_WAITING && !(c->room && c->room_list == &c->room->reseating);
		if (c->state != CLIENT_REQUEST && c->state != CLIENT_LOBBY)
			continue;
		int error = give(h, c);
		if (error == 0)
			let_go(c);
		else if (last || (error != -EAGAIN && error != -ETOOMANYREFS))
			client_leave_behind(c);
		else
			all = false;
	}
	return all;
}

/* The rooms are the next broker's: nothing more is heard of them or said to them. */
static void give_rooms(struct broker *b)
{
	struct room *room;
	struct roomd *r;

	for (room = registry_after(&b->registry, NULL); room; room = registry_next(room))
		if (room->roomd)
			roomd_disconnect(room->roomd);
	TAILQ_FOREACH (r, &b->pool.roomds, link)
		roomd_disconnect(r);
}

static void on_timer(struct timer *timer)
{
	struct handover *h = container_of(timer, struct handover, timer);
	struct broker *b = h->broker;
	bool last = b->loop.now_ms >= h->until_ms;

	if (!give_all(h, last) && !last) {
		loop_timer_set(&b->loop, &h->timer, b->loop.now_ms + AGAIN_MS);
		return;
	}
	end_channel(h);
	enter(h, HANDOVER_DONE);
	give_rooms(b);
	log_debug("handed-over", "rooms=%u", b->registry.count);
	keeper_handed_over(&b->keeper);
	broker_leave(b);
}

void handover_give(struct handover *h, int channel)
{
	struct broker *b = h->broker;

	if (h->state == HANDOVER_TAKING)
		end_channel(h);
	if (h->state == HANDOVER_TAKING)
		enter(h, HANDOVER_DONE);
	enter(h, HANDOVER_GIVING);
	h->channel.fd = channel;
	h->until_ms = b->loop.now_ms + HANDOVER_MS_MAX;
	/* Whoever comes from now on waits in the listen queue. */
	acceptor_close(&b->acceptor);
	control_close(&b->control);
	metrics_close(&b->metrics);
	loop_timer_set(&b->loop, &h->timer, b->loop.now_ms);
}

/* --- taking --- */

static void serve(struct client *c)
{
	if (c->state == CLIENT_LOBBY)
		lobby_take(c);
	else
		request_begin(c);
}

static void on_lobby(struct handover *h, const struct ipc_message *m)
{
	const struct ipc_lobby *body = m->body;
	struct broker *b = h->broker;
	struct address *address = body->counted ? address_take(b, &body->peer) : NULL;
	struct client *c = NULL;

	if (body->counted && !address)
		close(m->fd);
	else
		c = client_new_given(b, body, m->fd, address);
	if (!c || !client_keep_input(c, m->tail, m->tail_length))
		return;
	if (b->serving)
		serve(c);
}

static void on_channel(struct source *source, uint32_t events)
{
	static struct ipc_inbox inbox;
	struct handover *h = container_of(source, struct handover, channel);
	struct ipc_message m;
	int error;

	(void)events;
	while ((error = ipc_recv(h->channel.fd, IPC_FROM_BROKER, IPC_IN_HANDOVER, &inbox, &m)) == 0 || error == -EMFILE)
		if (error == 0)
			on_lobby(h, &m);
	if (error == -EAGAIN)
		return;
	if (error != -EPIPE)
		log_error("handover", "error=\"%s\"", strerror(-error));
	end_channel(h);
	enter(h, HANDOVER_DONE);
}

void handover_take(struct handover *h, int channel)
{
	enter(h, HANDOVER_TAKING);
	h->channel.fd = channel;
	loop_watch(&h->broker->loop, &h->channel, EPOLLIN);
}

void handover_serve(struct handover *h)
{
	struct client *c, *next;

	for (c = TAILQ_FIRST(&h->broker->clients.all); c; c = next) {
		next = TAILQ_NEXT(c, link);
		if (c->state == CLIENT_REQUEST || c->state == CLIENT_LOBBY)
			serve(c);
	}
}

void handover_init(struct handover *h, struct broker *broker)
{
	*h = (struct handover){.channel = {.fd = -1, .on = on_channel}, .broker = broker, .timer.on = on_timer};
}
