/*
 * privileges - what root gives away before anything else happens.
 * Process: keeper.
 */
#ifndef PRIVILEGES_H
#define PRIVILEGES_H

#include <stdbool.h>
#include <sys/types.h>

#include "settings.h"

/* Lets this process have as many descriptors as the system allows it, so that its children may. */
void privileges_raise_fds(void);

/* Whom privileges_become() will make this process; *ret_own tells whether nobody else is that user. */
uid_t privileges_user(const char *user, bool *ret_own);

/* Is there such a user? Returns 0; or -errno, and fills *ret_problem. */
int privileges_check_user(const char *user, struct settings_problem *ret_problem);

/* Started as root: becomes `user` ("" means video-signaling if there is one, else nobody), with its groups. Otherwise
 * stays who it is, unless `user` names somebody else. With `may_read`, root's right to read files is kept until
 * privileges_drop(). Returns 0; or -errno, and fills *ret_problem. */
int privileges_become(const char *user, bool may_read, struct settings_problem *ret_problem);

/* No capability, no_new_privs, no core, not dumpable. With `may_read`, root's right to read files is kept, but not in
 * force, until privileges_open_secrets(). Returns 0; or -errno, and fills *ret_problem. */
int privileges_drop(bool may_read, struct settings_problem *ret_problem);

/* Reads the secrets (secrets.h) as whoever we are; and where only root may, and we were root, as one who may read
 * files: a capability that is kept for that alone, and in force for that moment. Where it turns out not to be needed,
 * it is given away for good. Returns a descriptor; or -errno, and fills *ret_problem. */
int privileges_open_secrets(const struct settings *settings, struct settings_problem *ret_problem);

/* Before another program of ours is executed in this one's place: it may read them too. Or: it was not, after all. */
void privileges_hand_on(bool on);

#endif
