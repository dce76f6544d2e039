#include "crowd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server.h"

#define BUFFER_BYTES (512 * 1024)
#define EVENTS 256
/* A loopback address has some 28,000 ports; many addresses are never short of them. */
#define SOURCE_ADDRESSES 64

int crowd_fail(struct crowd *c, int error, const char *what)
{
	if (c->error == 0) {
		c->error = error;
		c->what = what;
	}
	return error;
}

int crowd_init(struct crowd *c, enum dialect dialect, uint16_t port, size_t count)
{
	*c = (struct crowd){.dialect = dialect, .port = port, .count = count, .epoll_fd = -1};
	c->clients = calloc(count, sizeof *c->clients);
	c->buffer = malloc(BUFFER_BYTES);
	c->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (c->clients == NULL || c->buffer == NULL || c->epoll_fd < 0) {
		c->count = 0;
		crowd_fini(c);
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++)
		c->clients[i].fd = -1;
	return 0;
}

void crowd_close(struct crowd *c, struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	if (client->state == CLIENT_JOINED)
		c->joined--;
	free(client->rest);
	free(client->owed);
	*client = (struct client){.fd = -1};
}

void crowd_fini(struct crowd *c)
{
	for (size_t i = 0; i < c->count; i++)
		crowd_close(c, &c->clients[i]);
	free(c->clients);
	free(c->buffer);
	if (c->epoll_fd >= 0)
		close(c->epoll_fd);
	*c = (struct crowd){.epoll_fd = -1};
}

static int watch(struct crowd *c, struct client *client, int operation, bool writable)
{
	struct epoll_event event = {.events = EPOLLIN | (writable ? EPOLLOUT : 0), .data.ptr = client};
	return epoll_ctl(c->epoll_fd, operation, client->fd, &event) < 0 ? crowd_fail(c, -errno, "epoll_ctl") : 0;
}

static int request_write(struct crowd *c, struct client *client)
{
	char request[MESSAGE_REQUEST_BYTES];
	client->state = CLIENT_UPGRADING;
	return crowd_write(c, client, request, message_request(request, c->dialect, client->number));
}

int crowd_connect(struct crowd *c, struct client *client, uint32_t room)
{
	static const int one = 1;
	struct sockaddr_in source = {.sin_family = AF_INET};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(c->port)};
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + c->next_number % SOURCE_ADDRESSES);

	client->began_ns = now_ns();
	client->number = c->next_number++;
	client->room = room;
	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (client->fd < 0)
		return crowd_fail(c, -errno, "socket");
	setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
	if (bind(client->fd, (struct sockaddr *)&source, sizeof source) < 0)
		return crowd_fail(c, -errno, "bind");
	bool connected = connect(client->fd, (struct sockaddr *)&to, sizeof to) == 0;
	if (!connected && errno != EINPROGRESS)
		return crowd_fail(c, -errno, "connect");
	client->state = CLIENT_CONNECTING;
	int error = watch(c, client, EPOLL_CTL_ADD, !connected);
	return error != 0 || !connected ? error : request_write(c, client);
}

