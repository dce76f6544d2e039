/* subject - the sandbox under test. */
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "subject.h"

#define NOBODY 65534

int outcome(long result)
{
	return result < 0 ? errno : 0;
}

/* An ordinary user, as the programs are. */
static void become_nobody(void)
{
	if (geteuid() != 0)
		return;
	if (setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0)
		_exit(254);
	prctl(PR_SET_DUMPABLE, 1); /* which a change of user takes away; here it is a layer of its own */
}

int subject_do(uint32_t layers, void (*before)(long argument), int (*action)(long argument), long argument)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		become_nobody();
		alarm(1); /* a call that waits for ever is one that was let through */
		if (before)
			before(argument);
		if (subject_enter(layers) != layers)
			_exit(253);
		syscall(SYS_exit_group, action(argument));
	}
	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	if (WIFSIGNALED(status))
		return DIED_OF(WTERMSIG(status));
	assert_true(WIFEXITED(status));
	assert_int_not_equal(WEXITSTATUS(status), 253); /* a layer is missing: not on this kernel */
	assert_int_not_equal(WEXITSTATUS(status), 254);
	return WEXITSTATUS(status);
}

int neighbour_start(uint32_t layers)
{
	int ready[2];
	char byte;

	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		become_nobody();
		subject_enter(layers & ~(unsigned)SANDBOX_SECCOMP);
		close(ready[0]);
		if (write(ready[1], "x", 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

void neighbour_end(int pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}
