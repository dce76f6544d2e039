/*
 * test_special - special.h: every byte value at every place of a block.
 */
#include "special.h"

#include "unit.h"

static void test_every_byte(void **state)
{
	char block[SPECIAL_BYTES];

	(void)state;
	for (unsigned byte = 0; byte < 256; byte++) {
		bool special = byte < 32 || byte == '"' || byte == '\\';
		for (unsigned at = 0; at < SPECIAL_BYTES; at++) {
			memset(block, 'x', sizeof block);
			block[at] = (char)byte;
			assert_true(special_find(block) == (uint64_t)special << at);
			memset(block, '"', sizeof block);
			block[at] = (char)byte;
			assert_true(special_find(block) == ~((uint64_t)!special << at));
		}
	}
}

/* The way that machines without a better one go. */
static void test_portable(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 65536; bits++) {
		special_vector v;
		for (int i = 0; i < 16; i++)
			v[i] = bits >> i & 1 ? 0xFF : 0;
		assert_int_equal(special_bits_portable(&v), bits);
		assert_int_equal(special_bits(&v), bits);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_byte), cmocka_unit_test(test_portable)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
