/* key - see key.h. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base64.h"
#include "key.h"
#include "utf8.h"

#define SECRET_SUFFIX ".secret"
#define PEM_SUFFIX ".pem"
#define PEM_BEGIN "-----BEGIN PUBLIC KEY-----"
#define PEM_END "-----END PUBLIC KEY-----"

static const char *const algorithms[KEY_ALGORITHMS] = {
    [KEY_HS256] = "HS256",
    [KEY_ES256] = "ES256",
    [KEY_EDDSA] = "EdDSA",
};

/* All that comes before the point itself, in a key of P-256 with an uncompressed point and in one of Ed25519: these
 * never vary. */
static const uint8_t p256[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06,
			       0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
static const uint8_t ed25519[] = {0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00};

#define P256_BYTES (sizeof(p256) + 64)
#define ED25519_BYTES (sizeof(ed25519) + 32)

const char *key_algorithm_text(enum key_algorithm algorithm)
{
	assert((unsigned)algorithm < KEY_ALGORITHMS);
	return algorithms[algorithm];
}

int key_algorithm_find(const char *name, size_t n)
{
	for (int i = 0; i < KEY_ALGORITHMS; i++)
		if (strlen(algorithms[i]) == n && memcmp(algorithms[i], name, n) == 0)
			return i;
	return -1;
}

int key_algorithms_read(const char *list, unsigned *ret)
{
	unsigned bits = 0;

	while (*list) {
		list += strspn(list, " ,");
		size_t n = strcspn(list, " ,");
		int algorithm = key_algorithm_find(list, n);
		if (n > 0 && algorithm < 0)
			return -EINVAL;
		bits |= n > 0 ? 1U << algorithm : 0;
		list += n;
	}
	*ret = bits;
	return bits ? 0 : -EINVAL;
}

static bool ends_with(const char *name, const char *suffix)
{
	size_t n = strlen(name);
	size_t m = strlen(suffix);

	return n > m && strcmp(name + n - m, suffix) == 0;
}

bool key_is_file_name(const char *name)
{
	return *name != '.' && (ends_with(name, SECRET_SUFFIX) || ends_with(name, PEM_SUFFIX));
}

static const char *read_secret(const char *text, size_t n, struct key *ret)
{
	/* An editor ends a file with a newline; whoever means one can't have it at the end. */
	n -= n > 0 && text[n - 1] == '\n';
	n -= n > 0 && text[n - 1] == '\r';
	/* RFC 7518, 3.2: at least as long as the hash. */
	if (n < 32)
		return "holds less than 32 bytes: make one with `openssl rand -base64 48`";
	if (n > sizeof(ret->bytes))
		return "holds more than 512 bytes: make one with `openssl rand -base64 48`";
	ret->algorithm = KEY_HS256;
	ret->length = (uint16_t)n;
	memcpy(ret->bytes, text, n);
	return NULL;
}

static const char *read_pem(const char *text, size_t n, struct key *ret)
{
	const char *begin = memmem(text, n, PEM_BEGIN, strlen(PEM_BEGIN));
	const char *end = memmem(text, n, PEM_END, strlen(PEM_END));

	if (memmem(text, n, "PRIVATE KEY-----", strlen("PRIVATE KEY-----")))
		return "holds a private key, which must stay with whoever signs: the server needs the public one "
		       "(openssl "
		       "pkey -in FILE -pubout)";
	if (!begin || !end || end < begin)
		return "holds no public key (-----BEGIN PUBLIC KEY-----)";
	begin += strlen(PEM_BEGIN);
	int length = base64_decode(begin, (size_t)(end - begin), ret->bytes, sizeof(ret->bytes));
	if (length == P256_BYTES && memcmp(ret->bytes, p256, sizeof(p256)) == 0)
		ret->algorithm = KEY_ES256;
	else if (length == ED25519_BYTES && memcmp(ret->bytes, ed25519, sizeof(ed25519)) == 0)
		ret->algorithm = KEY_EDDSA;
	else
		return "holds no public key of P-256 (for ES256; its point not compressed) or Ed25519 (for EdDSA)";
	ret->length = (uint16_t)length;
	return NULL;
}

const char *key_read(const char *name, const char *text, size_t n, struct key *ret)
{
	bool secret = ends_with(name, SECRET_SUFFIX);
	size_t kid_length = strlen(name) - (secret ? strlen(SECRET_SUFFIX) : strlen(PEM_SUFFIX));

	assert(key_is_file_name(name));
	memset(ret, 0, sizeof(*ret));
	if (name_set(&ret->kid, name, kid_length))
		return "has a name that can't be a key's";
	return secret ? read_secret(text, n, ret) : read_pem(text, n, ret);
}
