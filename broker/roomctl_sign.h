/*
 * roomctl_sign - a key that signs: a shared secret, or a private key in PEM.
 * Process: roomctl.  Owns: the key.
 * Fails:   with a line on stderr, and the exit status to end with.
 */
#ifndef ROOMCTL_SIGN_H
#define ROOMCTL_SIGN_H

#include "key.h"

/* Of any of the algorithms. */
#define ROOMCTL_SIGNATURE_BYTES 64

struct roomctl_signer {
	enum key_algorithm algorithm;
	struct key secret; /* HS256 */
	void *private_key; /* OpenSSL's, of the others */
};

/* Reads the file: NAME.secret, or else a private key of P-256 or Ed25519. Returns ROOMCTL_DONE, or says why not. */
int roomctl_signer_open(struct roomctl_signer *signer, const char *path);
void roomctl_signer_close(struct roomctl_signer *signer);

/* Signs text[0..n). Returns the length of the signature, 0 if it can't be done. */
size_t roomctl_sign(const struct roomctl_signer *signer, const char *text, size_t n,
		    uint8_t ret[ROOMCTL_SIGNATURE_BYTES]);

#endif
