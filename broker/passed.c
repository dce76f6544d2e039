/* passed - the descriptors that a service manager passed to us. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>
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

/* Reads the list that the keeper before handed down; its descriptors are where they were. */
static bool read_list(struct passed *passed)
{
	int file = getenv(PASSED_LIST) ? (int)variable(PASSED_LIST) : -1;
	off_t size = file < FIRST ? -1 : lseek(file, 0, SEEK_END);

	unsetenv(PASSED_LIST);
	if (size < 0 || (passed->list = calloc(1, (size_t)size + 1)) == NULL)
		return false;
	if (pread(file, passed->list, (size_t)size, 0) != size)
		passed->list[0] = '\0';
	close(file);
	passed->line = passed->list;
	return true;
}

int passed_number(const char *text)
{
	char *end;

	errno = 0;
	long number = strtol(text, &end, 10);
	return end == text || errno || number < 0 || number > INT_MAX ? -1 : (int)number;
}

void passed_init(struct passed *passed)
{
	const char *names = getenv("LISTEN_FDNAMES");

	*passed = (struct passed){.first = FIRST, .names = names ? names : ""};
	if (read_list(passed))
		return;
	if (variable("LISTEN_PID") == getpid())
		passed->count = (int)variable("LISTEN_FDS");
	closefrom(FIRST + passed->count);
	for (int fd = FIRST; fd < FIRST + passed->count; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* The next of the list. */
static bool next_of_list(struct passed *passed, int *ret_fd, char ret_name[PASSED_NAME_BYTES])
{
	char *end = strchr(passed->line, '\n');
	char *space = strchr(passed->line, ' ');

	if (!end || !space || space > end) {
		free(passed->list);
		passed->list = NULL;
		return false;
	}
	strlcpy(ret_name, passed->line, PASSED_NAME_BYTES);
	if (space - passed->line < PASSED_NAME_BYTES)
		ret_name[space - passed->line] = '\0';
	*ret_fd = passed_number(space + 1);
	fcntl(*ret_fd, F_SETFD, FD_CLOEXEC);
	passed->line = end + 1;
	return true;
}

bool passed_next(struct passed *passed, int *ret_fd, char ret_name[PASSED_NAME_BYTES])
{
	size_t length = strcspn(passed->names, ":");

	if (passed->list)
		return next_of_list(passed, ret_fd, ret_name);
	if (passed->count == 0)
		return false;
	snprintf(ret_name, PASSED_NAME_BYTES, "%.*s", (int)(length < PASSED_NAME_BYTES ? length : PASSED_NAME_BYTES),
		 passed->names);
	passed->names += length + (passed->names[length] == ':');
	*ret_fd = passed->first++;
	passed->count--;
	return true;
}
