/*
 * churn - clients that join and leave few rooms as fast as they can, and check what they are told.
 * Process: of its own; no code of the server is in it.
 * usage:   churn PORT CLIENTS ROOMS JOINS SEED PATIENCE_MS
 *
 * Each client is connected, joins a room, stays for a moment or not at all, leaves in one of several ways (`leave`;
 * `leave` and the next `join` in one breath; `leave` and close at once; close; reset) and joins again. Checked:
 *   - every join is answered by `joined`, every leave by `left`, within PATIENCE_MS;
 *   - a room is one room: whoever was in it before the join was sent, and is still, is among the participants;
 *   - no client_id is given twice;
 *   - nobody is closed, and no error comes.
 * Exits 0 and prints "all is well" when JOINS joins were answered; else prints what was wrong on stderr and exits 1.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define IN_BYTES (1 << 18)
#define ID_BYTES 64
#define SOURCES 200 /* loopback addresses to come from, so that ports don't run out */

enum state { CONNECTING, UPGRADING, IDLE, JOINING, JOINED, LEAVING };

static const char *const state_texts[] = {"CONNECTING", "UPGRADING", "IDLE", "JOINING", "JOINED", "LEAVING"};

struct client {
	int fd;
	enum state state;
	unsigned room;
	uint64_t since_ms;  /* of this state */
	uint64_t asked;     /* the clock of events when the join was sent */
	uint64_t joined_at; /* and when it was answered */
	bool rejoins;       /* a `join` was sent right behind the `leave` */
	unsigned next_room; /* of that join */
	uint64_t next_asked;
	char id[ID_BYTES]; /* given by the server */
	char in[IN_BYTES];
	size_t in_length;
};

static struct client *clients;
static unsigned client_count, room_count;
static uint64_t joins_wanted, joins_done, reconnects, patience_ms;
static uint64_t event_clock; /* counts what was sent and what was heard, so that before and after are exact */
static uint16_t port;
static unsigned next_source;
static uint64_t random_state;
static int epoll_fd;

/* Every id ever given, for the check that none comes twice: an open-addressing set of their hashes. */
static uint64_t *ids;
static size_t ids_size;

static void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

static void fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, " (after %llu joins)\n", (unsigned long long)joins_done);
	exit(1);
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static uint32_t random_below(uint32_t n)
{
	random_state ^= random_state << 13; /* xorshift64 */
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)((random_state >> 32) % n);
}

static void enter(struct client *c, enum state state)
{
	c->state = state;
	c->since_ms = now_ms();
}

/* --- ids ---------------------------------------------------------------------------------------------------------- */

static void remember_id(const char *id)
{
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */

	for (const char *p = id; *p != '\0'; p++)
		hash = (hash ^ (uint8_t)*p) * 0x100000001b3;
	if (hash == 0)
		hash = 1;
	for (size_t i = hash % ids_size;; i = (i + 1) % ids_size) {
		if (ids[i] == hash)
			fail("client_id %s was given twice", id);
		if (ids[i] == 0) {
			ids[i] = hash;
			return;
		}
	}
}

/* --- out ---------------------------------------------------------------------------------------------------------- */

/* A frame of at most 125 bytes, with a mask of zeroes: masked, and readable in a trace. */
static size_t frame(char *out, const char *text)
{
	size_t n = strlen(text);

	if (n > 125)
		fail("too long for a short frame: %s", text);
	out[0] = (char)0x81;
	out[1] = (char)(0x80 | n);
	memset(out + 2, 0, 4);
	memcpy(out + 6, text, n);
	return n + 6;
}

static size_t join_frame(char *out, unsigned room)
{
	char text[126];

	snprintf(text, sizeof(text), "{\"action\":\"join\",\"room_id\":\"churn-%u\",\"sender\":\"c\"}", room);
	return frame(out, text);
}

/* Small writes to a socket that the other side reads all the time: they always fit. */
static void send_all(struct client *c, const char *bytes, size_t n)
{
	ssize_t sent = send(c->fd, bytes, n, MSG_NOSIGNAL);

	if (sent != (ssize_t)n)
		fail("client %td in %s, room %u: send: %s", c - clients, state_texts[c->state], c->room,
		     sent < 0 ? strerror(errno) : "short");
}

static void connect_client(struct client *c)
{
	struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001 + next_source)};
	struct sockaddr_in to = {
	    .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int one = 1;

	next_source = (next_source + 1) % SOURCES;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		fail("socket: %s", strerror(errno));
	setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (bind(c->fd, (struct sockaddr *)&from, sizeof(from)) < 0)
		fail("bind: %s", strerror(errno));
	if (connect(c->fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS)
		fail("connect: %s", strerror(errno));
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &event) < 0)
		fail("epoll_ctl: %s", strerror(errno));
	c->in_length = 0;
	c->rejoins = false;
	enter(c, CONNECTING);
}

