/*
 * child - starts a program from an open descriptor, with exactly the descriptors it is to have.
 * Process: keeper.
 */
#ifndef CHILD_H
#define CHILD_H

#include <sys/types.h>

#include "settings.h"

/* The executables, opened once at start: an upgrade of the files changes nothing under a running keeper. */
struct child_programs {
	int broker;
	int roomd;
	int www; /* the directory of the demo page's files that came with them; -1: there is none */
};

/* Opens what lies beside this executable (a build tree), or else in ../libexec/video-signaling; and the page's
 * directory, which the setting www may choose. Returns 0; or -errno, and fills *ret_problem. */
int child_programs_open(const struct settings *settings, struct child_programs *ret,
			struct settings_problem *ret_problem);
void child_programs_close(struct child_programs *programs);

/* Can this process, as it is now, execute what was opened? Returns 0 or -errno. */
int child_programs_check(const struct child_programs *programs);

/* Starts `program` with fds[i] as descriptor 3 + i, 0-2 as they are, nothing else open, and no environment but what
 * libc reads. `title` is
 * what ps shows until it sets its own. Returns its pid, or -errno. */
pid_t child_start(int program, const char *title, const int *fds, unsigned count);

#endif