/* Tries to write; what does not go is kept, in order. */
int crowd_write(struct crowd *c, struct client *client, const void *bytes, size_t n)
{
	size_t done = 0;
	if (client->owed_length == 0) {
		ssize_t written = send(client->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (written < 0 && errno != EAGAIN)
			return crowd_fail(c, -errno, "send");
		done = written < 0 ? 0 : (size_t)written;
	}
	if (done == n)
		return 0;
	unsigned char *owed = realloc(client->owed, client->owed_length + (n - done));
	if (owed == NULL)
		return crowd_fail(c, -ENOMEM, "realloc");
	memcpy(owed + client->owed_length, (const unsigned char *)bytes + done, n - done);
	client->owed = owed;
	client->owed_length += n - done;
	return watch(c, client, EPOLL_CTL_MOD, true);
}

static int on_writable(struct crowd *c, struct client *client)
{
	if (client->state == CLIENT_CONNECTING) {
		int error = watch(c, client, EPOLL_CTL_MOD, false);
		return error != 0 ? error : request_write(c, client);
	}
	ssize_t written = send(client->fd, client->owed, client->owed_length, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (written < 0)
		return errno == EAGAIN ? 0 : crowd_fail(c, -errno, "send");
	client->owed_length -= (size_t)written;
	memmove(client->owed, client->owed + written, client->owed_length);
	return client->owed_length == 0 ? watch(c, client, EPOLL_CTL_MOD, false) : 0;
}

static void joined(struct crowd *c, struct client *client)
{
	client->state = CLIENT_JOINED;
	c->joined++;
	if (c->on_joined != NULL)
		c->on_joined(c, client);
}

/* The answer to the upgrade; returns its length, 0 if it is not whole. */
static long on_upgrade(struct crowd *c, struct client *client, const unsigned char *at, size_t n)
{
	const unsigned char *end = memmem(at, n, "\r\n\r\n", 4);
	if (end == NULL)
		return n > 4096 ? crowd_fail(c, -EPROTO, "an endless answer to the upgrade") : 0;
	size_t length = (size_t)(end - at) + 4;
	if (n < 12 || memcmp(at, "HTTP/1.1 101", 12) != 0 ||
	    memmem(at, length, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", 28) == NULL) {
		fprintf(stderr, "bench_load: upgrade answered with: %.*s\n", (int)length, (const char *)at);
		return crowd_fail(c, -EPROTO, "not upgraded");
	}
	client->state = CLIENT_JOINING;
	if (c->dialect == DIALECT_ROOMS) {
		unsigned char join[MESSAGE_JOIN_BYTES];
		crowd_write(c, client, join, message_join_frame(join, client->room, client->number));
	}
	return (long)length;
}

static void on_text(struct crowd *c, struct client *client, const struct frame *f)
{
	if (client->state == CLIENT_JOINING) {
		if (frame_contains(f, c->dialect == DIALECT_ROOMS ? "\"joined\"" : "\"OPEN\"")) {
			joined(c, client);
			return;
		}
		fprintf(stderr, "bench_load: join answered with: %.*s\n", (int)(f->length < 400 ? f->length : 400),
			(const char *)f->payload);
		crowd_fail(c, -EPROTO, "not joined");
		return;
	}
	client->received++;
	if (c->expected != NULL && !client->checked) {
		client->checked = true;
		if (!frame_carries(f, c->expected)) {
			fprintf(stderr, "bench_load: relayed as: %.*s\n", (int)(f->length < 400 ? f->length : 400),
				(const char *)f->payload);
			crowd_fail(c, -EBADMSG, "a signal did not arrive as it was sent");
		}
	}
	if (c->on_signal != NULL)
		c->on_signal(c, client, f);
}

static void on_frame(struct crowd *c, struct client *client, const struct frame *f)
{
	unsigned char control[MESSAGE_HEAD_BYTES + 125];
	switch (f->opcode) {
	case 1:
	case 2:
		if (!f->final)
			crowd_fail(c, -EPROTO, "a fragmented message");
		else
			on_text(c, client, f);
		break;
	case 8:
		crowd_fail(c, -ECONNRESET, "closed by the server with a close frame");
		if (f->length >= 2)
			fprintf(stderr, "bench_load: close code %d: %.*s\n", f->payload[0] << 8 | f->payload[1],
				(int)f->length - 2, (const char *)f->payload + 2);
		break;
	case 9:
		crowd_write(c, client, control, frame_control(control, 10, f));
		break;
	case 10:
		break;
	default:
		crowd_fail(c, -EPROTO, "an unexpected opcode");
	}
}

static int rest_keep(struct crowd *c, struct client *client, const unsigned char *at, size_t n)
{
	if (n == 0) {
		client->rest_length = 0;
		return 0;
	}
	unsigned char *rest = realloc(client->rest, n);
	if (rest == NULL)
		return crowd_fail(c, -ENOMEM, "realloc");
	memcpy(rest, at, n);
	client->rest = rest;
	client->rest_length = n;
	return 0;
}

static int on_readable(struct crowd *c, struct client *client)
{
	size_t n = client->rest_length;
	if (n > 0)
		memcpy(c->buffer, client->rest, n);
	ssize_t got = recv(client->fd, c->buffer + n, BUFFER_BYTES - n, MSG_DONTWAIT);
	if (got < 0)
		return errno == EAGAIN ? 0 : crowd_fail(c, -errno, "recv");
	if (got == 0)
		return crowd_fail(c, -ECONNRESET, "closed by the server");
	n += (size_t)got;

	size_t at = 0;
	while (at < n && client->state != CLIENT_CLOSED && c->error == 0) {
		long length;
		struct frame frame;
		if (client->state <= CLIENT_UPGRADING) {
			length = on_upgrade(c, client, c->buffer + at, n - at);
		} else {
			length = frame_read(c->buffer + at, n - at, &frame);
			if (length > 0)
				on_frame(c, client, &frame);
		}
		if (length < 0)
			return crowd_fail(c, -EPROTO, "a bad frame");
		if (length == 0)
			break;
		at += (size_t)length;
	}
	if (client->state == CLIENT_CLOSED)
		return 0; /* by a callback; what came after is of no interest */
	int error = rest_keep(c, client, c->buffer + at, n - at);
	if (error == 0 && c->on_batch != NULL && client->state == CLIENT_JOINED)
		c->on_batch(c, client);
	return error;
}

int crowd_turn(struct crowd *c, uint64_t wait_ns)
{
	struct epoll_event events[EVENTS];
	struct timespec wait = {.tv_sec = (time_t)(wait_ns / 1000000000U), .tv_nsec = (long)(wait_ns % 1000000000U)};
	int n = epoll_pwait2(c->epoll_fd, events, EVENTS, &wait, NULL);
	if (n < 0)
		return errno == EINTR ? 0 : crowd_fail(c, -errno, "epoll_wait");
	for (int i = 0; i < n && c->error == 0; i++) {
		struct client *client = events[i].data.ptr;
		if (client->state == CLIENT_CLOSED)
			continue;
		if ((events[i].events & EPOLLOUT) != 0)
			on_writable(c, client);
		if ((events[i].events & ~(uint32_t)EPOLLOUT) != 0 && client->state > CLIENT_CONNECTING)
			on_readable(c, client);
	}
	return c->error;
}

int crowd_serve(struct crowd *c, uint64_t ns)
{
	uint64_t end = now_ns() + ns;
	for (uint64_t now; (now = now_ns()) < end && c->error == 0;)
		crowd_turn(c, end - now);
	return c->error;
}
