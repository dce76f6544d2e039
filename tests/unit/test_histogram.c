/*
 * test_histogram - histogram.c.
 */
#include "histogram.h"

#include "unit.h"

static void test_buckets(void **state)
{
	struct histogram h = {0};

	(void)state;
	histogram_add(&h, 0);
	histogram_add(&h, 250);
	histogram_add(&h, 251);
	histogram_add(&h, UINT32_MAX);
	assert_int_equal(h.buckets[0], 2);
	assert_int_equal(h.buckets[1], 1);
	assert_int_equal(h.buckets[HISTOGRAM_BUCKETS], 1);
	assert_int_equal(h.count, 4);
	assert_int_equal(h.sum_us, 501 + (uint64_t)UINT32_MAX);
	for (unsigned i = 1; i < HISTOGRAM_BUCKETS; i++)
		assert_true(histogram_bound_us(i) > histogram_bound_us(i - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_buckets)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
