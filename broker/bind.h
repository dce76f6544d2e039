/*
 * bind - the listening sockets.
 * Process: keeper, before it drops its privileges.
 * Fails:   with one line that says what to do.
 */
#ifndef BIND_H
#define BIND_H

#include <stdint.h>

#include "settings.h"

#define BIND_LISTENERS_MAX 8

struct bind_listeners {
	int fds[BIND_LISTENERS_MAX]; /* non-blocking, close-on-exec, listening */
	unsigned count;
	uint16_t port; /* the one in force: chosen by the kernel where the setting was 0 */
};

/* Listens on `host` (an IP address, a name, "localhost": both loopbacks as far as the machine has them, "*": all
 * addresses) and `port`. Returns 0; or -errno, and fills *ret_problem. */
int bind_open(const char *host, uint16_t port, struct bind_listeners *ret, struct settings_problem *ret_problem);

/* Adds a socket that listens already, and is owned from now on. Returns 0; or -errno, and fills *ret_problem. */
int bind_adopt(struct bind_listeners *listeners, int fd, struct settings_problem *ret_problem);

/* Is fd a stream socket that listens? */
bool bind_is_listening(int fd);

/* Writes where the socket fd is: `127.0.0.1:9464`, `[::1]:9464` or a path; "" if that can't be said. */
void bind_where(int fd, char *ret, size_t size);

/* Is what somebody chose as host and port what the adopted sockets listen on? Returns 0; or -EINVAL, and fills
 * *ret_problem. */
int bind_agree(const struct bind_listeners *listeners, const struct settings_loaded *loaded,
	       struct settings_problem *ret_problem);

#endif
