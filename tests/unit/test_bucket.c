/*
 * test_bucket - bucket.c.
 */
#include "bucket.h"

#include "unit.h"

static void test_burst_then_rate(void **state)
{
	struct bucket b = {0};
	unsigned taken = 0;

	(void)state;
	for (int i = 0; i < 20; i++)
		taken += bucket_take(&b, 1000, 5, 10, 1);
	assert_int_equal(taken, 10);
	assert_false(bucket_take(&b, 1199, 5, 10, 1));
	assert_true(bucket_take(&b, 1200, 5, 10, 1)); /* one every 200 ms */
	assert_false(bucket_take(&b, 1200, 5, 10, 1));
	assert_true(bucket_take(&b, 1400, 5, 10, 1));
	assert_false(bucket_take(&b, 1500, 5, 10, 1));
	assert_true(bucket_take(&b, 1600, 5, 10, 1)); /* the refused ones cost nothing */
}

static void test_long_run_is_exact(void **state)
{
	struct bucket b = {0};
	unsigned taken = 0;

	(void)state;
	for (uint64_t ms = 0; ms < 100000; ms++)
		taken += bucket_take(&b, ms, 7, 3, 1);
	assert_int_equal(taken, 3 + 99999 * 7 / 1000);
}

static void test_never_more_than_full(void **state)
{
	struct bucket b = {0};
	unsigned taken = 0;

	(void)state;
	assert_true(bucket_take(&b, 0, 1000, 4, 4));
	for (int i = 0; i < 10; i++)
		taken += bucket_take(&b, 1000000000, 1000, 4, 1);
	assert_int_equal(taken, 4);
}

static void test_cost(void **state)
{
	struct bucket b = {0};

	(void)state;
	assert_true(bucket_take(&b, 0, 100, 1000, 600));
	assert_false(bucket_take(&b, 0, 100, 1000, 401));
	assert_true(bucket_take(&b, 0, 100, 1000, 400));
	assert_true(bucket_take(&b, 0, 100, 1000, 0));
	/* More than the bucket holds: a full one pays it, and is empty. */
	assert_false(bucket_take(&b, 9999, 100, 1000, 5000));
	assert_true(bucket_take(&b, 10000, 100, 1000, 5000));
	assert_false(bucket_take(&b, 10000, 100, 1000, 1));
}

static void test_no_limit(void **state)
{
	struct bucket b = {0};

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_true(bucket_take(&b, 5, 0, 1, 1000000));
	assert_int_equal(b.spent_milli, 0);
}

static void test_odd_states(void **state)
{
	struct bucket b = {.spent_milli = UINT64_MAX, .at_ms = UINT64_MAX}; /* say, out of a broken process's memory */

	(void)state;
	assert_false(bucket_take(&b, 1000, 10, 5, 1));
	assert_true(bucket_take(&b, 1100, 10, 5, 1)); /* an empty bucket, no worse */

	b = (struct bucket){0};
	assert_true(bucket_take(&b, UINT64_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX));
	assert_false(bucket_take(&b, UINT64_MAX, UINT32_MAX, UINT32_MAX, 1));

	/* The operator made the bucket smaller. */
	b = (struct bucket){0};
	assert_true(bucket_take(&b, 0, 1, 100, 100));
	assert_true(bucket_take(&b, 1000, 1, 2, 1));
	assert_false(bucket_take(&b, 1000, 1, 2, 1));

	/* A bucket of nothing holds one. */
	b = (struct bucket){0};
	assert_true(bucket_take(&b, 0, 1, 0, 1));
	assert_false(bucket_take(&b, 999, 1, 0, 1));
	assert_true(bucket_take(&b, 1000, 1, 0, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_burst_then_rate),
	    cmocka_unit_test(test_long_run_is_exact),
	    cmocka_unit_test(test_never_more_than_full),
	    cmocka_unit_test(test_cost),
	    cmocka_unit_test(test_no_limit),
	    cmocka_unit_test(test_odd_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
