/* roomctl_sign - a key that signs. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <bsd/string.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/objects.h>
#include <openssl/pem.h>

#include "roomctl.h"
#include "roomctl_sign.h"

#define FILE_BYTES_MAX 8192
#define HALF (ROOMCTL_SIGNATURE_BYTES / 2)

static int fail(const char *path, const char *why, int status)
{
	fprintf(stderr, "roomctl: %s %s\n", path, why);
	return status;
}

static int read_secret(struct roomctl_signer *s, const char *path, const char *name, FILE *file)
{
	char text[FILE_BYTES_MAX];
	size_t n = fread(text, 1, sizeof(text), file);
	const char *why =
	    key_is_file_name(name) ? key_read(name, text, n, &s->secret) : "has a name that can't be a key's";

	explicit_bzero(text, sizeof(text));
	s->algorithm = KEY_HS256;
	return why ? fail(path, why, ROOMCTL_REFUSED) : ROOMCTL_DONE;
}

static int read_private(struct roomctl_signer *s, const char *path, FILE *file)
{
	char group[32] = "";
	EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	size_t n = 0;

	s->private_key = key;
	if (!key)
		return fail(path, "holds no private key in PEM", ROOMCTL_REFUSED);
	if (EVP_PKEY_is_a(key, "ED25519")) {
		s->algorithm = KEY_EDDSA;
		return ROOMCTL_DONE;
	}
	s->algorithm = KEY_ES256;
	if (EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, group, sizeof(group), &n) == 1 &&
	    OBJ_sn2nid(group) == NID_X9_62_prime256v1)
		return ROOMCTL_DONE;
	return fail(path, "holds a key that is neither of P-256 nor Ed25519", ROOMCTL_REFUSED);
}

int roomctl_signer_open(struct roomctl_signer *s, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	const char *dot = strrchr(name, '.');
	struct stat st;
	FILE *file = fopen(path, "re");
	int status;

	*s = (struct roomctl_signer){.private_key = NULL};
	if (!file || fstat(fileno(file), &st) < 0)
		status = fail(path, strerror(errno), errno == EACCES ? ROOMCTL_NOT_ALLOWED : ROOMCTL_REFUSED);
	else if (st.st_mode & S_IRWXO)
		status = fail(path, "can be read by others: chmod o-rwx", ROOMCTL_REFUSED);
	else if (dot && strcmp(dot, ".secret") == 0)
		status = read_secret(s, path, name, file);
	else
		status = read_private(s, path, file);
	if (file)
		fclose(file);
	if (status != ROOMCTL_DONE)
		roomctl_signer_close(s);
	return status;
}

void roomctl_signer_close(struct roomctl_signer *s)
{
	EVP_PKEY_free(s->private_key);
	explicit_bzero(s, sizeof(*s));
}

/* OpenSSL has the two numbers in DER; a token has them side by side. */
static size_t from_der(const unsigned char *der, size_t n, uint8_t ret[ROOMCTL_SIGNATURE_BYTES])
{
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)n);
	bool good = pair && BN_bn2binpad(ECDSA_SIG_get0_r(pair), ret, HALF) == HALF &&
		    BN_bn2binpad(ECDSA_SIG_get0_s(pair), ret + HALF, HALF) == HALF;

	ECDSA_SIG_free(pair);
	return good ? ROOMCTL_SIGNATURE_BYTES : 0;
}

size_t roomctl_sign(const struct roomctl_signer *s, const char *text, size_t n, uint8_t ret[ROOMCTL_SIGNATURE_BYTES])
{
	unsigned char raw[256];
	size_t length = sizeof(raw);
	unsigned hash_length = 0;

	if (s->algorithm == KEY_HS256) {
		if (!HMAC(EVP_sha256(), s->secret.bytes, s->secret.length, (const unsigned char *)text, n, raw,
			  &hash_length))
			return 0;
		memcpy(ret, raw, hash_length);
		return hash_length;
	}
	const EVP_MD *digest = s->algorithm == KEY_ES256 ? EVP_sha256() : NULL;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = context && EVP_DigestSignInit(context, NULL, digest, NULL, s->private_key) == 1 &&
		    EVP_DigestSign(context, raw, &length, (const unsigned char *)text, n) == 1;
	EVP_MD_CTX_free(context);
	if (!good)
		return 0;
	if (s->algorithm == KEY_ES256)
		return from_der(raw, length, ret);
	memcpy(ret, raw, ROOMCTL_SIGNATURE_BYTES);
	return length == ROOMCTL_SIGNATURE_BYTES ? length : 0;
}
