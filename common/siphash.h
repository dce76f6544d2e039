/*
 * siphash - SipHash-2-4 (Aumasson and Bernstein): a keyed hash of short inputs. Who does not know the key can't find
 * inputs that collide, nor tell which input made a hash.
 * Process: all.  Pure.
 */
#ifndef SIPHASH_H
#define SIPHASH_H

#include <stddef.h>
#include <stdint.h>

#define SIPHASH_KEY_BYTES 16

/* Returns the hash of data[0..n); its bytes in little-endian order are the reference implementation's output. */
uint64_t siphash(const uint8_t key[SIPHASH_KEY_BYTES], const void *data, size_t n);

#endif
