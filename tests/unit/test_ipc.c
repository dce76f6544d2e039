/*
 * test_ipc - ipc.c: nothing passes that the table of ipc_messages.h does not allow, and no descriptor is left behind.
 */
#include "ipc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "unit.h"

struct row {
	enum ipc_from from;
	size_t body_size;
	size_t tail_max;
	unsigned fds;
	unsigned legal_in;
};

static const struct row rows[IPC_TYPES] = {
#define X(name, from, body, tail_max, fds, legal_in) {from, sizeof(body), tail_max, fds, legal_in},
    IPC_MESSAGES(X)
#undef X
};

static const enum ipc_state states[] = {IPC_IN_STARTING, IPC_IN_SERVING, IPC_IN_WARM, IPC_IN_OPEN, IPC_IN_RETIRED};

static unsigned char bytes[8 + IPC_BODY_MAX + LIMIT_READ_BYTES + 16];
static int ends[2];
static struct ipc_inbox inbox;
static struct ipc_message message;

static unsigned open_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(folder);
	while (readdir(folder))
		n++;
	closedir(folder);
	return n;
}

static int set_up(void **state)
{
	(void)state;
	memset(bytes, 0, sizeof(bytes));
	return ipc_channel(ends);
}

static int tear_down(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++)
		if (ends[i] >= 0)
			close(ends[i]);
	return 0;
}

static int receive(enum ipc_from from, enum ipc_state in)
{
	memset(&message, 0xff, sizeof(message));
	return ipc_recv(ends[1], from, in, &inbox, &message);
}

/* Sends a packet as no ipc_send() would. */
static void send_raw(uint16_t version, uint16_t type, uint32_t tail_length, size_t size, unsigned fds)
{
	union {
		struct cmsghdr align;
		unsigned char bytes[CMSG_SPACE(4 * sizeof(int))];
	} control = {0};
	struct iovec part = {bytes, size};
	struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1};

	memcpy(bytes, &version, 2);
	memcpy(bytes + 2, &type, 2);
	memcpy(bytes + 4, &tail_length, 4);
	if (fds) {
		packet.msg_control = control.bytes;
		packet.msg_controllen = CMSG_SPACE(fds * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&packet);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(fds * sizeof(int));
		for (unsigned i = 0; i < fds; i++)
			memcpy(CMSG_DATA(c) + i * sizeof(int), &ends[0], sizeof(int));
	}
	assert_int_equal(sendmsg(ends[0], &packet, 0), size);
}

static uint16_t version_in_use(void)
{
	uint16_t version;

	assert_int_equal(ipc_send(ends[0], IPC_RETIRE, &(struct ipc_nothing){0}, NULL, 0, -1), 0);
	assert_int_equal(recv(ends[1], &version, sizeof(version), 0), sizeof(version));
	return version;
}

/* Closes what came along, which nobody may inherit. */
static void close_received(void)
{
	const int fds[] = {message.fd, message.second_fd};

	for (unsigned i = 0; i < COUNT_OF(fds) && fds[i] >= 0; i++) {
		assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
		close(fds[i]);
	}
}

/* Every row from every speaker in every state: exactly what the table says. */
static void test_who_and_when(void **state)
{
	const unsigned before = open_descriptors();

	(void)state;
	for (unsigned type = 0; type < IPC_TYPES; type++)
		for (unsigned from = IPC_FROM_KEEPER; from <= IPC_FROM_ROOMD; from++)
			for (unsigned i = 0; i < COUNT_OF(states); i++) {
				const struct row *r = &rows[type];
				int fd = r->fds ? ends[0] : -1;
				bool legal = r->from == from && (r->legal_in & states[i]);
				int error = r->fds == 2 ? ipc_send_two(ends[0], type, bytes, fd, STDIN_FILENO)
							: ipc_send(ends[0], type, bytes, bytes, r->tail_max, fd);
				assert_int_equal(error, 0);
				assert_int_equal(receive(from, states[i]), legal ? 0 : -EPROTO);
				if (!legal)
					continue;
				assert_int_equal(message.type, type);
				assert_int_equal(message.tail_length, r->tail_max);
				assert_int_equal((message.fd >= 0) + (message.second_fd >= 0), r->fds);
				assert_true(message.fd >= 0 || message.second_fd < 0);
				close_received();
			}
	assert_int_equal(open_descriptors(), before);
}

