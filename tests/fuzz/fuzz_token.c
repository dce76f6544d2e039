/*
 * fuzz_token - token.c. Each input is read as it is; and its two first parts, signed with our key, so that what lies
 * behind the signature is reached too.
 */
#include "base64.h"
#include "token.h"
#include "utf8.h"

#include "fuzz.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#define NOW_S 1800000000

static struct token_rules rules = {.algorithms = 7, .issuer = "", .audience = "", .leeway_s = 30};
static const char secret[] = "this is a secret of more than thirty-two bytes";

static void set_up(void)
{
	static bool done;
	struct key key;
	unsigned bad;

	if (done)
		return;
	CHECK(!key_read("one.secret", secret, strlen(secret), &key));
	CHECK(key_ring_init(&rules.ring, &key, 1, &bad) == 0);
	done = true;
}

static void check(const char *text, size_t n)
{
	struct token token;
	struct name any = {.length = 1, .bytes = "x"};
	enum token_verdict verdict = token_read(text, n, &rules, NOW_S, &token);

	CHECK(token_verdict_text(verdict) && token_verdict_sentence(verdict));
	if (verdict != TOKEN_GOOD)
		return;
	CHECK(token.expires_s + 30 > NOW_S);
	CHECK(token.room_length >= 1 && token.room_length <= sizeof(token.room));
	CHECK(!utf8_name_problem((const uint8_t *)token.subject.bytes, token.subject.length));
	verdict = token_check(&token, &rules, NOW_S, &any);
	CHECK(verdict == TOKEN_GOOD || verdict == TOKEN_ROOM);
}

static void check_signed(const uint8_t *data, size_t size)
{
	char text[3 * 4096];
	const uint8_t *dot = memchr(data, '.', size);
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned hash_length = 0;

	if (!dot || size > 4096)
		return;
	size_t n = base64_url_encode(data, (size_t)(dot - data), text);
	text[n++] = '.';
	n += base64_url_encode(dot + 1, (size_t)(data + size - dot - 1), text + n);
	CHECK(HMAC(EVP_sha256(), secret, (int)strlen(secret), (unsigned char *)text, n, hash, &hash_length));
	text[n++] = '.';
	n += base64_url_encode(hash, hash_length, text + n);
	check(text, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size);

	set_up();
	check(text, size);
	check_signed(data, size);
	free(text);
	return 0;
}
