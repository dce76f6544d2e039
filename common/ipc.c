/* ipc - sending and receiving the messages of ipc_messages.h. */
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "ipc.h"

struct ipc_header {
	uint16_t version;
	uint16_t type;
	uint32_t tail_length;
};

struct ipc_rule {
	const char *name;
	enum ipc_from from;
	size_t body_size;
	size_t tail_max;
	unsigned fds;
	unsigned legal_in;
};

static const struct ipc_rule ipc_rules[IPC_TYPES] = {
#define X(name, from, body, tail_max, fds, legal_in) {#name, from, sizeof(body), tail_max, fds, legal_in},
    IPC_MESSAGES(X)
#undef X
};

#define X(name, from, body, tail_max, fds, legal_in)                                                                   \
	_Static_assert(sizeof(body) <= IPC_BODY_MAX && sizeof(body) % 8 == 0 && (fds) <= IPC_FDS_MAX, #name);
IPC_MESSAGES(X)
#undef X

const char *ipc_name(enum ipc_type type)
{
	return (unsigned)type < IPC_TYPES ? ipc_rules[type].name : "?";
}

int ipc_channel(int ret_ends[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ret_ends) < 0)
		return -errno;
	return 0;
}

static int send_message(int channel, enum ipc_type type, const void *body, const void *tail, size_t tail_length,
			const int *fds, unsigned fd_count)
{
	const struct ipc_rule *rule = &ipc_rules[type];
	struct ipc_header header = {IPC_VERSION, (uint16_t)type, (uint32_t)tail_length};
	struct iovec parts[3] = {{&header, sizeof(header)},
				 {(void *)(uintptr_t)body, rule->body_size},
				 {(void *)(uintptr_t)tail, tail_length}};
	union {
		struct cmsghdr align;
		unsigned char bytes[CMSG_SPACE(sizeof(int) * IPC_FDS_MAX)];
	} control;
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = tail_length ? 3 : 2};

	assert(tail_length <= rule->tail_max && fd_count == rule->fds);
	if (fd_count > 0) {
		memset(&control, 0, sizeof(control));
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
		struct cmsghdr *c = CMSG_FIRSTHDR(&message);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * fd_count);
	}
	ssize_t n;
	do
		n = sendmsg(channel, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == ENOBUFS || errno == ENOMEM))
		return -EAGAIN; /* the system's memory, not the channel, is full; it passes as well */
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	return 0;
}

int ipc_send(int channel, enum ipc_type type, const void *body, const void *tail, size_t tail_length, int fd)
{
	return send_message(channel, type, body, tail, tail_length, &fd, fd >= 0);
}

int ipc_send_two(int channel, enum ipc_type type, const void *body, int fd, int second_fd)
{
	return send_message(channel, type, body, NULL, 0, (const int[]){fd, second_fd}, 2);
}

/* Takes the descriptors out of a received packet. Returns how many there were. */
static unsigned take_fds(struct msghdr *message, int fds[IPC_FDS_MAX])
{
	unsigned count = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (count < IPC_FDS_MAX)
				fds[count++] = fd;
			else
				close(fd);
		}
	}
	return count;
}

/* Holds the packet of n bytes with `fds` descriptors against the table. */
static int check(const struct ipc_inbox *inbox, size_t n, unsigned fds, bool fds_lost, enum ipc_from from,
		 enum ipc_state state, struct ipc_message *ret)
{
	struct ipc_header header;

	if (n < sizeof(header))
		return -EPROTO;
	memcpy(&header, inbox->bytes, sizeof(header));
	if (header.version != IPC_VERSION || header.type >= IPC_TYPES)
		return -EPROTO;
	const struct ipc_rule *rule = &ipc_rules[header.type];
	if (rule->from != from || !(rule->legal_in & (unsigned)state) ||
	    (fds_lost ? fds >= rule->fds : fds != rule->fds) || header.tail_length > rule->tail_max ||
	    n != sizeof(header) + rule->body_size + header.tail_length)
		return -EPROTO;
	ret->type = (enum ipc_type)header.type;
	ret->body = inbox->bytes + sizeof(header);
	ret->tail = inbox->bytes + sizeof(header) + rule->body_size;
	ret->tail_length = header.tail_length;
	return fds_lost ? -EMFILE : 0;
}

int ipc_recv(int channel, enum ipc_from from, enum ipc_state state, struct ipc_inbox *inbox, struct ipc_message *ret)
{
	/* Room for as many descriptors as any message may have: of more than that, the kernel installs none. */
	union {
		struct cmsghdr align;
		unsigned char bytes[CMSG_LEN(sizeof(int) * IPC_FDS_MAX)];
	} control;
	struct iovec part = {inbox->bytes, sizeof(inbox->bytes)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control.bytes,
				 .msg_controllen = CMSG_LEN(sizeof(int) * IPC_FDS_MAX)};
	ssize_t n;

	do
		n = recvmsg(channel, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n < 0 && (errno == EINTR || errno == ECONNRESET)); /* after a reset, what was sent is still there */
	if (n < 0)
		return -errno;
	if (n == 0)
		return -EPIPE;
	int fds[IPC_FDS_MAX] = {-1, -1};
	unsigned count = take_fds(&message, fds);
	bool lost = message.msg_flags & MSG_CTRUNC;
	int error = message.msg_flags & MSG_TRUNC ? -EPROTO : check(inbox, (size_t)n, count, lost, from, state, ret);
	for (unsigned i = 0; error < 0 && i < count; i++) {
		close(fds[i]);
		fds[i] = -1;
	}
	ret->fd = fds[0];
	ret->second_fd = fds[1];
	return error;
}