static void test_contents(void **state)
{
	struct ipc_left left = {.client = 0x1122334455667788, .reason = 7};
	struct ipc_return returned = {.client = 42, .in_bytes = 43};

	(void)state;
	assert_int_equal(ipc_send(ends[0], IPC_LEFT, &left, NULL, 0, -1), 0);
	assert_int_equal(ipc_send(ends[0], IPC_RETURN, &returned, "the rest", 8, STDIN_FILENO), 0);
	assert_int_equal(receive(IPC_FROM_ROOMD, IPC_IN_OPEN), 0);
	assert_memory_equal(message.body, &left, sizeof(left));
	assert_int_equal(message.tail_length, 0);
	assert_int_equal(message.fd, -1);
	assert_int_equal(receive(IPC_FROM_ROOMD, IPC_IN_OPEN), 0);
	assert_memory_equal(message.body, &returned, sizeof(returned));
	assert_int_equal(message.tail_length, 8);
	assert_memory_equal(message.tail, "the rest", 8);
	assert_true(message.fd >= 0);
	close(message.fd);
	assert_int_equal(receive(IPC_FROM_ROOMD, IPC_IN_OPEN), -EAGAIN);
}

static void test_sizes(void **state)
{
	const uint16_t version = version_in_use();
	const size_t adopt = 8 + sizeof(struct ipc_adopt);

	(void)state;
	for (size_t size = 1; size <= adopt + 20; size++) {
		send_raw(version, IPC_ADOPT, 10, size, 1);
		int error = receive(IPC_FROM_BROKER, IPC_IN_OPEN);
		assert_int_equal(error, size == adopt + 10 ? 0 : -EPROTO);
		if (error == 0)
			close(message.fd);
	}
	/* A tail that the header says to be longer than may be, or than the packet is. */
	send_raw(version, IPC_ADOPT, LIMIT_READ_BYTES + 1, adopt + LIMIT_READ_BYTES + 1, 1);
	assert_int_equal(receive(IPC_FROM_BROKER, IPC_IN_OPEN), -EPROTO);
	send_raw(version, IPC_ADOPT, UINT32_MAX, adopt, 1);
	assert_int_equal(receive(IPC_FROM_BROKER, IPC_IN_OPEN), -EPROTO);
	send_raw(version, IPC_ADOPT, 0, sizeof(bytes), 1);
	assert_int_equal(receive(IPC_FROM_BROKER, IPC_IN_OPEN), -EPROTO);
	send_raw(version, IPC_LEFT, 8, 8 + sizeof(struct ipc_left) + 8, 0);
	assert_int_equal(receive(IPC_FROM_ROOMD, IPC_IN_OPEN), -EPROTO);
}

static void test_version_and_type(void **state)
{
	const uint16_t version = version_in_use();
	const size_t size = 8 + sizeof(struct ipc_nothing);

	(void)state;
	send_raw(version, IPC_RETIRE, 0, size, 0);
	assert_int_equal(receive(IPC_FROM_BROKER, IPC_IN_OPEN), 0);
	send_raw((uint16_t)(version + 1), IPC_RETIRE, 0, size, 0);
	assert_int_equal(receive(IPC_FROM_BROKER, IPC_IN_OPEN), -EPROTO);
	send_raw(version, IPC_TYPES, 0, size, 0);
	assert_int_equal(receive(IPC_FROM_BROKER, IPC_IN_OPEN), -EPROTO);
	send_raw(version, UINT16_MAX, 0, size, 0);
	assert_int_equal(receive(IPC_FROM_BROKER, IPC_IN_OPEN), -EPROTO);
}

