/*
 * test_utf8 - utf8.c against tables, and exhaustively against a naive decoder.
 */
#include "utf8.h"

#include "../naive_utf8.h"
#include "unit.h"

static void check(const uint8_t *s, size_t n)
{
	bool bad, naive_bad;
	size_t prefix = utf8_prefix(s, n, &bad);
	size_t naive = naive_prefix(s, n, &naive_bad);

	if (prefix != naive || bad != naive_bad)
		fail_msg("%02x %02x %02x %02x of %zu: %zu %d, naive %zu %d", s[0], s[1], s[2], s[3], n, prefix, bad,
			 naive, naive_bad);
}

static void test_prefix_table(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		size_t prefix;
		bool bad;
	} cases[] = {
	    {"", 0, 0, false},
	    {"abc", 3, 3, false},
	    {"\0", 1, 1, false},
	    {"\x7F", 1, 1, false},
	    {"\x80", 1, 0, true},
	    {"\xBF", 1, 0, true},
	    {"\xC0\x80", 2, 0, true},
	    {"\xC1\xBF", 2, 0, true},
	    {"\xC2", 1, 0, false},
	    {"\xC2\x7F", 2, 0, true},
	    {"\xC2\x80", 2, 2, false},
	    {"\xDF\xBF", 2, 2, false},
	    {"\xE0", 1, 0, false},
	    {"\xE0\x9F", 2, 0, true},
	    {"\xE0\xA0", 2, 0, false},
	    {"\xE0\xA0\x80", 3, 3, false},
	    {"\xE0\xA0\xC0", 3, 0, true},
	    {"\xED\x9F\xBF", 3, 3, false},
	    {"\xED\xA0", 2, 0, true}, /* a surrogate, already */
	    {"\xED\xBF\xBF", 3, 0, true},
	    {"\xEE\x80\x80", 3, 3, false},
	    {"\xEF\xBF\xBF", 3, 3, false}, /* a noncharacter is well formed */
	    {"\xF0\x8F", 2, 0, true},
	    {"\xF0\x90\x80", 3, 0, false},
	    {"\xF0\x90\x80\x80", 4, 4, false},
	    {"\xF4\x8F\xBF\xBF", 4, 4, false},
	    {"\xF4\x90", 2, 0, true},
	    {"\xF5", 1, 0, true},
	    {"\xF8\x88\x80\x80\x80", 5, 0, true},
	    {"\xFE", 1, 0, true},
	    {"\xFF", 1, 0, true},
	    {"ab\xE2\x82", 4, 2, false},
	    {"ab\xE2\x82\xAC\xE2", 6, 5, false},
	    {"\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5\xED\xA0\x80\x65", 15, 11, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		bool bad;
		size_t prefix = utf8_prefix((const uint8_t *)cases[i].bytes, cases[i].n, &bad);
		if (prefix != cases[i].prefix || bad != cases[i].bad)
			fail_msg("case %zu: %zu %d", i, prefix, bad);
		assert_int_equal(utf8_valid((const uint8_t *)cases[i].bytes, cases[i].n), prefix == cases[i].n);
	}
}

/* Every two bytes, every three that begin as three or four do, every four at the edges of each byte's ranges. */
static void test_exhaustive(void **state)
{
	static const uint8_t edges[] = {0, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF};
	uint8_t s[4] = {0};

	(void)state;
	for (unsigned i = 0; i < 0x10000; i++) {
		s[0] = (uint8_t)(i >> 8);
		s[1] = (uint8_t)i;
		check(s, 1);
		check(s, 2);
	}
	for (unsigned i = 0xE00000; i < 0xF60000; i += i % 256 < 0x7E || (i % 256 > 0x81 && i % 256 < 0xBE) ? 3 : 1) {
		s[0] = (uint8_t)(i >> 16);
		s[1] = (uint8_t)(i >> 8);
		s[2] = (uint8_t)i;
		check(s, 3);
	}
	for (unsigned lead = 0xE0; lead < 0x100; lead++) {
		for (unsigned i = 0; i < 1000; i++) {
			s[0] = (uint8_t)lead;
			s[1] = edges[i / 100];
			s[2] = edges[i / 10 % 10];
			s[3] = edges[i % 10];
			check(s, 4);
		}
	}
}

static void test_read_write_every_character(void **state)
{
	(void)state;
	for (uint32_t code = 0; code <= 0x10FFFF; code++) {
		uint8_t s[4];
		uint32_t back = 0;

		if (code >= 0xD800 && code <= 0xDFFF)
			continue;
		size_t n = utf8_write(s, code);
		assert_int_equal(n, code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4);
		if (utf8_read(s, n, &back) != n || back != code || naive_character(s, n) != n)
			fail_msg("U+%04X", (unsigned)code);
		assert_int_equal(utf8_read(s, n - 1, &back), 0);
	}
}

