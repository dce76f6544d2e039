/*
 * crypto - OpenSSL, made ready for a process that is about to open nothing any more.
 * Process: broker.
 */
#ifndef CRYPTO_H
#define CRYPTO_H

#include <stdbool.h>

/* To be called before anything else of OpenSSL: without its configuration, which could load more code or turn
 * algorithms off, and without tidying up at the end, which takes calls that the sandbox does not have. Returns whether
 * it could. */
bool crypto_start(void);

#endif
