/*
 * test_origin - origin.c: whose pages may connect; offer.c: what a handshake offers; head.c, where both are found.
 */
#include <errno.h>
#include <stdio.h>

#include "head.h"
#include "offer.h"
#include "origin.h"

#include "unit.h"

static void check(const char *list, const char *origin, const char *host, bool loopback, bool wanted)
{
	assert_true(origins_are_good(list));
	if (origin_may(list, origin, host, loopback) != wanted)
		fail_msg("%s, page of %s, to %s", list, origin, host);
}

static void test_lists(void **state)
{
	const char *list = "https://app.example.org, *.example.net , http://[::1]:8080, localhost:5173";

	(void)state;
	check(list, "https://app.example.org", "x", false, true);
	check(list, "https://APP.example.org:443", "x", false, true);
	check(list, "http://app.example.org", "x", false, false);
	check(list, "https://app.example.org:444", "x", false, false);
	check(list, "https://app.example.org.evil", "x", false, false);
	check(list, "https://a.example.net", "x", false, true);
	check(list, "http://a.b.example.net:81", "x", false, true);
	check(list, "https://example.net", "x", false, false);
	check(list, "https://.example.net", "x", false, false);
	check(list, "https://aexample.net", "x", false, false);
	check(list, "ws://a.example.net", "x", false, false);
	check(list, "http://[::1]:8080", "x", false, true);
	check(list, "http://[::1]", "x", false, false);
	check(list, "https://localhost:5173", "x", false, true);
	check(list, "https://localhost", "x", false, false);
	check(list, "null", "x", false, false);
	check(list, "", "x", false, true);
	check(list, "https://a@a.example.net", "x", false, false);
	check(list, "https://evil/.example.net", "x", false, false);
	check("", "https://a", "a", true, false);
}

static void test_words(void **state)
{
	(void)state;
	check("any", "null", "x", false, true);
	check("auto", "https://evil", "x", true, true);
	check("auto", "https://evil", "x", false, false);
	check("auto", "https://a.org", "a.org", false, true);
	check("same", "https://a.org", "a.org", true, true);
	check("same", "https://b.org", "a.org", true, false);
	check("same", "https://a.org", "A.org:443", false, true);
	check("same", "http://a.org", "a.org:80", false, true);
	check("same", "http://a.org:443", "a.org", false, false);
	check("same", "https://a.org:8443", "a.org", false, false);
	check("same", "https://[::1]:3000", "[::1]:3000", false, true);
	check("same", "https://a.org", "", false, false);
	check("same, https://b.org", "https://b.org", "a.org", false, true);
}

static void test_bad_lists(void **state)
{
	static const char *const bad[] = {"*",  "https://*", "a.*.org",  "*.*.org", "https://a/b",
					  "a:", "a:x",       "a:123456", "://a",    "a b@c"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		if (origins_are_good(bad[i]))
			fail_msg("%s is good", bad[i]);
}

static void test_head(void **state)
{
	static const char head[] = "GET / HTTP/1.1\r\nA:1\r\nHost:  x \t\r\na: 2\r\nAB: 3\r\n\r\n";
	static const char folded[] = "GET / HTTP/1.1\r\nA: 1\r\n 2\r\n\r\n";
	const struct span span = {head, strlen(head)};
	struct span values[2];
	char value[8];

	(void)state;
	assert_int_equal(head_find(head, strlen(head), "a", values, 2), 2);
	assert_text(values[1].at, values[1].length, "2");
	assert_int_equal(head_find(head, strlen(head), "a", values, 1), 2);
	assert_int_equal(head_find(head, strlen(head), "b", values, 2), 0);
	assert_int_equal(head_find(head, strlen(head), "get / http/1.1", values, 2), 0);
	assert_int_equal(head_find(folded, strlen(folded), "a", values, 2), -EBADMSG);
	assert_true(head_one(&span, "HOST", value, sizeof(value)));
	assert_string_equal(value, "x");
	assert_true(head_one(&span, "c", value, sizeof(value)));
	assert_string_equal(value, "");
	assert_false(head_one(&span, "a", value, sizeof(value)));
}

static void check_offer(const char *lines, const char *protocol, const char *token)
{
	char head[600];
	struct offer offer;

	snprintf(head, sizeof(head), "GET / HTTP/1.1\r\n%s\r\n\r\n", lines);
	const char *problem = offer_read(head, strlen(head), &offer);
	if (!protocol) {
		assert_non_null(problem);
		return;
	}
	assert_null(problem);
	assert_text(offer.protocol.at ? offer.protocol.at : "", offer.protocol.length, protocol);
	assert_text(offer.token.at ? offer.token.at : "", offer.token.length, token);
}

static void test_offers(void **state)
{
	(void)state;
	check_offer("X: y", "", "");
	check_offer("Sec-WebSocket-Protocol: a, b", "a", "");
	check_offer("Sec-WebSocket-Protocol: token.x.y.z,b", "b", "x.y.z");
	check_offer("Sec-WebSocket-Protocol: a\r\nsec-websocket-protocol: token.x", "a", "x");
	check_offer("Sec-WebSocket-Protocol: token.x", "", "x");
	check_offer("Sec-WebSocket-Protocol: token., b", "token.", "");
	check_offer("Sec-WebSocket-Protocol: Token.x", "Token.x", "");
	check_offer("Sec-WebSocket-Protocol: token.x, token.y", NULL, NULL);
	check_offer("Sec-WebSocket-Protocol: a;b", NULL, NULL);
	check_offer("Sec-WebSocket-Protocol: a\r\n b", NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_lists), cmocka_unit_test(test_words),
					   cmocka_unit_test(test_bad_lists), cmocka_unit_test(test_head),
					   cmocka_unit_test(test_offers)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
