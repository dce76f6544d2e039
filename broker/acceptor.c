/* acceptor - takes connections in. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker.h"
#include "event.h"
#include "log.h"
#include "request.h"

/* When to look again, if nothing of ours is given back before. */
#define RETRY_MS 100

/* Descriptors are given out lowest first: a high one means that few are left. */
static bool is_last(const struct broker *b, uint32_t fd)
{
	return fd + LIMIT_FDS_RESERVE(b->fds_max) + b->clients.outside >= b->fds_max;
}

/* Who was in no room may have gone into one that was there: then there is place without any descriptor given back. */
static bool has_place(const struct acceptor *a)
{
	int fd = fcntl(a->listeners[0].source.fd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return false;
	close(fd);
	return !is_last(a->broker, (uint32_t)fd);
}

static void on_retry(struct timer *timer)
{
	struct acceptor *a = container_of(timer, struct acceptor, timer);

	if (has_place(a))
		acceptor_open(a);
	else
		loop_timer_set(&a->broker->loop, &a->timer, a->broker->loop.now_ms + RETRY_MS);
}

void acceptor_init(struct acceptor *a, struct broker *broker)
{
	*a = (struct acceptor){.broker = broker, .timer.on = on_retry};
}

static void watch(struct acceptor *a, uint32_t events)
{
	for (unsigned i = 0; i < a->count; i++)
		loop_watch(&a->broker->loop, &a->listeners[i].source, events);
}

void acceptor_open(struct acceptor *a)
{
	a->state = ACCEPTOR_OPEN;
	loop_timer_cancel(&a->broker->loop, &a->timer);
	watch(a, EPOLLIN);
}

void acceptor_close(struct acceptor *a)
{
	a->state = ACCEPTOR_CLOSED;
	loop_timer_cancel(&a->broker->loop, &a->timer);
	watch(a, 0);
	while (a->count > 0)
		close(a->listeners[--a->count].source.fd);
}

void acceptor_on_room(struct acceptor *a)
{
	if (a->state == ACCEPTOR_SHUT)
		acceptor_open(a);
}

/* There is too little for another client: those who wait stay in the listen queue until there is more. */
static void shut(struct acceptor *a, const char *why, uint64_t retry_at_ms)
{
	uint64_t now_ms = a->broker->loop.now_ms;

	a->state = ACCEPTOR_SHUT;
	watch(a, 0);
	loop_timer_set(&a->broker->loop, &a->timer, retry_at_ms);
	if (a->logged_ms && now_ms - a->logged_ms < 1000)
		return;
	a->logged_ms = now_ms;
	log_warn("gate-shut", "why=\"%s\" connections=%u", why, a->broker->clients.count);
}

/* Is there place for one more? NULL, or the bound that it is past. */
static const char *past_bound(const struct broker *b, const struct address *address, const struct peer *peer)
{
	const struct settings *s = &b->settings;

	if (s->max_connections && b->clients.count >= s->max_connections)
		return "max_connections";
	if (s->max_lobby && b->clients.outside >= s->max_lobby)
		return "max_lobby";
	/* A proxy speaks for many: each of them is counted as soon as it has said for whom. */
	if (s->address_connections && address->connections > s->address_connections && !access_is_trusted(b, peer))
		return "address_connections";
	return NULL;
}

static struct peer peer_of(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)address;
	struct peer peer = {.local = address->ss_family != AF_INET && address->ss_family != AF_INET6};

	if (address->ss_family == AF_INET6) {
		memcpy(peer.ip, &in6->sin6_addr, sizeof(peer.ip));
		peer.port = ntohs(in6->sin6_port);
	} else if (address->ss_family == AF_INET) {
		peer.ip[10] = peer.ip[11] = 0xFF;
		memcpy(peer.ip + 12, &in->sin_addr, 4);
		peer.port = ntohs(in->sin_port);
	}
	return peer;
}

static void welcome(struct broker *b, int fd, uint32_t kind, const struct sockaddr_storage *from)
{
	const struct peer peer = peer_of(from);

	if (kind & IPC_LISTENER_PROXY && !access_may_speak_proxy(b, &peer)) {
		log_debug("proxy-refused", "why=\"no trusted proxy\"");
		close(fd);
		return;
	}
	struct address *address = address_take(b, &peer);
	/* Behind the PROXY protocol it is not known yet whom to count. */
	const char *bound = address ? past_bound(b, address, &peer) : "memory";
	unsigned unacknowledged_ms = (unsigned)b->settings.unacknowledged_ms;
	int on = 1;

	if (bound) {
		log_debug("past-bound", "bound=%s connections=%u", bound, b->clients.count);
		event_turned_away(b, bound);
		if (address)
			address_put(address);
		address = NULL;
		/* Even being told takes a record for a moment; so many, and no more. */
		if (b->clients.uncounted >= LIMIT_REFUSALS) {
			close(fd);
			return;
		}
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	/* It is the connection's, in whatever process; and a peer that takes nothing for so long is dead to it, too. */
	if (unacknowledged_ms)
		setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_ms, sizeof(unacknowledged_ms));
	struct client *c = client_new(b, fd, address);
	if (!c)
		return;
	c->past_bound = bound;
	c->peer = peer;
	c->listener_kind = kind;
	c->proxy_due = kind & IPC_LISTENER_PROXY;
	log_debug("connection", "client=%llu connections=%u", (unsigned long long)c->number, b->clients.count);
	request_begin(c);
}

static void on_listener(struct source *source, uint32_t events)
{
	const struct listener *listener = container_of(source, struct listener, source);
	struct acceptor *a = listener->acceptor;
	struct sockaddr_storage peer;

	(void)events;
	for (int i = 0; i < LIMIT_ACCEPT_BATCH && a->state == ACCEPTOR_OPEN; i++) {
		socklen_t length = sizeof(peer);
		memset(&peer, 0, sizeof(peer));
		int fd = accept4(source->fd, (struct sockaddr *)&peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS))
			shut(a, strerror(errno), a->broker->loop.now_ms + RETRY_MS);
		if (fd < 0)
			return;
		welcome(a->broker, fd, listener->kind, &peer);
		if (is_last(a->broker, (uint32_t)fd))
			shut(a, "descriptors", a->broker->loop.now_ms + RETRY_MS);
	}
}

void acceptor_add(struct acceptor *a, int fd, uint32_t kind)
{
	assert(a->count < BIND_LISTENERS_MAX);
	a->listeners[a->count++] =
	    (struct listener){.source = {.fd = fd, .on = on_listener}, .acceptor = a, .kind = kind};
}
