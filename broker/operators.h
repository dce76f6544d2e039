/*
 * operators - the sockets for those who run the server: control, and metrics.
 * Process: keeper.  Owns: both, while brokers come and go.
 * Fails:   with one line that says what to do, where a setting can't be met; what is only a default is done without,
 *          with a warning: two servers with no settings at all run side by side.
 */
#ifndef OPERATORS_H
#define OPERATORS_H

#include "control_socket.h"
#include "ipc_messages.h"
#include "passed.h"
#include "settings.h"

struct operators {
	struct control_socket control;
	struct ipc_control rights;
	int metrics; /* -1: there is none */
};

/* There are none yet. */
void operators_init(struct operators *operators);

/* Takes a listening socket of the service manager's, called PASSED_CONTROL or PASSED_METRICS, instead of making it.
 * Returns 0; or -EINVAL, and fills *ret_problem: it is neither, or the second. */
int operators_adopt(struct operators *operators, const char *name, int fd, struct settings_problem *ret_problem);

/* Names the control socket for a keeper that takes over from this one: who may do what is in the name, for whoever has
 * dropped root can't find that out again. And: takes it, if it is called so. Returns whether. */
void operators_name_control(const struct operators *operators, char name[PASSED_NAME_BYTES]);
bool operators_take_control(struct operators *operators, const char *name, int fd);

/* Makes those that are not there yet, before privileges are dropped. `port` is the server's own: a second server's
 * socket is named by it. Returns 0; or -errno, and fills *ret_problem. */
int operators_open(const struct settings_loaded *loaded, uint16_t port, struct operators *operators,
		   struct settings_problem *ret_problem);

/* Hands them to a new broker. Returns 0 or -errno. */
int operators_equip(const struct operators *operators, int channel);

void operators_fini(struct operators *operators);

#endif
