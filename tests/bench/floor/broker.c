#include "floor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "handshake.h"

#define REQUEST_BYTES 4096
#define NAME_BYTES 64
#define BUCKETS 16384

enum kind { LISTENER, LOBBY, ROOM };

struct source {
	enum kind kind;
	int fd;
};

struct lobby {
	struct source source; /* first */
	bool upgraded;
	size_t length;
	char bytes[REQUEST_BYTES];
};

struct room {
	struct source source; /* first; the channel */
	struct room *next;
	size_t name_length;
	char name[NAME_BYTES];
};

static int epoll_fd, zygote_fd;
static struct room *buckets[BUCKETS];

static void watch(int fd, void *source)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = source};
	epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static struct room **bucket_of(const char *name, size_t n)
{
	uint32_t hash = 2166136261U;
	for (size_t i = 0; i < n; i++)
		hash = (hash ^ (unsigned char)name[i]) * 16777619U;
	return &buckets[hash % BUCKETS];
}

static void room_drop(struct room *room)
{
	struct room **at = bucket_of(room->name, room->name_length);
	while (*at != room)
		at = &(*at)->next;
	*at = room->next;
	close(room->source.fd);
	free(room);
}

static void seat(int client, const char *name, size_t n)
{
	struct room **bucket = bucket_of(name, n), *room = *bucket;
	while (room != NULL && (room->name_length != n || memcmp(room->name, name, n) != 0))
		room = room->next;
	if (room != NULL) {
		fds_send(room->source.fd, &client, 1);
		return;
	}
	int ends[2];
	room = calloc(1, sizeof *room);
	if (room == NULL || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
		free(room);
		return;
	}
	room->source = (struct source){ROOM, ends[0]};
	room->name_length = n;
	memcpy(room->name, name, n);
	room->next = *bucket;
	*bucket = room;
	watch(ends[0], room);
	fds_send(zygote_fd, (int[]){client, ends[1]}, 2);
	close(ends[1]);
}

/* Returns false if the connection is to go. */
static bool upgrade(struct lobby *l)
{
	l->bytes[l->length] = '\0';
	char *end = strstr(l->bytes, "\r\n\r\n");
	if (end == NULL)
		return l->length < REQUEST_BYTES - 1;
	const char *key = strcasestr(l->bytes, "\r\nSec-WebSocket-Key:");
	if (key == NULL)
		return false;
	key += strlen("\r\nSec-WebSocket-Key:");
	key += strspn(key, " \t");
	if (end - key < HANDSHAKE_KEY_BYTES)
		return false;

	static const char head[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
				   "Sec-WebSocket-Accept: ";
	char answer[sizeof head - 1 + HANDSHAKE_ACCEPT_BYTES + 4];
	memcpy(answer, head, sizeof head - 1);
	handshake_accept(answer + sizeof head - 1, key);
	memcpy(answer + sizeof answer - 4, "\r\n\r\n", 4);
	if (send(l->source.fd, answer, sizeof answer, MSG_NOSIGNAL) != (ssize_t)sizeof answer)
		return false;
	l->upgraded = true;
	l->length = 0;
	return true;
}

/* The first frame: small, masked, with "room_id":"..." in it. Returns false if the connection is to go, which it does
 * also when a room has it. */
static bool join(struct lobby *l)
{
	unsigned char *bytes = (unsigned char *)l->bytes;
	if (l->length < 6)
		return true;
	size_t length = bytes[1] & 0x7fU, head = 2;
	if (length == 126) {
		length = (size_t)bytes[2] << 8 | bytes[3];
		head = 4;
	}
	if (head + 4 + length >= REQUEST_BYTES)
		return false;
	if (l->length < head + 4 + length)
		return true;
	char *text = l->bytes + head + 4;
	for (size_t i = 0; i < length; i++)
		text[i] ^= l->bytes[head + (i & 3)];
	text[length] = '\0';
	const char *name = strstr(text, "\"room_id\":\"");
	if (name == NULL)
		return false;
	name += strlen("\"room_id\":\"");
	size_t n = strcspn(name, "\"");
	if (n < NAME_BYTES)
		seat(l->source.fd, name, n);
	return false;
}

static void on_lobby(struct lobby *l)
{
	ssize_t n = recv(l->source.fd, l->bytes + l->length, REQUEST_BYTES - 1 - l->length, 0);
	if (n < 0 && errno == EAGAIN)
		return;
	l->length += n > 0 ? (size_t)n : 0;
	if (n <= 0 || !(l->upgraded ? join(l) : upgrade(l))) {
		/* A room may hold a duplicate: it must leave this set by name. */
		epoll_ctl(epoll_fd, EPOLL_CTL_DEL, l->source.fd, NULL);
		close(l->source.fd);
		free(l);
	}
}

static void on_listener(int listener)
{
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			return;
		struct lobby *l = malloc(sizeof *l);
		if (l == NULL) {
			close(fd);
			return;
		}
		l->source = (struct source){LOBBY, fd};
		l->upgraded = false;
		l->length = 0;
		watch(fd, l);
	}
}

int broker_run(int listener, int zygote)
{
	struct source source = {LISTENER, listener};
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	zygote_fd = zygote;
	watch(listener, &source);
	for (;;) {
		struct epoll_event events[64];
		int n = epoll_wait(epoll_fd, events, 64, -1);
		for (int i = 0; i < n; i++) {
			struct source *s = events[i].data.ptr;
			if (s->kind == LISTENER)
				on_listener(s->fd);
			else if (s->kind == LOBBY)
				on_lobby((struct lobby *)(void *)s);
			else
				room_drop((struct room *)(void *)s);
		}
	}
}
