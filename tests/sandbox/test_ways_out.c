/* test_ways_out - what somebody would try who has taken the process over: with all layers, and with the seccomp filter
 * out of the way. The neighbour is another room's process of the same user. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "limits.h"
#include "subject.h"

#define WITHOUT_SECCOMP (SANDBOX_ALL & ~(unsigned)SANDBOX_SECCOMP)

static int trace(long pid)
{
	return outcome(ptrace(PTRACE_ATTACH, (pid_t)pid, NULL, NULL));
}

static int open_in_proc(long pid, const char *file, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%ld/%s", pid, file);
	return outcome(open(path, flags));
}

static int open_memory(long pid)
{
	return open_in_proc(pid, "mem", O_RDWR);
}

static int open_descriptors(long pid)
{
	return open_in_proc(pid, "fd", O_RDONLY | O_DIRECTORY);
}

static int read_memory(long pid)
{
	char here[16];
	struct iovec local = {here, sizeof(here)};
	struct iovec remote = {here, sizeof(here)}; /* the same address there */

	return outcome(process_vm_readv((pid_t)pid, &local, 1, &remote, 1, 0));
}

static int take_descriptor(long pid)
{
	long pidfd = syscall(SYS_pidfd_open, pid, 0);

	return outcome(pidfd < 0 ? pidfd : syscall(SYS_pidfd_getfd, pidfd, 0, 0));
}

static int set_up_ring(long argument)
{
	char params[120] = {0};

	(void)argument;
	return outcome(syscall(SYS_io_uring_setup, 1, params));
}

static int execute_memory(long argument)
{
	static const char script[] = "#!/bin/true\n";
	char *const argv[] = {(char *)(uintptr_t) "x", NULL};
	int fd = memfd_create("x", 0);

	(void)argument;
	signal(SIGXFSZ, SIG_IGN);
	if (fd < 0 || write(fd, script, strlen(script)) < 0)
		return errno;
	return outcome(fexecve(fd, argv, argv + 1));
}

/* Each of these, from a process like ours, on a process like ours; all of one user. */
static const struct {
	const char *what;
	int (*action)(long pid);
	int bare;    /* with no layer on either side */
	int without; /* with all but seccomp, on both; -1: whatever */
} ways[] = {
    {"ptrace", trace, 0, EPERM},
    {"/proc/PID/mem", open_memory, 0, EACCES},
    {"/proc/PID/fd", open_descriptors, 0, EACCES},
    {"process_vm_readv", read_memory, 0, EPERM},
    {"pidfd_getfd", take_descriptor, 0, EPERM},
    {"io_uring", set_up_ring, -1, -1},
    {"memfd and exec", execute_memory, 0, EACCES},
};

static void test_ways_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		int bare = neighbour_start(0);
		int locked = neighbour_start(SANDBOX_ALL);

		int became = subject_do(0, NULL, ways[i].action, bare);
		if (ways[i].bare >= 0 && became != ways[i].bare)
			fail_msg("%s, without a sandbox: %d", ways[i].what, became);
		became = subject_do(WITHOUT_SECCOMP, NULL, ways[i].action, locked);
		if (ways[i].without >= 0 && became != ways[i].without && !(became == EFBIG))
			fail_msg("%s, without seccomp: %d", ways[i].what, became);
		became = subject_do(SANDBOX_ALL, NULL, ways[i].action, locked);
		if (became != DIED_OF(SIGSYS))
			fail_msg("%s: %d", ways[i].what, became);
		neighbour_end(bare);
		neighbour_end(locked);
	}
}

/* Being not dumpable protects from a neighbour that has no sandbox at all. */
static void test_not_dumpable_neighbour(void **state)
{
	int neighbour = neighbour_start(SANDBOX_NOT_DUMPABLE);

	(void)state;
	assert_int_equal(subject_do(0, NULL, trace, neighbour), EPERM);
	assert_int_equal(subject_do(0, NULL, open_memory, neighbour), EACCES);
	assert_int_equal(subject_do(0, NULL, open_descriptors, neighbour), EACCES);
	assert_int_equal(subject_do(0, NULL, read_memory, neighbour), EPERM);
	assert_int_equal(subject_do(0, NULL, take_descriptor, neighbour), EPERM);
	neighbour_end(neighbour);
}

const struct CMUnitTest way_out_tests[] = {
    cmocka_unit_test(test_ways_out),
    cmocka_unit_test(test_not_dumpable_neighbour),
};
const size_t way_out_test_count = COUNT_OF(way_out_tests);
