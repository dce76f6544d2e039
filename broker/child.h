/*
 * child - starts a program from an open descriptor, with exactly the descriptors it is to have.
 * Process: keeper.
 */
#ifndef CHILD_H
#define CHILD_H

#include <sys/types.h>

/* The executables, opened once at start: an upgrade of the files changes nothing under a running keeper. */
struct child_programs {
	int broker;
	int roomd;
	int www; /* the directory of the demo page's files that came with them; -1: there is none */
};

/* Opens what lies beside this executable (a build tree), or else in ../libexec/video-signaling. Returns 0; or -errno,
 * and writes the name of what is missing to missing[0..size). */
int child_programs_open(struct child_programs *ret, char *missing, size_t size);

/* Can this process, as it is now, execute what was opened? Returns 0 or -errno. */
int child_programs_check(const struct child_programs *programs);

/* Starts `program` with fds[i] as descriptor 3 + i, 0-2 as they are, nothing else open, and no environment. `title` is
 * what ps shows until it sets its own. Returns its pid, or -errno. */
pid_t child_start(int program, const char *title, const int *fds, unsigned count);

#endif