/* Words of eight and blocks of 32 are looked at together: one odd byte at every place, from every alignment. */
static void test_every_place(void **state)
{
	uint8_t text[160];

	(void)state;
	for (size_t start = 0; start < 9; start++) {
		for (size_t at = start; at < 100; at++) {
			memset(text, 'a', sizeof text);
			text[at] = 0x80;
			check(text + start, 120 - start);
			text[at] = 0xC3;
			check(text + start, 120 - start);
			text[at + 1] = 0xA4;
			check(text + start, 120 - start);
			check(text + start, at + 1 - start);
		}
	}
}

static void test_split_anywhere(void **state)
{
	static const char text[] =
	    "a\xC2\x80\xE0\xA0\x80\xED\x9F\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBFz 0123456789abcdef\xC3\xBC";
	size_t n = sizeof text - 1;

	(void)state;
	for (size_t split = 0; split <= n; split++) {
		bool bad;
		size_t prefix = utf8_prefix((const uint8_t *)text, split, &bad);
		assert_false(bad);
		assert_true(prefix <= split && split - prefix < 4);
		assert_int_equal(utf8_prefix((const uint8_t *)text + prefix, n - prefix, &bad), n - prefix);
	}
}

static void test_name_problem(void **state)
{
	static const struct {
		const char *name;
		const char *problem;
	} cases[] = {
	    {"a", NULL},
	    {"doctor-123", NULL},
	    {"a b", NULL},
	    {"a\xC2\xA0"
	     "b",
	     NULL},
	    {"\xD0\x92\xD1\x80\xD0\xB0\xD1\x87", NULL},
	    {"\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x94\xAC", NULL}, /* a joiner makes one emoji of two */
	    {"a\\b\"c", NULL},
	    {"", "is empty"},
	    {"\xFF", "is not UTF-8"},
	    {"a\xC3", "is not UTF-8"},
	    {"\xED\xA0\x80", "is not UTF-8"},
	    {"a\x01", "has a control character in it"},
	    {"a\nb", "has a control character in it"},
	    {"\t", "has a control character in it"},
	    {"a\x1F", "has a control character in it"},
	    {"a\x7F", "has a control character in it"},
	    {"a\xC2\x80", "has a control character in it"},
	    {"a\xC2\x85", "has a control character in it"},
	    {"a\xC2\x9F", "has a control character in it"},
	    {"a\xE2\x80\x8E", "has a bidirectional override in it"},
	    {"a\xE2\x80\x8F", "has a bidirectional override in it"},
	    {"a\xD8\x9C", "has a bidirectional override in it"},
	    {"a\xE2\x80\xAA", "has a bidirectional override in it"},
	    {"a\xE2\x80\xAE", "has a bidirectional override in it"},
	    {"a\xE2\x81\xA6", "has a bidirectional override in it"},
	    {"a\xE2\x81\xA9", "has a bidirectional override in it"},
	    {"a\xE2\x80\xA8z", "has a line or paragraph separator in it"},
	    {"a\xE2\x80\xA9z", "has a line or paragraph separator in it"},
	    {" a", "begins or ends with white space"},
	    {"a ", "begins or ends with white space"},
	    {" ", "begins or ends with white space"},
	    {"\xC2\xA0"
	     "a",
	     "begins or ends with white space"},
	    {"\xE1\x9A\x80"
	     "a",
	     "begins or ends with white space"},
	    {"a\xE2\x80\x80", "begins or ends with white space"},
	    {"a\xE2\x80\x8A", "begins or ends with white space"},
	    {"a\xE2\x80\xAF", "begins or ends with white space"},
	    {"a\xE2\x81\x9F", "begins or ends with white space"},
	    {"a\xE3\x80\x80", "begins or ends with white space"},
	    {"a\xE2\x80\x8B", NULL}, /* zero width, but no White_Space */
	    {"a\xE2\x81\xA5", NULL},
	    {"a\xE2\x81\xAA", NULL},
	};
	uint8_t long_name[130];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *problem = utf8_name_problem((const uint8_t *)cases[i].name, strlen(cases[i].name));
		if (problem != cases[i].problem &&
		    strcmp(problem ? problem : "", cases[i].problem ? cases[i].problem : "") != 0)
			fail_msg("case %zu, %s: %s", i, cases[i].name, problem);
	}
	assert_string_equal(utf8_name_problem((const uint8_t *)"a\0b", 3), "has a control character in it");
	memset(long_name, 'x', sizeof long_name);
	assert_null(utf8_name_problem(long_name, 127));
	assert_null(utf8_name_problem(long_name, 128));
	assert_string_equal(utf8_name_problem(long_name, 129), "is longer than 128 bytes");
}

static void test_showable(void **state)
{
	(void)state;
	assert_true(utf8_showable('a'));
	assert_true(utf8_showable(' '));
	assert_true(utf8_showable(0x1F600));
	assert_false(utf8_showable('\n'));
	assert_false(utf8_showable(0x9B)); /* CSI, to a terminal */
	assert_false(utf8_showable(0x202E));
	assert_false(utf8_showable(0x2028));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_prefix_table),
	    cmocka_unit_test(test_exhaustive),
	    cmocka_unit_test(test_read_write_every_character),
	    cmocka_unit_test(test_every_place),
	    cmocka_unit_test(test_split_anywhere),
	    cmocka_unit_test(test_name_problem),
	    cmocka_unit_test(test_showable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
