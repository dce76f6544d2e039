/*
 * test_siphash - siphash.c, against the reference implementation's vectors: key 00 01 ... 0f, input 00 01 02 ....
 */
#include "siphash.h"

#include "unit.h"

static void test_reference_vectors(void **state)
{
	static const struct {
		size_t n;
		uint64_t hash;
	} vectors[] = {
	    {0, 0x726fdb47dd0e0e31}, {1, 0x74f839c593dc67fd},  {7, 0xab0200f58b01d137},
	    {8, 0x93f5f5799a932462}, {15, 0xa129ca6149be45e5}, {63, 0x958a324ceb064572},
	};
	uint8_t key[SIPHASH_KEY_BYTES], input[64];

	(void)state;
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof(input); i++)
		input[i] = (uint8_t)i;
	for (size_t i = 0; i < COUNT_OF(vectors); i++)
		assert_true(siphash(key, input, vectors[i].n) == vectors[i].hash);
}

static void test_key_matters(void **state)
{
	uint8_t a[SIPHASH_KEY_BYTES] = {0}, b[SIPHASH_KEY_BYTES] = {1};

	(void)state;
	assert_true(siphash(a, "room", 4) != siphash(b, "room", 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_reference_vectors),
	    cmocka_unit_test(test_key_matters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
