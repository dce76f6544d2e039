/*
 * test_replay - replay.c: what is kept, in which bounds, and that it comes out as it went in.
 */
#include "replay.h"

#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

static struct replay r;

static void append(const char *text)
{
	size_t half = strlen(text) / 2;
	struct iovec parts[3] = {
	    {(void *)(uintptr_t)text, half}, {NULL, 0}, {(void *)(uintptr_t)(text + half), strlen(text) - half}};

	assert_true(replay_fits(&r, strlen(text)));
	replay_append(&r, parts, 3);
	assert_true(replay_is_sane(&r));
}

static void assert_kept(uint64_t seq, const char *want)
{
	struct iovec parts[2];
	char *got = calloc(1, strlen(want) + 1);
	size_t length = 0;
	int n = replay_read(&r, seq, parts);

	assert_non_null(got);
	for (int i = 0; i < n; i++) {
		assert_true(length + parts[i].iov_len <= strlen(want));
		memcpy(got + length, parts[i].iov_base, parts[i].iov_len);
		length += parts[i].iov_len;
	}
	assert_text(got, length, want);
	free(got);
}

static void test_numbers(void **state)
{
	(void)state;
	replay_init(&r);
	assert_true(replay_is_sane(&r));
	assert_true(replay_has_after(&r, 0));
	assert_false(replay_has_after(&r, 1));
	append("one");
	append("two");
	append("three");
	assert_kept(1, "one");
	assert_kept(3, "three");
	assert_true(replay_has_after(&r, 0));
	replay_drop(&r, 2);
	assert_false(replay_has_after(&r, 0));
	assert_false(replay_has_after(&r, 1));
	assert_true(replay_has_after(&r, 2));
	assert_true(replay_has_after(&r, 3));
	assert_false(replay_has_after(&r, 4));
	replay_drop(&r, 1); /* an old one changes nothing */
	assert_kept(3, "three");
	replay_drop(&r, 1000); /* there is no such number yet */
	assert_int_equal(r.first, 4);
	assert_int_equal(r.next, 4);
	replay_skip(&r);
	assert_true(replay_is_sane(&r));
	assert_false(replay_has_after(&r, 3));
	assert_true(replay_has_after(&r, 4));
	append("five");
	assert_kept(5, "five");
}

static void test_as_many_as_may_be(void **state)
{
	(void)state;
	replay_init(&r);
	for (int i = 0; i < LIMIT_REPLAY_MESSAGES; i++)
		append("");
	assert_false(replay_fits(&r, 0));
	replay_drop(&r, 1);
	append("x");
	assert_false(replay_fits(&r, 0));
}

static void test_as_much_as_may_be(void **state)
{
	static char half[LIMIT_REPLAY_BYTES / 2 + 1];

	(void)state;
	memset(half, 'h', sizeof(half) - 1);
	replay_init(&r);
	assert_true(replay_fits(&r, LIMIT_REPLAY_BYTES));
	assert_false(replay_fits(&r, LIMIT_REPLAY_BYTES + 1));
	assert_false(replay_fits(&r, SIZE_MAX));
	append("a");
	append(half);
	assert_false(replay_fits(&r, LIMIT_REPLAY_BYTES / 2));
	assert_true(replay_fits(&r, LIMIT_REPLAY_BYTES / 2 - 1));
	replay_drop(&r, 1);
	append(half); /* around the end */
	assert_kept(2, half);
	assert_kept(3, half);
	assert_false(replay_fits(&r, 1));
}

static void test_long_run(void **state)
{
	static char want[400][9000];

	(void)state;
	replay_init(&r);
	srand(1);
	for (unsigned i = 1; i < COUNT_OF(want); i++) {
		int length = snprintf(want[i], sizeof(want[i]), "%u", i);
		memset(want[i] + length, 'a' + (int)(i % 26), (unsigned)rand() % (sizeof(want[i]) - 20));
		while (!replay_fits(&r, strlen(want[i])))
			replay_drop(&r, r.first);
		append(want[i]);
		assert_int_equal(r.next, i + 1);
		for (uint64_t seq = r.first; seq < r.next; seq++)
			assert_kept(seq, want[seq]);
	}
}

static void test_insane(void **state)
{
	(void)state;
	replay_init(&r);
	append("one");
	append("two");
	struct replay good = r;
	r.first = 0;
	assert_false(replay_is_sane(&r));
	r.first = 4;
	assert_false(replay_is_sane(&r));
	r = good;
	r.next = 66;
	assert_false(replay_is_sane(&r));
	r = good;
	r.messages[2].length = LIMIT_REPLAY_BYTES;
	assert_false(replay_is_sane(&r));
	r = good;
	r.messages[1].length = UINT64_MAX;
	assert_false(replay_is_sane(&r));
	r = good;
	r.messages[2].at = 2;
	assert_false(replay_is_sane(&r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_numbers),
	    cmocka_unit_test(test_as_many_as_may_be),
	    cmocka_unit_test(test_as_much_as_may_be),
	    cmocka_unit_test(test_long_run),
	    cmocka_unit_test(test_insane),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
