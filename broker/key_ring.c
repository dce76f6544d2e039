/* key_ring - the keys that tokens may be signed with. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/x509.h>

#include "crypto.h"
#include "key_ring.h"

/* All three algorithms' are of one length; HS256's is shorter. */
#define SIGNATURE_BYTES 64
#define HMAC_BYTES 32

struct ring_key {
	struct key key;
	EVP_PKEY *public_key; /* NULL for HS256 */
};

const struct name *key_ring_kid(const struct key_ring *ring, unsigned key)
{
	assert(key < ring->count);
	return &ring->keys[key].key.kid;
}

enum key_algorithm key_ring_algorithm(const struct key_ring *ring, unsigned key)
{
	assert(key < ring->count);
	return (enum key_algorithm)ring->keys[key].key.algorithm;
}

static bool verify_hmac(const struct key *key, const char *text, size_t n, const uint8_t *signature, size_t length)
{
	unsigned char ours[EVP_MAX_MD_SIZE];
	unsigned ours_length = 0;

	return HMAC(EVP_sha256(), key->bytes, key->length, (const unsigned char *)text, n, ours, &ours_length) &&
	       ours_length == HMAC_BYTES && length == HMAC_BYTES && CRYPTO_memcmp(ours, signature, HMAC_BYTES) == 0;
}

static bool verify_public(EVP_PKEY *key, const EVP_MD *digest, const char *text, size_t n, const uint8_t *signature,
			  size_t length)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = context && EVP_DigestVerifyInit(context, NULL, digest, NULL, key) == 1 &&
		    EVP_DigestVerify(context, signature, length, (const unsigned char *)text, n) == 1;

	EVP_MD_CTX_free(context);
	return good;
}

/* A token has the two numbers of an ECDSA signature side by side (RFC 7518, 3.4); OpenSSL wants them in DER. */
static bool verify_es256(const struct ring_key *k, const char *text, size_t n, const uint8_t *signature)
{
	ECDSA_SIG *pair = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(signature, SIGNATURE_BYTES / 2, NULL);
	BIGNUM *s = BN_bin2bn(signature + SIGNATURE_BYTES / 2, SIGNATURE_BYTES / 2, NULL);
	unsigned char *der = NULL;
	int length = 0;
	bool good = false;

	if (pair && r && s && ECDSA_SIG_set0(pair, r, s) == 1) {
		r = s = NULL; /* they are the pair's now */
		length = i2d_ECDSA_SIG(pair, &der);
		good = length > 0 && verify_public(k->public_key, EVP_sha256(), text, n, der, (size_t)length);
	}
	OPENSSL_free(der);
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(pair);
	return good;
}

bool key_ring_verify(const struct key_ring *ring, unsigned key, const char *text, size_t n, const uint8_t *signature,
		     size_t signature_length)
{
	const struct ring_key *k = &ring->keys[key];
	bool good = false;

	assert(key < ring->count);
	if (k->key.algorithm == KEY_HS256)
		good = verify_hmac(&k->key, text, n, signature, signature_length);
	else if (signature_length == SIGNATURE_BYTES && k->key.algorithm == KEY_ES256)
		good = verify_es256(k, text, n, signature);
	else if (signature_length == SIGNATURE_BYTES && k->key.algorithm == KEY_EDDSA)
		good = verify_public(k->public_key, NULL, text, n, signature, signature_length);
	ERR_clear_error(); /* a wrong signature is no error of ours, and they would pile up */
	return good;
}

static bool add(struct key_ring *ring, const struct key *key)
{
	static const uint8_t wrong[SIGNATURE_BYTES] = {1};
	struct ring_key *k = &ring->keys[ring->count];
	const unsigned char *der = key->bytes;

	k->key = *key;
	if (key->algorithm != KEY_HS256) {
		k->public_key = d2i_PUBKEY(NULL, &der, key->length);
		if (!k->public_key)
			return false;
	}
	ring->count++;
	/* The first use of each algorithm loads what it needs. */
	return !key_ring_verify(ring, ring->count - 1, "", 0, wrong, sizeof(wrong));
}

int key_ring_init(struct key_ring *ring, const struct key *keys, unsigned count, unsigned *ret_bad)
{
	*ring = (struct key_ring){.keys = NULL};
	if (count == 0)
		return 0;
	if (!crypto_start())
		return -ENOMEM;
	ring->keys = calloc(count, sizeof(*ring->keys));
	if (!ring->keys)
		return -ENOMEM;
	for (unsigned i = 0; i < count; i++)
		if (!add(ring, &keys[i])) {
			*ret_bad = i;
			key_ring_fini(ring);
			return -EINVAL;
		}
	return 0;
}

void key_ring_fini(struct key_ring *ring)
{
	for (unsigned i = 0; i < ring->count; i++)
		EVP_PKEY_free(ring->keys[i].public_key);
	if (ring->keys)
		OPENSSL_cleanse(ring->keys, ring->count * sizeof(*ring->keys));
	free(ring->keys);
	*ring = (struct key_ring){.keys = NULL};
}
