/* namespaces - which could be made. */
#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "namespaces.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

/* The kernel takes no unshare() with this bit, and says so before it makes anything: EINVAL means that we got there,
 * past every filter. */
#define REFUSED 1

static const struct {
	const char *name;
	int flag;
} kinds[] = {
    {"user", CLONE_NEWUSER}, {"mnt", CLONE_NEWNS},  {"net", CLONE_NEWNET},       {"pid", CLONE_NEWPID},
    {"ipc", CLONE_NEWIPC},   {"uts", CLONE_NEWUTS}, {"cgroup", CLONE_NEWCGROUP}, {"time", CLONE_NEWTIME},
};

static_assert(sizeof(kinds) / sizeof(kinds[0]) == NAMESPACES_KINDS, "each has its bit");
static_assert(NAMESPACES_KINDS <= 8, "they are told as the status of a process");

/* In the child. Without privileges everything begins with a namespace of users: in that, the others may be made. */
static uint32_t try_all(void)
{
	uint32_t found = 1;

	if (unshare(CLONE_NEWUSER) < 0)
		return 0;
	for (unsigned i = 1; i < NAMESPACES_KINDS; i++)
		if (unshare(kinds[i].flag | REFUSED) < 0 && errno == EINVAL)
			found |= 1U << i;
	return found;
}

uint32_t namespaces_probe(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit((int)try_all());
	if (pid < 0)
		return 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? (uint32_t)WEXITSTATUS(status) : 0;
}

const char *namespaces_name(unsigned bit)
{
	assert(bit < NAMESPACES_KINDS);
	return kinds[bit].name;
}
