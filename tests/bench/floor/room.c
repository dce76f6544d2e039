#include "floor.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MEMBERS 64
#define BUFFER_BYTES (64 * 1024)

struct member {
	int fd;
	unsigned char *rest; /* --unmask: a frame that is not whole yet */
	size_t rest_length;
};

static struct member members[MEMBERS];
static unsigned member_count;
static int epoll_fd;
static unsigned char in[2 * BUFFER_BYTES];

static void write_all(int fd, const unsigned char *at, size_t n)
{
	while (n > 0) {
		ssize_t written = send(fd, at, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (written < 0) {
			struct pollfd ready = {.fd = fd, .events = POLLOUT};
			if (errno != EAGAIN)
				return;
			poll(&ready, 1, -1);
			continue;
		}
		at += written;
		n -= (size_t)written;
	}
}

/* Turns client frames in[0..n) into server frames in place (they get shorter); returns their length, and in *ret_used
 * how much was whole. */
static size_t unmask_frames(size_t n, size_t *ret_used)
{
	size_t from = 0, to = 0;
	while (n - from >= 6) {
		size_t length = in[from + 1] & 0x7fU, head = 2;
		if (length == 126) {
			length = (size_t)in[from + 2] << 8 | in[from + 3];
			head = 4;
		} else if (length == 127) {
			if (n - from < 14)
				break;
			length = (size_t)in[from + 6] << 24 | (size_t)in[from + 7] << 16 | (size_t)in[from + 8] << 8 |
				 in[from + 9];
			head = 10;
		}
		if (n - from < head + 4 + length)
			break;
		unsigned char mask[4];
		memcpy(mask, in + from + head, 4);
		in[from + 1] &= 0x7fU;
		memmove(in + to, in + from, head);
		from += head + 4;
		to += head;
		uint32_t word;
		uint64_t wide;
		memcpy(&word, mask, 4);
		wide = (uint64_t)word << 32 | word;
		size_t i = 0;
		for (; i + 8 <= length; i += 8) {
			uint64_t x;
			memcpy(&x, in + from + i, 8);
			x ^= wide;
			memcpy(in + to + i, &x, 8);
		}
		for (; i < length; i++)
			in[to + i] = in[from + i] ^ mask[i & 3];
		from += length;
		to += length;
	}
	*ret_used = from;
	return to;
}

static void member_add(int fd)
{
	static const char joined[] = "\x81\x2f{\"action\":\"joined\",\"success\":true,\"floor\":true}";
	_Static_assert(sizeof joined - 1 == 2 + 0x2f, "the frame's length");
	for (unsigned i = 0; i < MEMBERS; i++) {
		if (members[i].fd >= 0)
			continue;
		members[i].fd = fd;
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = &members[i]};
		epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
		write_all(fd, (const unsigned char *)joined, sizeof joined - 1);
		member_count++;
		return;
	}
	close(fd);
}

static void member_drop(struct member *m)
{
	/* The broker keeps no duplicate: closing is enough. */
	close(m->fd);
	free(m->rest);
	*m = (struct member){.fd = -1};
	member_count--;
}

static void on_member(struct member *m, bool unmask)
{
	size_t kept = m->rest_length;
	if (kept > 0)
		memcpy(in, m->rest, kept);
	ssize_t n = recv(m->fd, in + kept, BUFFER_BYTES, MSG_DONTWAIT);
	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			member_drop(m);
		return;
	}
	size_t length = kept + (size_t)n;
	if (unmask) {
		size_t used, whole = length;
		length = unmask_frames(whole, &used);
		if (whole > used) {
			if (m->rest == NULL)
				m->rest = malloc(BUFFER_BYTES);
			memcpy(m->rest, in + used, whole - used);
		}
		m->rest_length = whole - used;
	}
	for (unsigned i = 0; i < MEMBERS && length > 0; i++) {
		if (members[i].fd >= 0 && &members[i] != m)
			write_all(members[i].fd, in, length);
	}
}

int room_run(int client, int channel, bool unmask)
{
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
	epoll_ctl(epoll_fd, EPOLL_CTL_ADD, channel, &event);
	for (unsigned i = 0; i < MEMBERS; i++)
		members[i].fd = -1;
	member_add(client);
	while (member_count > 0) {
		struct epoll_event events[16];
		int n = epoll_wait(epoll_fd, events, 16, -1);
		for (int i = 0; i < n; i++) {
			int fds[2];
			if (events[i].data.ptr != NULL)
				on_member(events[i].data.ptr, unmask);
			else if (fds_receive(channel, fds) == 1)
				member_add(fds[0]);
			else
				return 0; /* the broker is gone */
		}
	}
	return 0;
}