static void reconnect(struct client *c, bool reset)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 0};

	if (reset)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(c->fd);
	reconnects++;
	connect_client(c);
}

static void join(struct client *c)
{
	char out[256];
	unsigned room = random_below(room_count);
	size_t n = join_frame(out, room);

	c->room = room;
	enter(c, JOINING);
	c->asked = ++event_clock;
	send_all(c, out, n);
}

static void leave(struct client *c)
{
	char out[512];
	size_t n = frame(out, "{\"action\":\"leave\"}");
	uint32_t how = random_below(100);

	event_clock++;
	if (how < 2) { /* the page is closed, or the network is gone */
		reconnect(c, how == 0);
		return;
	}
	enter(c, LEAVING);
	if (how < 5) { /* as clients of the reference system do */
		send_all(c, out, n);
		reconnect(c, false);
		return;
	}
	if (how < 45) { /* in one breath */
		c->rejoins = true;
		c->next_room = random_below(room_count);
		c->next_asked = ++event_clock;
		n += join_frame(out + n, c->next_room);
	}
	send_all(c, out, n);
}

/* --- in ----------------------------------------------------------------------------------------------------------- */

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* Is there a member "name":"value" in it, whatever else? */
static bool says(const char *text, const char *name, const char *value)
{
	char member[256];

	snprintf(member, sizeof(member), "\"%s\":\"%s\"", name, value);
	return strstr(text, member) != NULL;
}

/* The first client_id in `joined` that is not inside `participants`. */
static void read_id(struct client *c, const char *text)
{
	const char *list = strstr(text, "\"participants\":[");
	const char *end = list == NULL ? NULL : strchr(list, ']');
	const char *p = text;

	if (end == NULL)
		fail("joined without participants: %s", text);
	while ((p = strstr(p, "\"client_id\":\"")) != NULL && p > list && p < end)
		p++;
	if (p == NULL || sscanf(p, "\"client_id\":\"%63[^\"]\"", c->id) != 1)
		fail("joined without client_id: %s", text);
}

static void on_joined(struct client *c, char *text)
{
	char room[32];

	if (c->state == LEAVING)
		fail("client %td: joined where left was expected: %s", c - clients, text);
	if (c->state != JOINING)
		fail("client %td in %s: %s", c - clients, state_texts[c->state], text);
	snprintf(room, sizeof(room), "churn-%u", c->room);
	if (!says(text, "room_id", room))
		fail("client %td wanted %s and got %s", c - clients, room, text);
	read_id(c, text);
	remember_id(c->id);
	/* Whoever was told that it is in this room before we asked, and has not left since, must be listed. */
	for (unsigned i = 0; i < client_count; i++) {
		struct client *other = &clients[i];
		if (other != c && other->state == JOINED && other->room == c->room && other->joined_at < c->asked &&
		    !says(text, "client_id", other->id))
			fail("two rooms of one name: %s is in churn-%u, and missing in: %s", other->id, c->room, text);
	}
	c->joined_at = ++event_clock;
	enter(c, JOINED);
	if (++joins_done >= joins_wanted)
		return;
	if (random_below(4) != 0)
		leave(c); /* else later: see turn() */
}

static void on_left(struct client *c, const char *text)
{
	if (c->state != LEAVING || !says(text, "client_id", c->id))
		fail("client %td in %s, %s: %s", c - clients, state_texts[c->state], c->id, text);
	if (c->rejoins) {
		c->rejoins = false;
		c->room = c->next_room;
		c->asked = c->next_asked;
		enter(c, JOINING);
	} else {
		join(c);
	}
}

static void on_text(struct client *c, char *text)
{
	if (strstr(text, "\"action\":\"joined\"") != NULL)
		on_joined(c, text);
	else if (strstr(text, "\"action\":\"left\"") != NULL)
		on_left(c, text);
	else if (strstr(text, "\"action\":\"user-joined\"") == NULL && strstr(text, "\"action\":\"user-left\"") == NULL)
		fail("client %td in %s: %s", c - clients, state_texts[c->state], text);
}

