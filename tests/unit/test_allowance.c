/*
 * test_allowance - allowance.c.
 */
#include "allowance.h"

#include "unit.h"

static const struct ipc_open limits = {
    .message_rate = 10, .message_burst = 20, .byte_rate = 1000, .byte_burst = 5000, .bad_messages_max = 3};

static enum allowance_verdict take(struct ipc_allowance *a, const struct ipc_open *l, uint64_t now_ms, uint32_t frames,
				   uint32_t bytes)
{
	return allowance_take(a, l, now_ms, &(struct ws_event){.frames = frames, .bytes = bytes});
}

static void test_messages(void **state)
{
	struct ipc_allowance a = {0};

	(void)state;
	for (int i = 0; i < 20; i++)
		assert_int_equal(take(&a, &limits, 1000, 1, 10), ALLOWANCE_GRANTED);
	assert_int_equal(take(&a, &limits, 1000, 1, 10), ALLOWANCE_REFUSED);
	assert_int_equal(take(&a, &limits, 1099, 1, 10), ALLOWANCE_REFUSED);
	assert_int_equal(take(&a, &limits, 1100, 1, 10), ALLOWANCE_GRANTED);
	assert_int_equal(take(&a, &limits, 1100, 1, 10), ALLOWANCE_REFUSED);
}

static void test_bytes(void **state)
{
	struct ipc_allowance a = {0};

	(void)state;
	assert_int_equal(take(&a, &limits, 1000, 1, 4000), ALLOWANCE_GRANTED);
	assert_int_equal(take(&a, &limits, 1000, 1, 1001), ALLOWANCE_REFUSED);
	assert_int_equal(take(&a, &limits, 1000, 1, 1000), ALLOWANCE_GRANTED);
	assert_int_equal(take(&a, &limits, 1000, 1, 1), ALLOWANCE_REFUSED);
	assert_int_equal(take(&a, &limits, 1500, 1, 500), ALLOWANCE_GRANTED);
}

/* A message in fragments costs as many as it has frames, and is a flood as soon as they are. */
static void test_frames(void **state)
{
	struct ipc_allowance a = {0};

	(void)state;
	assert_int_equal(take(&a, &limits, 1000, 20, 200), ALLOWANCE_GRANTED);
	assert_int_equal(take(&a, &limits, 1000, LIMIT_STRIKES, 200), ALLOWANCE_REFUSED);
	assert_int_equal(take(&a, &limits, 1000, 1, 10), ALLOWANCE_FLOOD);
}

static void test_flood(void **state)
{
	struct ipc_allowance a = {0};
	uint64_t now_ms = 1000;

	(void)state;
	assert_int_equal(take(&a, &limits, now_ms, 20, 20), ALLOWANCE_GRANTED);
	for (int i = 0; i < LIMIT_STRIKES; i++)
		assert_int_equal(take(&a, &limits, now_ms, 1, 10), ALLOWANCE_REFUSED);
	assert_int_equal(take(&a, &limits, now_ms, 1, 10), ALLOWANCE_FLOOD);
	/* Forgiven with time: who goes on at a little more than is allowed is refused for ever, and not closed. */
	now_ms += 60000;
	for (int i = 0; i < 10000; i++) {
		now_ms += 1000 / 13;
		assert_int_not_equal(take(&a, &limits, now_ms, 1, 10), ALLOWANCE_FLOOD);
	}
}

static void test_unbounded(void **state)
{
	const struct ipc_open none = {0};
	struct ipc_allowance a = {0};

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(take(&a, &none, 1000, 1000, 1000000), ALLOWANCE_GRANTED);
	for (int i = 0; i < 1000; i++)
		assert_true(allowance_note_refusal(&a, &none, ERROR_INVALID_JSON));
}

static void test_bad_messages(void **state)
{
	static const enum error_code bad[] = {ERROR_INVALID_JSON, ERROR_NOT_TEXT, ERROR_MISSING_FIELD,
					      ERROR_INVALID_FIELD, ERROR_UNKNOWN_ACTION};
	static const enum error_code at_another_moment[] = {ERROR_ALREADY_IN_ROOM, ERROR_NOT_IN_ROOM,  ERROR_ROOM_FULL,
							    ERROR_NO_SUCH_TARGET,  ERROR_RATE_LIMITED, ERROR_INTERNAL};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct ipc_allowance a = {0};
		for (unsigned n = 0; n < limits.bad_messages_max; n++)
			assert_true(allowance_note_refusal(&a, &limits, bad[i]));
		assert_false(allowance_note_refusal(&a, &limits, bad[(i + 1) % COUNT_OF(bad)]));
	}
	for (size_t i = 0; i < COUNT_OF(at_another_moment); i++) {
		struct ipc_allowance a = {0};
		for (unsigned n = 0; n < 100; n++)
			assert_true(allowance_note_refusal(&a, &limits, at_another_moment[i]));
	}
}

static void test_complaint(void **state)
{
	struct complaint complaint;

	(void)state;
	allowance_complain(&complaint, &limits);
	assert_int_equal(complaint.code, ERROR_RATE_LIMITED);
	assert_non_null(strstr(complaint.details, "10 (20 at once) messages and 1000 (5000 at once) bytes"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_messages),  cmocka_unit_test(test_bytes),     cmocka_unit_test(test_frames),
	    cmocka_unit_test(test_flood),     cmocka_unit_test(test_unbounded), cmocka_unit_test(test_bad_messages),
	    cmocka_unit_test(test_complaint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
