/* turn - time-limited credentials for a TURN server. */
#include <assert.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base64.h"
#include "crypto.h"
#include "turn.h"

#define SHA1_BYTES 20

static bool sign(const char *secret, size_t secret_length, const char *user, unsigned char hash[EVP_MAX_MD_SIZE])
{
	unsigned length = 0;

	return HMAC(EVP_sha1(), secret, (int)secret_length, (const unsigned char *)user, strlen(user), hash, &length) &&
	       length == SHA1_BYTES;
}

bool turn_init(void)
{
	unsigned char hash[EVP_MAX_MD_SIZE];

	return crypto_start() && sign("secret", strlen("secret"), "user", hash);
}

void turn_credential(const char *secret, size_t secret_length, const char *user, char *ret)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	bool signed_ = sign(secret, secret_length, user, hash);

	assert(signed_);
	size_t n = base64_encode(hash, SHA1_BYTES, ret);
	ret[n] = '\0';
}
