/*
 * test_peer - peer.c: addresses as proxies write them, and networks; listen_list.c, which has them too.
 */
#include <errno.h>

#include "listen_list.h"
#include "peer.h"

#include "unit.h"

static void check_read(const char *text, const char *wanted)
{
	struct peer peer;
	char where[PEER_TEXT_BYTES];

	if (peer_read(text, strlen(text), &peer) < 0) {
		if (wanted)
			fail_msg("%s is none", text);
		return;
	}
	peer_write(&peer, where);
	if (!wanted || strcmp(where, wanted) != 0)
		fail_msg("%s: %s", text, where);
}

static void test_read(void **state)
{
	static const char *const bad[] = {"",           " ",        "1.2.3",         "1.2.3.4.5",
					  "1.2.3.256",  "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:080",
					  "1.2.3.4:-1", "01.2.3.4", "[1.2.3.4]",     "[::1",
					  "::1]",       "[::1]80",  "[::1]:",        "[]:80",
					  "[::1]:80x",  "::1::",    "unknown",       "_hidden",
					  ":80",        "1.2.3.4 ", "1.2.3.4,",      "fe80::1%eth0"};

	(void)state;
	check_read("192.0.2.1", "192.0.2.1");
	check_read("192.0.2.1:80", "192.0.2.1:80");
	check_read("2001:db8::1", "2001:db8::1");
	check_read("[2001:DB8::1]", "2001:db8::1");
	check_read("[2001:db8::1]:65535", "[2001:db8::1]:65535");
	check_read("::ffff:192.0.2.1", "192.0.2.1");
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		check_read(bad[i], NULL);
}

static void test_equal(void **state)
{
	static const char *const different[] = {"192.0.2.1", "192.0.2.1:80", "192.0.2.2:80", "2001:db8::1"};
	struct peer peers[COUNT_OF(different)];
	const struct peer local = {.local = true};
	char where[PEER_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(different); i++)
		assert_int_equal(peer_read(different[i], strlen(different[i]), &peers[i]), 0);
	for (size_t i = 0; i < COUNT_OF(different); i++)
		for (size_t j = 0; j < COUNT_OF(different); j++)
			assert_int_equal(peer_equal(&peers[i], &peers[j]), i == j);
	assert_false(peer_equal(&local, &(struct peer){.local = false}));
	peer_write(&local, where);
	assert_string_equal(where, "unix");
}

static bool is_in(const char *list, const char *text)
{
	struct networks networks;
	struct peer peer;

	assert_int_equal(networks_read(list, &networks), 0);
	assert_int_equal(peer_read(text, strlen(text), &peer), 0);
	return networks_have(&networks, &peer);
}

static void test_networks(void **state)
{
	static const char *const bad[] = {"1.2.3",     "1.2.3.4/33", "1.2.3.4/", "::1/129",   "::1/x",
					  "localhost", "1.2.3.4:80", "[::1]",    "1.2.3.4/+8"};
	struct networks networks;
	struct peer local = {.local = true};

	(void)state;
	assert_true(is_in("127.0.0.1", "127.0.0.1"));
	assert_false(is_in("127.0.0.1", "127.0.0.2"));
	assert_true(is_in("10.0.0.0/8", "10.255.255.255"));
	assert_false(is_in("10.0.0.0/8", "11.0.0.0"));
	assert_true(is_in("10.0.0.1/8", "10.2.3.4"));
	assert_true(is_in("192.0.2.128/25", "192.0.2.255"));
	assert_false(is_in("192.0.2.128/25", "192.0.2.127"));
	assert_true(is_in("0.0.0.0/0", "203.0.113.1"));
	assert_false(is_in("0.0.0.0/0", "2001:db8::1"));
	assert_true(is_in("::/0", "203.0.113.1"));
	assert_true(is_in("1.2.3.4, 2001:db8::/33 ,5.6.7.8", "2001:db8:7fff::1"));
	assert_false(is_in("2001:db8::/33", "2001:db8:8000::1"));
	assert_true(is_in("127.0.0.1", "::ffff:127.0.0.1"));
	assert_false(is_in("", "127.0.0.1"));
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(networks_read(bad[i], &networks), -EINVAL);
	assert_int_equal(networks_read("::/0", &networks), 0);
	assert_false(networks_have(&networks, &local));
}

static void test_loopback(void **state)
{
	static const char *const yes[] = {"127.0.0.1", "127.255.0.9", "::1"};
	static const char *const no[] = {"128.0.0.1", "::2", "0.0.0.0", "::"};
	struct peer peer;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(yes); i++) {
		assert_int_equal(peer_read(yes[i], strlen(yes[i]), &peer), 0);
		assert_true(peer_is_loopback(&peer));
	}
	for (size_t i = 0; i < COUNT_OF(no); i++) {
		assert_int_equal(peer_read(no[i], strlen(no[i]), &peer), 0);
		assert_false(peer_is_loopback(&peer));
	}
}

static void test_listeners(void **state)
{
	const char *list = " 127.0.0.1:80, [::1]:0 proxy ,unix:/run/a b,*:1 , unix:/x proxy mode=0600 group=www-data";
	struct listen_entry entry;

	(void)state;
	assert_int_equal(listen_list_next(&list, &entry), 1);
	assert_string_equal(entry.host, "127.0.0.1");
	assert_int_equal(entry.port, 80);
	assert_false(entry.proxy);
	assert_int_equal(listen_list_next(&list, &entry), 1);
	assert_string_equal(entry.host, "::1");
	assert_true(entry.proxy);
	assert_int_equal(listen_list_next(&list, &entry), -EINVAL); /* there is no `b` */
	assert_int_equal(listen_list_next(&list, &entry), 1);
	assert_string_equal(entry.host, "*");
	assert_int_equal(listen_list_next(&list, &entry), 1);
	assert_string_equal(entry.path, "/x");
	assert_string_equal(entry.group, "www-data");
	assert_int_equal(entry.mode, 0600);
	assert_true(entry.proxy);
	assert_int_equal(listen_list_next(&list, &entry), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_read), cmocka_unit_test(test_equal),
					   cmocka_unit_test(test_networks), cmocka_unit_test(test_loopback),
					   cmocka_unit_test(test_listeners)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
