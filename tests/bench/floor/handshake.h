/*
 * handshake - the answer to a WebSocket upgrade (RFC 6455, 4.2.2), for the floor.
 * Pure.
 */
#ifndef BENCH_HANDSHAKE_H
#define BENCH_HANDSHAKE_H

#include <stddef.h>

#define HANDSHAKE_KEY_BYTES 24
#define HANDSHAKE_ACCEPT_BYTES 28

void handshake_accept(char out[HANDSHAKE_ACCEPT_BYTES], const char key[HANDSHAKE_KEY_BYTES]);

#endif
