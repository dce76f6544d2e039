/* test_base64 - base64.c and key.c's names: RFC 4648's own examples, and what is refused. */
#include "base64.h"

#include <errno.h>

#include "key.h"
#include "unit.h"

static const struct {
	const char *bytes, *text;
} pairs[] = {{"", ""},
	     {"f", "Zg=="},
	     {"fo", "Zm8="},
	     {"foo", "Zm9v"},
	     {"foob", "Zm9vYg=="},
	     {"fooba", "Zm9vYmE="},
	     {"foobar", "Zm9vYmFy"}};

static void test_both_ways(void **state)
{
	char text[32];
	uint8_t bytes[32];

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		size_t length = strlen(pairs[i].bytes);
		size_t n = base64_encode(pairs[i].bytes, length, text);
		assert_int_equal(n, strlen(pairs[i].text));
		assert_memory_equal(text, pairs[i].text, n);
		assert_int_equal(base64_decode(text, n, bytes, sizeof(bytes)), (int)length);
		assert_memory_equal(bytes, pairs[i].bytes, length);
		n = base64_url_encode(pairs[i].bytes, length, text);
		assert_int_equal(base64_url_decode(text, n, bytes, sizeof(bytes)), (int)length);
		assert_memory_equal(bytes, pairs[i].bytes, length);
	}
}

static void test_refused(void **state)
{
	uint8_t bytes[32];

	(void)state;
	assert_int_equal(base64_decode("Zm 9v\nYg==", 10, bytes, sizeof(bytes)), 4);
	assert_int_equal(base64_decode("Zm9v", 4, bytes, 2), -ENOSPC);
	assert_int_equal(base64_url_decode("Zm9v", 4, bytes, 2), -ENOSPC);
	assert_int_equal(base64_decode("Z", 1, bytes, sizeof(bytes)), -EINVAL);
	assert_int_equal(base64_decode("Zm9*", 4, bytes, sizeof(bytes)), -EINVAL);
	assert_int_equal(base64_decode("Zm 9*", 5, bytes, sizeof(bytes)), -EINVAL);
	assert_int_equal(base64_url_decode("Zg==", 4, bytes, sizeof(bytes)), -EINVAL);
	assert_int_equal(base64_url_decode("Zh", 2, bytes, sizeof(bytes)), -EINVAL); /* bits left over */
}

static void test_names_of_algorithms(void **state)
{
	(void)state;
	for (int i = 0; i < KEY_ALGORITHMS; i++)
		assert_true(strlen(key_algorithm_text((enum key_algorithm)i)) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_both_ways),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_names_of_algorithms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
