/*
 * secrets - what the broker must know and nobody else: the keys that tokens are signed with, and what is shared with
 * the TURN server.
 * Process: keeper (reads the files, and forgets), broker (gets a sealed memory file).
 * Never:   in a setting, a log, a title or a core.
 * Fails:   with one line that says which file, what was wrong with it, and what would be right.
 */
#ifndef SECRETS_H
#define SECRETS_H

#include "key.h"
#include "settings.h"

/* Raised with every change of the struct's layout. */
#define SECRETS_VERSION 1

struct secrets {
	uint32_t version;
	uint32_t key_count;
	struct key keys[LIMIT_TOKEN_KEYS];
	uint32_t turn_length; /* 0: none */
	uint32_t unused;
	char turn[LIMIT_KEY_BYTES];
};

/* Do the settings name any? */
bool secrets_are_wanted(const struct settings *settings);

/* Reads the files that the settings name. A file that others may read, or that somebody else may have written, is
 * refused. Returns 0; or -errno (-EACCES: we may not read it), and fills *ret_problem: *ret is then wiped. */
int secrets_load(const struct settings *settings, struct secrets *ret, struct settings_problem *ret_problem);

/* The same, into a sealed memory file. Returns its descriptor, or -errno. */
int secrets_open(const struct settings *settings, struct settings_problem *ret_problem);

#endif
