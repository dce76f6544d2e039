/*
 * control_socket - the listening Unix socket for operators: made, and removed again.
 * Process: keeper: made before it drops its privileges.
 * Never:   takes a name away from a server that still listens there.
 */
#ifndef CONTROL_SOCKET_H
#define CONTROL_SOCKET_H

#include <stdint.h>
#include <sys/types.h>

#include "control_path.h"

struct control_socket {
	int fd; /* -1: there is none */
	char path[CONTROL_PATH_BYTES];
	dev_t device; /* the file as it was made: another server's in its place is not ours to remove */
	ino_t inode;
};

/* Makes the directory, if it is not there, for `owner` alone; `system`: for all to pass. Returns 0 or -errno. */
int control_socket_directory(const char *directory, uid_t owner, bool system);

/* Listens at `path`; the file is for `owner`, and for `group` if that is not -1. Returns 0; or -errno: -EADDRINUSE if
 * somebody else listens there. */
int control_socket_open(const char *path, uid_t owner, gid_t group, struct control_socket *ret);

/* Removes the file, if it still is ours and may be removed, and closes the socket. */
void control_socket_fini(struct control_socket *socket);

#endif
