/*
 * test_text - text.c.
 */
#include "text.h"

#include "unit.h"

static void test_json(void **state)
{
	struct text t = {0};

	(void)state;
	text_add(&t, "{");
	text_field(&t, "a", "x\"\n");
	text_field_unsigned(&t, "b", UINT64_MAX);
	text_field_bool(&t, "c", false);
	text_key(&t, "d");
	text_add(&t, "[");
	text_comma(&t);
	text_format(&t, "%d", 1);
	text_comma(&t);
	text_format(&t, "%d", 2);
	text_add(&t, "]}");
	assert_text(t.at, t.length, "{\"a\":\"x\\\"\\n\",\"b\":18446744073709551615,\"c\":false,\"d\":[1,2]}");
	text_free(&t);
	assert_null(t.at);
}

static void test_grows(void **state)
{
	struct text t = {0};

	(void)state;
	for (int i = 0; i < 100000; i++)
		text_bytes(&t, "0123456789", 10);
	assert_int_equal(t.length, 1000000);
	assert_false(t.failed);
	assert_memory_equal(t.at + 999990, "0123456789", 10);
	text_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_json), cmocka_unit_test(test_grows)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
