/*
 * test_candidate - candidate.c.
 */
#include "candidate.h"

#include "unit.h"

static void check(const char *data, unsigned host, unsigned srflx, unsigned prflx, unsigned relay)
{
	struct candidate_counts c = candidate_count(data, strlen(data));

	assert_int_equal(c.of[CANDIDATE_HOST], host);
	assert_int_equal(c.of[CANDIDATE_SRFLX], srflx);
	assert_int_equal(c.of[CANDIDATE_PRFLX], prflx);
	assert_int_equal(c.of[CANDIDATE_RELAY], relay);
}

static void test_counts(void **state)
{
	(void)state;
	check("", 0, 0, 0, 0);
	check("null", 0, 0, 0, 0);
	check("{\"candidate\":\"candidate:1 1 udp 2113937151 192.0.2.1 54400 typ host generation 0\"}", 1, 0, 0, 0);
	check("\"candidate:1 1 udp 1 192.0.2.1 3478 typ relay raddr 0.0.0.0 rport 0\"", 0, 0, 0, 1);
	check("a typ host\\r\\na typ host\\r\\na typ srflx\\r\\na typ prflx", 2, 1, 1, 0);
	check("typ host", 0, 0, 0, 0);
	check(" typ ", 0, 0, 0, 0);
	check(" typ hos", 0, 0, 0, 0);
	check(" typ typ host", 1, 0, 0, 0);
	check("y", 0, 0, 0, 0);
	check("yp host typ", 0, 0, 0, 0);
	check("typyyp typ relayed yyy typ hoststyp ", 1, 0, 0, 1);
	assert_string_equal(candidate_type_text(CANDIDATE_SRFLX), "srflx");
}

/* What lies behind the data is not looked at. */
static void test_end(void **state)
{
	struct candidate_counts c = candidate_count("x typ host", 8);

	(void)state;
	assert_int_equal(c.of[CANDIDATE_HOST], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_counts), cmocka_unit_test(test_end)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
