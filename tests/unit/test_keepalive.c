/*
 * test_keepalive - keepalive.c.
 */
#include "keepalive.h"

#include "unit.h"

static void test_silence(void **state)
{
	struct keepalive k = {.heard_ms = 1000};
	uint64_t next_ms = 0;

	(void)state;
	assert_int_equal(keepalive_due(&k, 1000, 25, 60, &next_ms), KEEPALIVE_WAIT);
	assert_int_equal(next_ms, 1025);
	assert_int_equal(keepalive_due(&k, 1024, 25, 60, &next_ms), KEEPALIVE_WAIT);
	assert_int_equal(keepalive_due(&k, 1025, 25, 60, &next_ms), KEEPALIVE_PING);
	k.pinged_ms = 1025;
	assert_int_equal(keepalive_due(&k, 1025, 25, 60, &next_ms), KEEPALIVE_WAIT);
	assert_int_equal(next_ms, 1050); /* again, should this one be lost */
	k.pinged_ms = 1050;
	assert_int_equal(keepalive_due(&k, 1050, 25, 60, &next_ms), KEEPALIVE_WAIT);
	assert_int_equal(next_ms, 1060);
	assert_int_equal(keepalive_due(&k, 1059, 25, 60, &next_ms), KEEPALIVE_WAIT);
	assert_int_equal(keepalive_due(&k, 1060, 25, 60, &next_ms), KEEPALIVE_DEAD);
}

static void test_whoever_speaks_is_not_pinged(void **state)
{
	struct keepalive k = {.heard_ms = 1000, .pinged_ms = 900};
	uint64_t next_ms = 0;

	(void)state;
	for (uint64_t now_ms = 1000; now_ms < 2000; now_ms += 24) {
		k.heard_ms = now_ms;
		assert_int_equal(keepalive_due(&k, now_ms + 24, 25, 60, &next_ms), KEEPALIVE_WAIT);
		assert_int_equal(next_ms, now_ms + 25);
	}
}

static void test_dead_beats_ping(void **state)
{
	struct keepalive k = {.heard_ms = 1000};
	uint64_t next_ms = 0;

	(void)state;
	assert_int_equal(keepalive_due(&k, 9000, 25, 60, &next_ms), KEEPALIVE_DEAD);
	assert_int_equal(keepalive_due(&k, 1060, 60, 60, &next_ms), KEEPALIVE_DEAD);
	assert_int_equal(keepalive_due(&k, 1010, 60, 10, &next_ms), KEEPALIVE_DEAD);
}

static void test_switched_off(void **state)
{
	struct keepalive k = {.heard_ms = 1000};
	uint64_t next_ms = 0;

	(void)state;
	assert_int_equal(keepalive_due(&k, 1 << 30, 0, 0, &next_ms), KEEPALIVE_WAIT);
	assert_true(next_ms == UINT64_MAX);
	assert_int_equal(keepalive_due(&k, 1059, 0, 60, &next_ms), KEEPALIVE_WAIT);
	assert_int_equal(next_ms, 1060);
	assert_int_equal(keepalive_due(&k, 1060, 0, 60, &next_ms), KEEPALIVE_DEAD);
	assert_int_equal(keepalive_due(&k, 1 << 30, 25, 0, &next_ms), KEEPALIVE_PING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_silence),
	    cmocka_unit_test(test_whoever_speaks_is_not_pinged),
	    cmocka_unit_test(test_dead_beats_ping),
	    cmocka_unit_test(test_switched_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