/* Too few descriptors, too many, or any at all where none may be: none is left open. */
static void test_descriptors(void **state)
{
	const uint16_t version = version_in_use();
	const unsigned before = open_descriptors();

	(void)state;
	for (unsigned fds = 0; fds <= 4; fds++) {
		send_raw(version, IPC_ADOPT, 0, 8 + sizeof(struct ipc_adopt), fds);
		assert_int_equal(receive(IPC_FROM_BROKER, IPC_IN_OPEN), fds == 1 ? 0 : -EPROTO);
		if (fds == 1)
			close_received();
		send_raw(version, IPC_ROOMD, 0, 8 + sizeof(struct ipc_roomd), fds);
		assert_int_equal(receive(IPC_FROM_KEEPER, IPC_IN_SERVING), fds == 2 ? 0 : -EPROTO);
		if (fds == 2)
			close_received();
		send_raw(version, IPC_RETIRE, 0, 8 + sizeof(struct ipc_nothing), fds);
		assert_int_equal(receive(IPC_FROM_BROKER, IPC_IN_OPEN), fds == 0 ? 0 : -EPROTO);
		assert_int_equal(message.fd, -1);
	}
	assert_int_equal(open_descriptors(), before);
}

/* Receives with so many descriptors free below the highest that is open. */
static int receive_with_free(unsigned count, enum ipc_from from, enum ipc_state in)
{
	struct rlimit limit;
	rlim_t least = 0;

	getrlimit(RLIMIT_NOFILE, &limit);
	for (unsigned free = 0; free < count; least++)
		free += fcntl((int)least, F_GETFD) < 0;
	while (count == 0 && fcntl((int)least, F_GETFD) >= 0)
		least++;
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){least, limit.rlim_max});
	int error = receive(from, in);
	setrlimit(RLIMIT_NOFILE, &limit);
	return error;
}

/* The message is whole, and its descriptors are lost, both even if there was place for one. */
static void test_no_descriptor_free(void **state)
{
	struct ipc_adopt adopt = {.client = 99};
	struct ipc_roomd roomd = {.roomd = 98};
	const unsigned before = open_descriptors();

	(void)state;
	skip_under_valgrind();
	assert_int_equal(ipc_send(ends[0], IPC_ADOPT, &adopt, NULL, 0, ends[0]), 0);
	assert_int_equal(receive_with_free(0, IPC_FROM_BROKER, IPC_IN_OPEN), -EMFILE);
	assert_int_equal(message.fd, -1);
	assert_memory_equal(message.body, &adopt, sizeof(adopt));
	for (unsigned i = 0; i <= 2; i++) {
		assert_int_equal(ipc_send_two(ends[0], IPC_ROOMD, &roomd, ends[0], ends[1]), 0);
		assert_int_equal(receive_with_free(i, IPC_FROM_KEEPER, IPC_IN_SERVING), i < 2 ? -EMFILE : 0);
		assert_memory_equal(message.body, &roomd, sizeof(roomd));
		assert_int_equal((message.fd >= 0) + (message.second_fd >= 0), i < 2 ? 0 : 2);
		close_received();
		assert_int_equal(open_descriptors(), before);
	}
}

static void test_full_and_ended(void **state)
{
	struct ipc_left left = {0};
	unsigned sent = 0;
	unsigned heard = 0;
	int error;

	(void)state;
	assert_int_equal(receive(IPC_FROM_ROOMD, IPC_IN_OPEN), -EAGAIN);
	while ((error = ipc_send(ends[0], IPC_LEFT, &left, NULL, 0, -1)) == 0)
		sent++;
	assert_int_equal(error, -EAGAIN);
	/* Something unread lies at the end that goes: what was sent before is heard all the same. */
	assert_int_equal(ipc_send(ends[1], IPC_RETIRE, &(struct ipc_nothing){0}, NULL, 0, -1), 0);
	close(ends[0]);
	ends[0] = -1;
	while ((error = receive(IPC_FROM_ROOMD, IPC_IN_OPEN)) == 0)
		heard++;
	assert_int_equal(error, -EPIPE);
	assert_int_equal(heard, sent);
	assert_int_equal(ipc_send(ends[1], IPC_RETIRE, &(struct ipc_nothing){0}, NULL, 0, -1), -EPIPE);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(ipc_name(IPC_ADOPT), "ADOPT");
	assert_string_equal(ipc_name(IPC_TYPES), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_who_and_when, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_contents, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_sizes, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_version_and_type, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_descriptors, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_no_descriptor_free, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_full_and_ended, set_up, tear_down),
	    cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
