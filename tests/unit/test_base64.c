/*
 * test_base64 - base64.c: RFC 4648's vectors, and what is no base64; ice.c and turn.c, which write it.
 */
#include <errno.h>

#include "base64.h"
#include "ice.h"
#include "turn.h"

#include "unit.h"

static void test_vectors(void **state)
{
	static const char *const pairs[][2] = {{"", ""},
					       {"f", "Zg=="},
					       {"fo", "Zm8="},
					       {"foo", "Zm9v"},
					       {"foob", "Zm9vYg=="},
					       {"fooba", "Zm9vYmE="},
					       {"foobar", "Zm9vYmFy"}};
	char text[16];
	uint8_t bytes[16];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		size_t n = strlen(pairs[i][0]);
		size_t bare = strcspn(pairs[i][1], "=");
		assert_text(text, base64_encode(pairs[i][0], n, text), pairs[i][1]);
		assert_int_equal(base64_url_encode(pairs[i][0], n, text), bare);
		assert_int_equal(base64_url_decode(text, bare, bytes, sizeof(bytes)), n);
		assert_memory_equal(bytes, pairs[i][0], n);
		assert_int_equal(base64_decode(pairs[i][1], strlen(pairs[i][1]), bytes, sizeof(bytes)), n);
	}
	assert_text(text, base64_encode("\xFB\xFF\xBF", 3, text), "+/+/");
	assert_text(text, base64_url_encode("\xFB\xFF\xBF", 3, text), "-_-_");
}

static void test_bad(void **state)
{
	static const char *const url[] = {"A",    "AAAAA", "AB",   "AAB",  "AA==",      "AA A",
					  "AA\n", "AA+A",  "AA/A", "AA.A", "\xC3\xA4 A"};
	static const char *const usual[] = {"A", "AA", "AAA", "AA=", "A===", "AA==A", "AB==", "AA-A", "=AAA", "AA=A"};
	uint8_t bytes[16];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(url); i++)
		assert_int_equal(base64_url_decode(url[i], strlen(url[i]), bytes, sizeof(bytes)), -EINVAL);
	for (size_t i = 0; i < COUNT_OF(usual); i++)
		assert_int_equal(base64_decode(usual[i], strlen(usual[i]), bytes, sizeof(bytes)), -EINVAL);
	assert_int_equal(base64_url_decode("AAAA", 4, bytes, 2), -ENOSPC);
	assert_int_equal(base64_url_decode("AA\0A", 4, bytes, sizeof(bytes)), -EINVAL);
	assert_int_equal(base64_decode(" Zm9v\r\nYmFy \n", 13, bytes, sizeof(bytes)), 6);
}

static void check_ice(const char *urls, const char *user, const char *wanted)
{
	char json[400];
	struct out o = out_init(json, sizeof(json));

	ice_write(&o, urls, user, "secret");
	assert_text(json, o.length, wanted);
}

static void test_ice(void **state)
{
	static const char *const bad[] = {"stun",
					  "stun:",
					  "http://x",
					  "turn:a b",
					  "turn:a\"b",
					  "turn:a?transport=sctp",
					  "stun:a?transport=udp",
					  "turn:a?x",
					  "turn:?transport=udp",
					  "TURN:a"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		if (ice_urls_are_good(bad[i]))
			fail_msg("%s is good", bad[i]);
	assert_true(ice_urls_are_good("stun:a, stuns:b:1 ,turn:[2001:db8::1]:3478?transport=tcp,turns:c.d"));
	assert_true(ice_urls_are_good(""));
	assert_true(ice_urls_have_turn("stun:a,turns:b"));
	assert_false(ice_urls_have_turn("stun:turn"));
	check_ice("stun:a, stun:b", "u", "[{\"urls\":[\"stun:a\",\"stun:b\"]}]");
	check_ice("turn:a,stun:b,turns:c", "u",
		  "[{\"urls\":[\"stun:b\"]},{\"urls\":[\"turn:a\",\"turns:c\"],\"username\":\"u\",\"credential\":"
		  "\"secret\"}]");
	check_ice("turn:a", "", "[{\"urls\":[\"turn:a\"]}]");
	check_ice("", "u", "[]");
}

/* As `echo -n 1800000000:abc | openssl dgst -sha1 -hmac north -binary | base64` has it. */
static void test_turn(void **state)
{
	char credential[TURN_CREDENTIAL_BYTES];

	(void)state;
	assert_true(turn_init());
	turn_credential("north", 5, "1800000000:abc", credential);
	assert_string_equal(credential, "8mE1mCdEjNur0DF8ID/k1yDKnFY=");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors), cmocka_unit_test(test_bad),
					   cmocka_unit_test(test_ice), cmocka_unit_test(test_turn)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
