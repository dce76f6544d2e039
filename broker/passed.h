/*
 * passed - the descriptors that a service manager passed to us, each with a name (sd_listen_fds(3)).
 * Process: keeper, before anything else is opened.  Owns: none of them; what passed_next() returned is the caller's.
 */
#ifndef PASSED_H
#define PASSED_H

#include <stdbool.h>

/* What the socket units call their sockets (FileDescriptorName=): of clients, of clients behind a proxy that tells of
 * them by the PROXY protocol, of operators, of Prometheus. */
#define PASSED_CLIENT "client"
#define PASSED_CLIENT_PROXY "client-proxy"
#define PASSED_CONTROL "control"
#define PASSED_METRICS "metrics"

/* Instead of all that: the number of a memory file with lines of `name fd`, from a keeper that has become this program.
 */
#define PASSED_LIST "KEEPER_HANDED_DOWN"

/* A name as we use them; one that is longer is cut, and no name of ours. */
#define PASSED_NAME_BYTES 64

struct passed {
	int first, count;  /* descriptors */
	const char *names; /* of those from `first` on, with colons between; in the environment */
	char *list;        /* or lines of `name fd`; NULL: none */
	char *line;        /* the next */
};

/* Reads LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES, closes every other descriptor above stderr, and makes these
 * close-on-exec. Good until title_init(), which writes over the environment. */
void passed_init(struct passed *passed);

/* Reads the decimal number at the front of a text, behind blanks. Returns -1 if there is none, or it is no int. */
int passed_number(const char *text);

/* Takes the next. Returns false at the end, when nothing of what passed_init() found is kept. */
bool passed_next(struct passed *passed, int *ret_fd, char ret_name[PASSED_NAME_BYTES]);

#endif
