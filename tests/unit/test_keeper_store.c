/*
 * test_keeper_store - keeper_store.c against a service manager whose queue is full at times.
 */
#include "keeper_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit.h"

static int ends[2]; /* ours, the manager's */
static struct notify notify;
static struct keeper_store store;

static int begin(void **state)
{
	(void)state;
	setenv("FDSTORE", "14", 1);
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		return -1;
	notify = (struct notify){.fd = ends[0]};
	keeper_store_init(&store, &notify);
	return 0;
}

static int end(void **state)
{
	(void)state;
	return close(ends[0]) < 0 || close(ends[1]) < 0;
}

/* Until the manager takes no more. */
static void fill(void)
{
	while (notify_store(&notify, "X=1", NULL, 0) == 0)
		continue;
}

/* The next that is none of those. (Descriptors that came along are dropped by the kernel.) */
static void assert_heard(const char *text)
{
	char heard[128];
	ssize_t n;

	do
		n = recv(ends[1], heard, sizeof(heard), 0);
	while (n == 3);
	assert_true(n >= 0);
	assert_text(heard, (size_t)n, text);
}

static void assert_quiet(void)
{
	char heard[128];
	ssize_t n;

	do
		n = recv(ends[1], heard, sizeof(heard), 0);
	while (n == 3);
	assert_true(n < 0);
}

static const int fds[STORE_ROOM_FDS] = {STDIN_FILENO, STDIN_FILENO, STDIN_FILENO, STDIN_FILENO};

static void test_as_many_as_it_holds(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) /* 14 descriptors: two singles, three rooms */
		assert_int_equal(keeper_store_take(&store), i);
	assert_int_equal(keeper_store_take(&store), -1);
	keeper_store_remove(&store, 1);
	assert_heard("FDSTOREREMOVE=1\nFDNAME=+1");
	assert_int_equal(keeper_store_take(&store), 1);
	keeper_store_remove(&store, STORE_ROOMS_MAX); /* of another keeper, whose store was larger */
	keeper_store_remove(&store, -1);
	assert_quiet();
}

/* What is stored again under another name is no second one to the manager until the first is removed. */
static void test_removals_come_first(void **state)
{
	int first = keeper_store_take(&store);

	(void)state;
	assert_true(keeper_store_put(&store, first, fds));
	assert_heard("FDSTORE=1\nFDNAME=+0");
	assert_true(keeper_store_settled(&store));
	fill();
	keeper_store_remove(&store, first);
	int second = keeper_store_take(&store);
	assert_int_equal(second, 1); /* the first place is the manager's still */
	assert_quiet();
	assert_false(keeper_store_put(&store, second, fds));
	assert_quiet();
	assert_false(keeper_store_settled(&store));
	keeper_store_settle(&store);
	assert_true(keeper_store_settled(&store));
	assert_heard("FDSTOREREMOVE=1\nFDNAME=+0");
	assert_true(keeper_store_put(&store, second, fds));
	assert_heard("FDSTORE=1\nFDNAME=+1");
}

static void test_singles(void **state)
{
	(void)state;
	keeper_store_replace(&store, STORE_BROKER, STDIN_FILENO);
	assert_heard("FDSTOREREMOVE=1\nFDNAME=+.b");
	assert_heard("FDSTORE=1\nFDNAME=+.b");
	assert_true(keeper_store_settled(&store));
	fill();
	keeper_store_replace(&store, STORE_BROKER, STDIN_FILENO);
	keeper_store_replace(&store, STORE_BROKER, STDOUT_FILENO); /* the last is what counts */
	assert_false(keeper_store_settled(&store));
	assert_quiet();
	keeper_store_settle(&store);
	assert_heard("FDSTOREREMOVE=1\nFDNAME=+.b");
	assert_heard("FDSTORE=1\nFDNAME=+.b");
	assert_quiet();
	assert_true(keeper_store_settled(&store));
	fill();
	keeper_store_replace(&store, STORE_BROKER, -1);
	assert_quiet();
	keeper_store_settle(&store);
	assert_heard("FDSTOREREMOVE=1\nFDNAME=+.b");
	assert_quiet();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_as_many_as_it_holds, begin, end),
	    cmocka_unit_test_setup_teardown(test_removals_come_first, begin, end),
	    cmocka_unit_test_setup_teardown(test_singles, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
