/*
 * test_position - position.c, against connections over loopback.
 */
#include "position.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit.h"

static int ours;
static int theirs;

static int set_up(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	theirs = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 1) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &size) < 0 ||
	    connect(theirs, (struct sockaddr *)&address, size) < 0)
		return -1;
	ours = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	close(listener);
	return ours < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(ours);
	close(theirs);
	return 0;
}

static void assert_position(uint64_t in_bytes, uint64_t out_bytes)
{
	struct position p = position_of(ours);

	assert_true(p.in_bytes == in_bytes);
	assert_true(p.out_bytes == out_bytes);
}

/* What was read and written counts; what waits to be read does not, what waits to be sent or acknowledged does. */
static void test_reads_and_writes(void **state)
{
	static char buffer[100000];

	(void)state;
	assert_position(0, 0);
	assert_int_equal(send(theirs, buffer, 1000, 0), 1000);
	assert_position(0, 0);
	assert_int_equal(recv(ours, buffer, 300, 0), 300);
	assert_position(300, 0);
	assert_int_equal(recv(ours, buffer, 700, MSG_WAITALL), 700);
	assert_position(1000, 0);
	uint64_t written = 0;
	ssize_t n;
	while ((n = send(ours, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0) {
		written += (uint64_t)n;
		assert_position(1000, written);
	}
	assert_true(written > 0);
	for (uint64_t read = 0; read < written; read += (uint64_t)n) {
		n = recv(theirs, buffer, sizeof(buffer), 0);
		assert_true(n > 0);
		assert_position(1000, written);
	}
}

/* The peer's end takes a place in the stream, for the kernel, and none for us. */
static void test_peer_has_ended(void **state)
{
	char buffer[100];

	(void)state;
	assert_int_equal(send(theirs, "in", 2, 0), 2);
	assert_int_equal(send(ours, "out", 3, 0), 3);
	shutdown(theirs, SHUT_WR);
	assert_int_equal(recv(ours, buffer, sizeof(buffer), MSG_WAITALL), 2);
	assert_position(2, 3);
}

static void test_not_tcp(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	struct position p = position_of(ends[0]);
	assert_true(p.in_bytes == POSITION_UNKNOWN && p.out_bytes == POSITION_UNKNOWN);
	close(ends[0]);
	close(ends[1]);
	assert_true(position_of(-1).in_bytes == POSITION_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_reads_and_writes, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_peer_has_ended, set_up, tear_down),
	    cmocka_unit_test(test_not_tcp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
