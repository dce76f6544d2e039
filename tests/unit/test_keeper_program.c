/* test_keeper_program - keeper_program.c with zygotes that are slow, silent or stopped: forks of this test. */
#include "keeper_program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "ipc.h"
#include "limits.h"
#include "unit.h"

#define MADE_PID 12345

/* How long each zygote takes to start, by their order; the last is that of all that follow. */
static unsigned starts_s[2];
static unsigned started;

static _Noreturn void be_zygote(int keeper, unsigned start_s)
{
	static struct ipc_inbox inbox;
	struct ipc_message m;

	sleep(start_s);
	for (;;) {
		int error = ipc_recv(keeper, IPC_FROM_KEEPER, IPC_IN_SERVING, &inbox, &m);
		if (error == -EAGAIN) {
			usleep(1000);
			continue;
		}
		if (error < 0)
			_exit(0);
		close(m.fd);
		ipc_send(keeper, IPC_MADE, &(struct ipc_made){.pid = MADE_PID}, NULL, 0, -1);
	}
}

pid_t child_start(int program, const char *title, const int *fds, unsigned count)
{
	(void)program;
	(void)title;
	(void)count;
	unsigned start_s = starts_s[started == 0 ? 0 : 1];

	started++;
	pid_t pid = fork();
	if (pid == 0) {
		dup2(fds[0], STDIN_FILENO); /* and the keeper's end is not ours */
		closefrom(STDERR_FILENO + 1);
		be_zygote(STDIN_FILENO, start_s);
	}
	return pid;
}

static struct keeper_program *begin(unsigned first_s, unsigned others_s)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	starts_s[0] = first_s;
	starts_s[1] = others_s;
	started = 0;
	struct keeper_program *program = keeper_program_new(fd);
	close(fd);
	assert_non_null(program);
	return program;
}

static pid_t make(struct keeper_program *program)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	pid_t pid = keeper_program_make(program, fd);

	close(fd);
	return pid;
}

static void test_prompt(void **state)
{
	(void)state;
	struct keeper_program *program = begin(0, 0);

	for (unsigned i = 0; i < LIMIT_ZYGOTE_ROOMDS; i++)
		assert_int_equal(make(program), MADE_PID);
	assert_int_equal(started, 1);
	assert_int_equal(make(program), MADE_PID);
	assert_int_equal(started, 2);
	keeper_program_put(program);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* none is left */
}

static void test_stopped(void **state)
{
	(void)state;
	struct keeper_program *program = begin(0, 0);

	assert_int_equal(make(program), MADE_PID);
	kill(program->zygote, SIGSTOP);
	assert_int_equal(make(program), MADE_PID);
	assert_int_equal(started, 2);
	keeper_program_put(program);
}

/* One that hangs is replaced. */
static void test_silent(void **state)
{
	(void)state;
	struct keeper_program *program = begin(1000, 0);

	assert_int_equal(make(program), MADE_PID);
	assert_int_equal(started, 2);
	keeper_program_put(program);
}

/* One that takes longer to start than an answer may take is not begun anew. */
static void test_slow(void **state)
{
	(void)state;
	struct keeper_program *program = begin(ZYGOTE_PATIENCE_MS / 1000 + 2, 1000);

	assert_int_equal(make(program), MADE_PID);
	assert_int_equal(started, 1);
	keeper_program_put(program);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_prompt),
	    cmocka_unit_test(test_stopped),
	    cmocka_unit_test(test_silent),
	    cmocka_unit_test(test_slow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
