/*
 * roomctl_mint - makes and prints the token that `roomctl token` is asked for.
 * Process: roomctl.  (A file of its own: json.h and json-c both have a json_object.)
 */
#ifndef ROOMCTL_MINT_H
#define ROOMCTL_MINT_H

#include "roomctl.h"

/* Signs with the key in the file `path`; without issuer or audience ("") the token has none. Returns the exit status.
 */
int roomctl_mint(const struct roomctl *options, const char *path, const char *issuer, const char *audience);

#endif