/* Takes one frame from the front of the input. Returns its size, 0 if it is not whole yet. */
static size_t take_frame(struct client *c)
{
	const uint8_t *p = (const uint8_t *)c->in;
	size_t n = c->in_length, head = 2, length;

	if (n < 2)
		return 0;
	length = p[1] & 0x7f;
	if (length == 126) {
		if (n < 4)
			return 0;
		length = (size_t)p[2] << 8 | p[3];
		head = 4;
	} else if (length == 127) {
		if (n < 10)
			return 0;
		length = 0;
		for (int i = 2; i < 10; i++)
			length = length << 8 | p[i];
		head = 10;
	}
	if (head + length >= IN_BYTES)
		fail("client %td: a frame of %zu bytes", c - clients, length);
	if (n < head + length)
		return 0;
	if (p[0] != 0x81)
		fail("client %td in %s: a frame of kind %02x, code %u, %.*s", c - clients, state_texts[c->state], p[0],
		     length >= 2 ? (unsigned)p[head] << 8 | p[head + 1] : 0, length >= 2 ? (int)length - 2 : 0,
		     c->in + head + 2);

	/* The byte behind the text is lent for its NUL. */
	char saved = c->in[head + length];
	c->in[head + length] = '\0';
	on_text(c, c->in + head);
	c->in[head + length] = saved;
	return head + length;
}

static void on_readable(struct client *c)
{
	ssize_t n = recv(c->fd, c->in + c->in_length, IN_BYTES - 1 - c->in_length, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		fail("client %td in %s, room %u: %s", c - clients, state_texts[c->state], c->room,
		     n == 0 ? "closed by the server" : strerror(errno));
	c->in_length += (size_t)n;
	if (c->state == UPGRADING) {
		c->in[c->in_length] = '\0';
		char *end = strstr(c->in, "\r\n\r\n");
		if (end == NULL)
			return;
		if (!begins(c->in, "HTTP/1.1 101 "))
			fail("client %td: %s", c - clients, c->in);
		c->in_length -= (size_t)(end + 4 - c->in);
		memmove(c->in, end + 4, c->in_length);
		join(c);
	}
	while (joins_done < joins_wanted) {
		size_t taken = take_frame(c);
		if (taken == 0 || c->state == CONNECTING)
			return;
		c->in_length -= taken;
		memmove(c->in, c->in + taken, c->in_length);
	}
}

static void on_connected(struct client *c)
{
	static const char request[] =
	    "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
	int error = 0;
	socklen_t size = sizeof(error);

	getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
	if (error != 0)
		fail("connect: %s", strerror(error));
	epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &event);
	enter(c, UPGRADING);
	send_all(c, request, sizeof(request) - 1);
}

/* Now and then: those who stay get up, and nobody may wait for longer than our patience. */
static void turn(void)
{
	uint64_t now = now_ms();

	for (unsigned i = 0; i < client_count; i++) {
		struct client *c = &clients[i];
		if (c->state == JOINED && random_below(3) == 0)
			leave(c);
		else if (c->state != JOINED && now - c->since_ms > patience_ms)
			fail("client %u, room %u: no answer in %s for %llu ms", i, c->room, state_texts[c->state],
			     (unsigned long long)(now - c->since_ms));
	}
}

int main(int argc, char **argv)
{
	if (argc != 7) {
		fprintf(stderr, "usage: churn PORT CLIENTS ROOMS JOINS SEED PATIENCE_MS\n");
		return 2;
	}
	port = (uint16_t)atoi(argv[1]);
	client_count = (unsigned)atoi(argv[2]);
	room_count = (unsigned)atoi(argv[3]);
	joins_wanted = strtoull(argv[4], NULL, 10);
	random_state = strtoull(argv[5], NULL, 10) * 0x9e3779b97f4a7c15 + 1;
	patience_ms = strtoull(argv[6], NULL, 10);

	uint64_t began = now_ms(), turned = began;
	ids_size = 2 * (size_t)joins_wanted + 1024;
	ids = calloc(ids_size, sizeof(*ids));
	clients = calloc(client_count, sizeof(*clients));
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (ids == NULL || clients == NULL || epoll_fd < 0)
		fail("no memory or no epoll: %s", strerror(errno));
	for (unsigned i = 0; i < client_count; i++)
		connect_client(&clients[i]);

	while (joins_done < joins_wanted) {
		struct epoll_event events[64];
		int n = epoll_wait(epoll_fd, events, 64, 2);

		if (n < 0 && errno != EINTR)
			fail("epoll_wait: %s", strerror(errno));
		for (int i = 0; i < n && joins_done < joins_wanted; i++) {
			struct client *c = events[i].data.ptr;
			if (c->state == CONNECTING && (events[i].events & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
				on_connected(c);
			else if (c->state != CONNECTING)
				on_readable(c);
		}
		if (now_ms() - turned >= 2) {
			turned = now_ms();
			turn();
		}
	}

	uint64_t took = now_ms() - began;
	printf("all is well: %llu joins by %u clients in %u rooms, %llu reconnects, %llu ms\n",
	       (unsigned long long)joins_done, client_count, room_count, (unsigned long long)reconnects,
	       (unsigned long long)took);
	return 0;
}
