/*
 * key - one key that tokens are signed with, as its file holds it.
 * Process: keeper, roomctl (read files), broker.  Pure.
 *
 * The file's name is the key's: `2026-11.secret` and `2026-11.pem` both have the kid "2026-11". A .secret is the shared
 * secret of HS256, any bytes; a .pem is a public key, of P-256 (ES256) or Ed25519 (EdDSA). So a key is for one
 * algorithm alone, and no token can choose another for it.
 */
#ifndef KEY_H
#define KEY_H

#include "client_message.h"

enum key_algorithm { KEY_HS256, KEY_ES256, KEY_EDDSA, KEY_ALGORITHMS };

struct key {
	struct name kid;
	uint8_t algorithm; /* enum key_algorithm */
	uint16_t length;
	uint8_t bytes[LIMIT_KEY_BYTES]; /* the secret, or a SubjectPublicKeyInfo (RFC 5280) in DER */
};

/* "HS256", "ES256", "EdDSA" (RFC 7518, 8037) */
const char *key_algorithm_text(enum key_algorithm algorithm);

/* Finds the algorithm called name[0..n). Returns -1 if it is none of ours. */
int key_algorithm_find(const char *name, size_t n);

/* Reads `HS256,ES256` into bits (1 << KEY_HS256). Returns 0, or -EINVAL. */
int key_algorithms_read(const char *list, unsigned *ret);

/* Is that the name of a file that holds a key? */
bool key_is_file_name(const char *name);

/* Makes the key of a file that is called so and holds text[0..n). Returns NULL, or what is wrong with it. */
const char *key_read(const char *name, const char *text, size_t n, struct key *ret);

#endif
