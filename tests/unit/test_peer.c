/* test_peer - peer.c and origin.c: who somebody is, and whose page it came from. */
#include "peer.h"

#include "origin.h"
#include "unit.h"

static struct peer peer_of(const char *text)
{
	struct peer peer;

	assert_int_equal(peer_read(text, strlen(text), &peer), 0);
	return peer;
}

static void test_read_and_write(void **state)
{
	static const char *const same[] = {"192.0.2.1",         "192.0.2.1:80", "2001:db8::1",
					   "[2001:db8::1]:443", "127.0.0.1:1",  "::1"};
	static const char *const bad[] = {"",          "a",        "1.2.3",   "1.2.3.4:",   "1.2.3.4:65536", "[::1",
					  "[1.2.3.4]", "[::1]x:1", "[::1]:x", "1.2.3.4:8o", "::1::2"};
	char text[PEER_TEXT_BYTES];
	struct peer peer;

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		peer = peer_of(same[i]);
		peer_write(&peer, text);
		assert_string_equal(text, same[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (peer_read(bad[i], strlen(bad[i]), &peer) == 0)
			fail_msg("\"%s\" is an address", bad[i]);
	peer_write(&(struct peer){.local = true}, text);
	assert_string_equal(text, "unix");
}

static void test_loopback(void **state)
{
	struct peer peer;

	(void)state;
	peer = peer_of("127.3.2.1:5");
	assert_true(peer_is_loopback(&peer));
	peer = peer_of("::1");
	assert_true(peer_is_loopback(&peer));
	peer = peer_of("128.0.0.1");
	assert_false(peer_is_loopback(&peer));
	peer = peer_of("::2");
	assert_false(peer_is_loopback(&peer));
	assert_false(peer_is_loopback(&(struct peer){.local = true}));
}

static void test_networks(void **state)
{
	static const char *const bad[] = {"x", "1.2.3.4/33", "::/129", "1.2.3.4/", "1.2.3.4/a", "1.2.3"};
	struct networks networks;

	(void)state;
	assert_int_equal(networks_read(" 127.0.0.0/8, 2001:db8::/32 ", &networks), 0);
	assert_int_equal(networks.count, 2);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (networks_read(bad[i], &networks) == 0)
			fail_msg("\"%s\" is a list of networks", bad[i]);
}

static void test_origins(void **state)
{
	(void)state;
	assert_true(origin_may("same", "https://a.example", "a.example", false));
	assert_true(origin_may("same", "https://a.example", "a.example:443", false));
	assert_true(origin_may("same", "http://a.example:3000", "a.example:3000", false));
	assert_false(origin_may("same", "http://a.example:3000", "a.example", false));
	assert_false(origin_may("same", "http://b.example", "a.example", false));
	assert_false(origin_may("same", "null", "a.example", false));
	assert_true(origin_may("*.example.org", "https://x.y.example.org", "a", false));
	assert_false(origin_may("*.example.org", "https://example.org", "a", false));
	assert_false(origin_may("*.example.org", "https://xexample.org", "a", false));
	assert_true(origin_may("https://b.example, a.example:81", "http://a.example:81", "x", false));
	assert_false(origin_may("https://b.example, a.example:81", "http://b.example", "x", false));
	assert_true(origin_may("any", "null", "x", false));
	assert_true(origin_may("", "", "x", false));
	assert_true(origins_are_good("same, any https://a.example:443 *.example.org"));
	assert_false(origins_are_good("*"));
	assert_false(origins_are_good("*.*"));
	assert_false(origins_are_good("a.*.example"));
	assert_false(origins_are_good("https://a.example/path"));
	assert_false(origins_are_good("a.example:8o"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_read_and_write),
	    cmocka_unit_test(test_loopback),
	    cmocka_unit_test(test_networks),
	    cmocka_unit_test(test_origins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
