/*
 * turn - time-limited credentials for a TURN server (draft-uberti-behave-turn-rest, and coturn's use-auth-secret).
 * Process: broker.  Pure.
 */
#ifndef TURN_H
#define TURN_H

#include <stdbool.h>
#include <stddef.h>

#define TURN_CREDENTIAL_BYTES 29 /* 20 bytes in base64, and a NUL */

/* Loads what is needed, before the sandbox; only where there are credentials to be made. Returns whether that could be
 * had. */
bool turn_init(void);

/* Writes the password of `user`, "<when it ends, in seconds since 1970>:<whatever>". */
void turn_credential(const char *secret, size_t secret_length, const char *user, char *ret);

#endif
