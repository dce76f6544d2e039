/*
 * test_alarm - alarm.c.
 */
#include "alarm.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clock.h"
#include "unit.h"

#define RING 7

/* Long enough for what does not come, and a bound for what does. */
#define A_WHILE_MS 20
#define PATIENCE_MS 10000

static int epoll;
static struct alarm bell;

static int setup(void **state)
{
	(void)state;
	epoll = epoll_create1(EPOLL_CLOEXEC);
	return alarm_init(&bell, epoll, (epoll_data_t){.u32 = RING});
}

static int teardown(void **state)
{
	(void)state;
	alarm_fini(&bell);
	assert_int_equal(bell.fd, -1);
	alarm_fini(&bell); /* once more is none */
	return close(epoll);
}

static bool rings(int timeout_ms)
{
	struct epoll_event event;
	int n = epoll_wait(epoll, &event, 1, timeout_ms);

	if (n == 1) {
		assert_int_equal(event.data.u32, RING);
		alarm_on_ring(&bell);
	}
	return n == 1;
}

static void test_rings_in_time(void **state)
{
	uint64_t now_ms = clock_ms();

	(void)state;
	assert_int_equal(alarm_set(&bell, now_ms, now_ms + 30), -1);
	assert_true(rings(PATIENCE_MS));
	assert_true(clock_ms() >= now_ms + 30);
	assert_false(rings(A_WHILE_MS)); /* once */
}

static void test_what_is_due_needs_none(void **state)
{
	(void)state;
	assert_int_equal(alarm_set(&bell, 1000, 1000), 0);
	assert_int_equal(alarm_set(&bell, 1000, 999), 0);
	assert_int_equal(alarm_set(&bell, 1000, 0), 0);
	assert_false(rings(A_WHILE_MS));
}

static void test_never(void **state)
{
	(void)state;
	assert_int_equal(alarm_set(&bell, clock_ms(), UINT64_MAX), -1);
	assert_false(rings(A_WHILE_MS));
}

/* It stays as it was set: whoever waits longer hears it, and sets it anew. */
static void test_later(void **state)
{
	uint64_t now_ms = clock_ms();

	(void)state;
	alarm_set(&bell, now_ms, now_ms + 30);
	assert_int_equal(alarm_set(&bell, now_ms, now_ms + 60), -1);
	assert_true(rings(PATIENCE_MS));
	assert_int_equal(alarm_set(&bell, now_ms + 30, now_ms + 60), -1);
	assert_true(rings(PATIENCE_MS));
	assert_true(clock_ms() >= now_ms + 60);
	assert_false(rings(A_WHILE_MS));
}

static void test_earlier(void **state)
{
	uint64_t now_ms = clock_ms();

	(void)state;
	alarm_set(&bell, now_ms, now_ms + 3600000);
	assert_int_equal(alarm_set(&bell, now_ms, now_ms + 30), -1);
	assert_true(rings(PATIENCE_MS));
	assert_true(clock_ms() < now_ms + 3600000);
}

/* It has rung while its owner was at work, who wants another time by now. */
static void test_rang_unheard(void **state)
{
	uint64_t now_ms = clock_ms();

	(void)state;
	alarm_set(&bell, now_ms, now_ms + 1);
	usleep(A_WHILE_MS * 1000);
	assert_int_equal(alarm_set(&bell, now_ms + A_WHILE_MS, now_ms + A_WHILE_MS + 30), -1);
	assert_true(rings(PATIENCE_MS));
	assert_int_equal(alarm_set(&bell, now_ms + A_WHILE_MS, now_ms + A_WHILE_MS + 30), -1);
	assert_true(rings(PATIENCE_MS));
	assert_true(clock_ms() >= now_ms + A_WHILE_MS + 30);
}

static void test_there_is_none(void **state)
{
	struct rlimit limit;
	struct rlimit none;
	struct alarm another;

	(void)state;
	skip_under_valgrind();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = limit.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(alarm_init(&another, epoll, (epoll_data_t){.u32 = RING}), -EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(another.fd, -1);
	assert_int_equal(alarm_init(&another, -1, (epoll_data_t){.u32 = RING}), -EBADF);
	assert_int_equal(another.fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_rings_in_time, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_what_is_due_needs_none, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_never, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_later, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_earlier, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_rang_unheard, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_there_is_none, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
