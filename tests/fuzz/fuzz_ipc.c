/*
 * fuzz_ipc - any packet, with any number of descriptors, on a channel between processes: what comes through is what the
 * table allows, and no descriptor is lost.
 * Input: who the receiver thinks speaks, its state, how many descriptors, the packet.
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc.h"

#include "fuzz.h"

#define FDS_MAX 3

struct rule {
	enum ipc_from from;
	size_t body_size, tail_max;
	int fds;
	unsigned legal_in;
};

/* The table, read a second time. */
static const struct rule rules[IPC_TYPES] = {
#define X(name, from, body, tail_max, fds, legal_in) {from, sizeof(body), tail_max, fds, legal_in},
    IPC_MESSAGES(X)
#undef X
};

static void send_packet(int channel, const uint8_t *bytes, size_t n, unsigned fds)
{
	union {
		struct cmsghdr align;
		unsigned char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control;
	struct iovec part = {(void *)(uintptr_t)bytes, n};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	memset(&control, 0, sizeof(control));
	if (fds > 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(fds * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&message);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(fds * sizeof(int)); /* all are 0: whatever stdin is */
	}
	CHECK(sendmsg(channel, &message, MSG_DONTWAIT) == (ssize_t)n);
}

/* The lowest descriptor that is free. */
static int lowest_fd(void)
{
	int fd = dup(STDERR_FILENO);

	CHECK(fd >= 0 && close(fd) == 0);
	return fd;
}

static void check_received(const struct ipc_message *m, const uint8_t *bytes, size_t n, unsigned from, unsigned state)
{
	CHECK((unsigned)m->type < IPC_TYPES);
	const struct rule *rule = &rules[m->type];
	CHECK(rule->from == (enum ipc_from)from && (rule->legal_in & state) &&
	      (m->fd >= 0) + (m->second_fd >= 0) == (int)rule->fds);
	CHECK(m->tail_length <= rule->tail_max && 8 + rule->body_size + m->tail_length == n);
	CHECK(memcmp(m->body, bytes + 8, rule->body_size) == 0);
	CHECK(m->tail_length == 0 || memcmp(m->tail, bytes + 8 + rule->body_size, m->tail_length) == 0);
}

/* Makes the channel, once; and what sending can come to: full, and no end. */
static void check_sending(int ends[2])
{
	struct ipc_nothing body = {0};
	int error;

	CHECK(strcmp(ipc_name(IPC_OPEN), "OPEN") == 0 && strcmp(ipc_name(IPC_TYPES), "?") == 0);
	CHECK(ipc_channel(ends) == 0);
	do
		error = ipc_send(ends[0], IPC_SERVING, &body, NULL, 0, -1);
	while (error == 0);
	CHECK(error == -EAGAIN);
	close(ends[1]);
	CHECK(ipc_send(ends[0], IPC_SERVING, &body, NULL, 0, -1) == -EPIPE);
	close(ends[0]);
	CHECK(ipc_channel(ends) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ipc_inbox inbox;
	static int ends[2] = {-1, -1};
	struct ipc_message m;

	if (size < 4 || size > 60000)
		return 0;
	if (ends[0] < 0)
		check_sending(ends);
	unsigned from = data[0] % 3, state = 1U << data[1] % 5, fds = data[2] % (FDS_MAX + 1);
	data += 3;
	size -= 3;
	send_packet(ends[0], data, size, fds);
	int before = lowest_fd();
	int error = ipc_recv(ends[1], (enum ipc_from)from, (enum ipc_state)state, &inbox, &m);
	CHECK(error == 0 || error == -EPROTO);
	if (error == 0) {
		check_received(&m, data, size, from, state);
		if (m.fd >= 0)
			close(m.fd);
		if (m.second_fd >= 0)
			close(m.second_fd);
	}
	CHECK(lowest_fd() == before);
	CHECK(ipc_recv(ends[1], (enum ipc_from)from, (enum ipc_state)state, &inbox, &m) == -EAGAIN);
	return 0;
}
