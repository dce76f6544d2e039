/*
 * test_roomctl_shape - roomctl_shape.c.
 */
#include "roomctl_shape.h"

#include <locale.h>

#include "unit.h"

static void test_numbers(void **state)
{
	(void)state;
	assert_string_equal(shape_duration(0).text, "0ms");
	assert_string_equal(shape_duration(999).text, "999ms");
	assert_string_equal(shape_duration(59999).text, "59s");
	assert_string_equal(shape_duration(61000).text, "1m01s");
	assert_string_equal(shape_duration(3661000).text, "1h01m");
	assert_string_equal(shape_duration(90000000).text, "1d01h");
	assert_string_equal(shape_count(999).text, "999");
	assert_string_equal(shape_count(1000).text, "1.0K");
	assert_string_equal(shape_count(9999).text, "9.9K");
	assert_string_equal(shape_count(10000).text, "10K");
	assert_string_equal(shape_count(999999).text, "999K");
	assert_string_equal(shape_count(1000000).text, "1.0M");
	assert_true(strlen(shape_count(UINT64_MAX).text) < 8);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(shape_name("ab", 4).text, "ab  ");
	assert_string_equal(shape_name("abcd", 4).text, "abcd");
	assert_string_equal(shape_name("abcde", 4).text, "abc~");
	assert_string_equal(shape_name("a\x1b[1m", 12).text, "a\\x1b[1m    ");
	assert_int_equal(shape_width(shape_name("\xe4\xb8\xad\xe6\x96\x87\xe5\xad\x97", 5).text), 5);
	assert_string_equal(shape_name("", 0).text, "");
	assert_string_equal(shape_text("a\x1b[1m \"b\" c").text, "a\\x1b[1m \\x22b\\x22 c");
	assert_string_equal(shape_text("").text, "");
	assert_string_equal(shape_colour(false, SHAPE_RED), "");
	assert_string_equal(shape_colour(true, SHAPE_PLAIN), "\x1b[0m");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_numbers), cmocka_unit_test(test_names)};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
