/*
 * bind - the listening sockets.
 * Process: keeper, before it drops its privileges.
 * Fails:   with one line that says what to do.
 */
#ifndef BIND_H
#define BIND_H

#include <stdint.h>

#include "control_socket.h"
#include "settings.h"

#define BIND_UNIX_MAX 8
#define BIND_LISTENERS_MAX 32

struct bind_listeners {
	int fds[BIND_LISTENERS_MAX];    /* non-blocking, close-on-exec, listening */
	bool proxy[BIND_LISTENERS_MAX]; /* connections begin with a PROXY header */
	unsigned count;
	unsigned first_of_list;                       /* those from here on are of the setting `listen` */
	struct control_socket sockets[BIND_UNIX_MAX]; /* the files of Unix sockets that were made here */
	unsigned socket_count;
	uint16_t port; /* the one in force: chosen by the kernel where the setting was 0 */
};

/* Listens on `host` (an IP address, a name, "localhost": both loopbacks as far as the machine has them, "*": all
 * addresses) and `port`. Returns 0; or -errno, and fills *ret_problem. */
int bind_open(const char *host, uint16_t port, struct bind_listeners *ret, struct settings_problem *ret_problem);

/* Listens on all that the settings say: on `host` and `port`, and on the entries of `listen`. Returns as above. */
int bind_all(const struct settings *settings, struct bind_listeners *ret, struct settings_problem *ret_problem);

/* The sockets were made by us, before we became another program: notes which files are ours to remove. */
void bind_retake(const struct settings *settings, struct bind_listeners *listeners);

/* Removes the files of Unix sockets. */
void bind_fini(struct bind_listeners *listeners);

/* Adds a socket that listens already, and is owned from now on; `proxy`: a PROXY header comes first. Returns 0; or
 * -errno, and fills *ret_problem. */
int bind_adopt(struct bind_listeners *listeners, int fd, bool proxy, struct settings_problem *ret_problem);

/* What kind of listener this is: enum ipc_listener_kind bits. */
uint32_t bind_kind(const struct bind_listeners *listeners, unsigned number);

/* Is fd a stream socket that listens? */
bool bind_is_listening(int fd);

/* Writes where the socket fd is: `127.0.0.1:9464`, `[::1]:9464` or a path; "" if that can't be said. */
void bind_where(int fd, char *ret, size_t size);

/* Is what somebody chose as host and port what the adopted sockets listen on? Returns 0; or -EINVAL, and fills
 * *ret_problem. */
int bind_agree(const struct bind_listeners *listeners, const struct settings_loaded *loaded,
	       struct settings_problem *ret_problem);

#endif
