/* passed - the descriptors that a service manager passed to us. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/stdlib.h>
#include <bsd/unistd.h>

#include "passed.h"

/* They begin here (SD_LISTEN_FDS_START). */
#define FIRST 3

/* The kernel lets nobody have more descriptors than this (the largest fs.nr_open). */
#define COUNT_MAX (1 << 30)

static long long variable(const char *name)
{
	const char *text = getenv(name);

	return text ? strtonum(text, 0, COUNT_MAX, NULL) : 0;
}

void passed_init(struct passed *passed)
{
	const char *names = getenv("LISTEN_FDNAMES");

	*passed = (struct passed){.first = FIRST, .names = names ? names : ""};
	if (variable("LISTEN_PID") == getpid())
		passed->count = (int)variable("LISTEN_FDS");
	closefrom(FIRST + passed->count);
	for (int fd = FIRST; fd < FIRST + passed->count; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

bool passed_next(struct passed *passed, int *ret_fd, char ret_name[PASSED_NAME_BYTES])
{
	size_t length = strcspn(passed->names, ":");

	if (passed->count == 0)
		return false;
	snprintf(ret_name, PASSED_NAME_BYTES, "%.*s", (int)(length < PASSED_NAME_BYTES ? length : PASSED_NAME_BYTES),
		 passed->names);
	passed->names += length + (passed->names[length] == ':');
	*ret_fd = passed->first++;
	passed->count--;
	return true;
}
