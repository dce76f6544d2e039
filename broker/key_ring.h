/*
 * key_ring - the keys that tokens may be signed with, ready for use.
 * Process: broker.  Owns: OpenSSL's objects (turn has some, too; others take at most a comparison in constant time).
 * Never:   opens a file: all that OpenSSL loads at first use is loaded in key_ring_init(), before the sandbox.
 * Fails:   a key that OpenSSL does not take is an error at start; a signature it does not take is wrong.
 */
#ifndef KEY_RING_H
#define KEY_RING_H

#include "key.h"

struct ring_key;

struct key_ring {
	struct ring_key *keys;
	unsigned count;
};

/* Makes the ring of keys[0..count). Returns 0 or -errno; with -EINVAL, *ret_bad is the key that is none. */
int key_ring_init(struct key_ring *ring, const struct key *keys, unsigned count, unsigned *ret_bad);
void key_ring_fini(struct key_ring *ring);

const struct name *key_ring_kid(const struct key_ring *ring, unsigned key);
enum key_algorithm key_ring_algorithm(const struct key_ring *ring, unsigned key);

/* Is signature[0..signature_length) that of text[0..n) with this key, by the key's own algorithm? */
bool key_ring_verify(const struct key_ring *ring, unsigned key, const char *text, size_t n, const uint8_t *signature,
		     size_t signature_length);

#endif
