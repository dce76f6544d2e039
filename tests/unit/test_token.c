/*
 * test_token - token.c and key.c: tokens that another implementation made (token_table.py, with python's jwt and
 * cryptography), and tokens that nobody should make, held against keys at a fixed time.
 *
 * The argument is the table: a line each of
 *     key NAME HEX          a key's file
 *     leeway SECONDS, issuer TEXT, audience TEXT, algorithms LIST
 *     token VERDICT NAME TEXT
 *     room VERDICT PATTERN NAME
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "token.h"

#include "unit.h"

#define NOW_S 1800000000

static const char *table_path;
static struct key keys[LIMIT_TOKEN_KEYS];
static unsigned key_count;
static struct token_rules rules;
static char issuer[100], audience[100];
static unsigned tokens, rooms;

static size_t from_hex(const char *hex, char *out)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++)
		out[i] = (char)strtoul((char[]){hex[2 * i], hex[2 * i + 1], '\0'}, NULL, 16);
	return n;
}

static void add_key(const char *name, const char *hex)
{
	char text[4096];
	size_t n = from_hex(hex, text);
	const char *why = key_read(name, text, n, &keys[key_count]);

	if (why)
		fail_msg("%s %s", name, why);
	key_count++;
}

static void check_token(const char *wanted, const char *name, const char *text)
{
	struct token token;
	enum token_verdict verdict = token_read(text, strlen(text), &rules, NOW_S, &token);

	if (strcmp(token_verdict_text(verdict), wanted) != 0)
		fail_msg("%s: %s, not %s", name, token_verdict_text(verdict), wanted);
	tokens++;
}

static void check_room(const char *wanted, const char *pattern, const char *name)
{
	struct token token = {.expires_s = NOW_S + 1, .room_length = (uint16_t)strlen(pattern)};
	struct name room = {.length = (uint8_t)strlen(name)};

	memcpy(token.room, pattern, strlen(pattern));
	memcpy(room.bytes, name, strlen(name));
	enum token_verdict verdict = token_check(&token, &rules, NOW_S, &room);
	if (strcmp(token_verdict_text(verdict), wanted) != 0)
		fail_msg("%s for %s: %s, not %s", pattern, name, token_verdict_text(verdict), wanted);
	rooms++;
}

static void set_rule(const char *what, const char *value)
{
	if (strcmp(what, "leeway") == 0)
		rules.leeway_s = strtoul(value, NULL, 10);
	else if (strcmp(what, "issuer") == 0)
		snprintf(issuer, sizeof(issuer), "%s", value);
	else if (strcmp(what, "audience") == 0)
		snprintf(audience, sizeof(audience), "%s", value);
	else if (strcmp(what, "algorithms") == 0)
		assert_int_equal(key_algorithms_read(value, &rules.algorithms), 0);
	else
		fail_msg("%s?", what);
}

static void take_line(char *line)
{
	char *words[4] = {line};
	unsigned bad;

	line[strcspn(line, "\n")] = '\0';
	for (int i = 1; i < 4; i++) {
		words[i] = strchr(words[i - 1], '\t');
		if (words[i])
			*words[i]++ = '\0';
		else
			words[i] = words[i - 1] + strlen(words[i - 1]);
	}
	if (strcmp(words[0], "key") == 0) {
		add_key(words[1], words[2]);
	} else if (strcmp(words[0], "ready") == 0) {
		assert_int_equal(key_ring_init(&rules.ring, keys, key_count, &bad), 0);
	} else if (strcmp(words[0], "token") == 0) {
		check_token(words[1], words[2], words[3]);
	} else if (strcmp(words[0], "room") == 0) {
		check_room(words[1], words[2], words[3]);
	} else {
		set_rule(words[0], words[1]);
	}
}

static void test_table(void **state)
{
	static char line[3 * 65536];
	FILE *table = fopen(table_path, "re");

	(void)state;
	assert_non_null(table);
	rules = (struct token_rules){.algorithms = 7, .issuer = issuer, .audience = audience};
	while (fgets(line, sizeof(line), table))
		take_line(line);
	fclose(table);
	assert_true(tokens >= 60 && rooms >= 10);
	key_ring_fini(&rules.ring);
}

/* What a good token says. */
static void test_algorithms(void **state)
{
	unsigned bits;

	(void)state;
	assert_int_equal(key_algorithms_read("HS256, EdDSA", &bits), 0);
	assert_int_equal(bits, 1 << KEY_HS256 | 1 << KEY_EDDSA);
	assert_int_equal(key_algorithms_read("none", &bits), -EINVAL);
	assert_int_equal(key_algorithms_read("HS256,none", &bits), -EINVAL);
	assert_int_equal(key_algorithms_read("hs256", &bits), -EINVAL);
	assert_int_equal(key_algorithms_read("", &bits), -EINVAL);
	assert_int_equal(key_algorithm_find("HS2567", 6), -1);
	for (int i = 0; i < KEY_ALGORITHMS; i++) {
		const char *name = key_algorithm_text((enum key_algorithm)i);
		assert_int_equal(key_algorithm_find(name, strlen(name)), i);
	}
}

static void assert_bad_key(const char *name, const char *text, const char *wanted)
{
	struct key key;
	const char *why = key_read(name, text, strlen(text), &key);

	assert_non_null(why);
	if (!strstr(why, wanted))
		fail_msg("%s", why);
}

static void test_bad_keys(void **state)
{
	char text[700];

	(void)state;
	assert_false(key_is_file_name(".secret"));
	assert_false(key_is_file_name(".a.secret"));
	assert_false(key_is_file_name("a.secret~"));
	assert_false(key_is_file_name("secret"));
	assert_true(key_is_file_name("a.b.pem"));
	assert_bad_key("a.secret", "", "less than 32 bytes");
	assert_bad_key("a.secret", "0123456789012345678901234567890\n", "less than 32 bytes");
	memset(text, 'x', sizeof(text));
	text[600] = '\0';
	assert_bad_key("a.secret", text, "more than 512 bytes");
	assert_bad_key(" a.secret", "01234567890123456789012345678901", "name");
	assert_bad_key("a.pem", "01234567890123456789012345678901", "no public key");
	assert_bad_key("a.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "private key");
	assert_bad_key("a.pem", "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n", "private key");
	assert_bad_key("a.pem", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
		       "no public key of P-256");
	assert_bad_key("a.pem", "-----END PUBLIC KEY-----\n-----BEGIN PUBLIC KEY-----\nAAAA", "no public key");
}

/* A point that is not on the curve is no key. */
static void test_bad_point(void **state)
{
	struct key key = {.algorithm = KEY_ES256, .length = 91, .kid = {.length = 1, .bytes = "a"}};
	struct key_ring ring;
	unsigned bad = 9;

	(void)state;
	static const uint8_t head[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48,
				       0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48,
				       0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
	memcpy(key.bytes, head, sizeof(head));
	memset(key.bytes + sizeof(head), 1, 64);
	assert_int_equal(key_ring_init(&ring, &key, 1, &bad), -EINVAL);
	assert_int_equal(bad, 0);
}

int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_table), cmocka_unit_test(test_algorithms),
					   cmocka_unit_test(test_bad_keys), cmocka_unit_test(test_bad_point)};

	if (argc != 2)
		return 1;
	table_path = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
