/* keeper_exec - the keeper becomes the program that lies in its place now. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bsd/unistd.h>

#include "keeper_exec.h"
#include "log.h"
#include "memory_file.h"
#include "privileges.h"

#define CHECK_MS_MAX 5000

/* What the kernel says of a program whose file has been replaced. */
#define DELETED " (deleted)"

/* Where this program was started from. */
static bool own_path(char path[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);

	if (n <= 0)
		return false;
	path[n] = '\0';
	size_t mark = strlen(DELETED);
	if ((size_t)n > mark && strcmp(path + n - mark, DELETED) == 0)
		path[(size_t)n - mark] = '\0';
	return true;
}

bool keeper_exec_is_due(void)
{
	char path[PATH_MAX];
	struct stat there, own;

	return own_path(path) && stat(path, &there) == 0 && stat("/proc/self/exe", &own) == 0 &&
	       (there.st_dev != own.st_dev || there.st_ino != own.st_ino) && access(path, X_OK) == 0;
}

/* In the child. */
static void run_check(const char *path, int argc, char *const argv[])
{
	char **args = calloc((size_t)argc + 2, sizeof(*args));
	int nowhere = open("/dev/null", O_RDWR);
	sigset_t none;

	if (!args)
		_exit(1);
	for (int i = 0; i < argc; i++)
		args[i] = argv[i];
	args[argc] = (char *)(uintptr_t) "-n";
	for (int fd = 0; fd < 2; fd++) /* what it says on stderr is for the operator */
		dup2(nowhere, fd);
	closefrom(3);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	unsetenv("NOTIFY_SOCKET");
	privileges_hand_on(true);
	execv(path, args);
	_exit(127);
}

bool keeper_exec_check(int argc, char *const argv[])
{
	char path[PATH_MAX];
	int status = 1;

	if (!own_path(path))
		return false;
	pid_t pid = fork();
	if (pid < 0)
		return false;
	if (pid == 0)
		run_check(path, argc, argv);
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd ended = {.fd = pidfd, .events = POLLIN};
	if (pidfd < 0 || poll(&ended, 1, CHECK_MS_MAX) != 1)
		kill(pid, SIGKILL);
	if (pidfd >= 0)
		close(pidfd);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void keeper_exec_add(struct keeper_exec *e, const char *name, int fd)
{
	char line[PASSED_NAME_BYTES + 32];
	int n = snprintf(line, sizeof(line), "%s %d\n", name, fd);

	if (fd < 0 || e->failed)
		return;
	if (e->length + (size_t)n > e->size) {
		char *more = realloc(e->text, e->size + 65536);
		e->failed = !more;
		if (!more)
			return;
		e->text = more;
		e->size += 65536;
	}
	memcpy(e->text + e->length, line, (size_t)n);
	e->length += (size_t)n;
}

/* Whether an exec closes what is on the list. */
static void set_closing(const struct keeper_exec *e, bool closing)
{
	const char *at = e->text;

	while (at < e->text + e->length) {
		const char *end = memchr(at, '\n', e->length - (size_t)(at - e->text));
		const char *space = memchr(at, ' ', (size_t)(end - at));
		fcntl(passed_number(space + 1), F_SETFD, closing ? FD_CLOEXEC : 0);
		at = end + 1;
	}
}

int keeper_exec_now(struct keeper_exec *e, char *const argv[])
{
	char path[PATH_MAX];
	char number[16];
	int error = e->failed ? -ENOMEM : own_path(path) ? 0 : -errno;
	int list = error < 0 ? error : memory_file("list", e->text, e->length);

	if (list < 0)
		return list;
	snprintf(number, sizeof(number), "%d", list);
	if (setenv(PASSED_LIST, number, 1) < 0)
		goto fail;
	fcntl(list, F_SETFD, 0);
	set_closing(e, false);
	log_flush();
	privileges_hand_on(true);
	execv(path, argv);
fail:
	error = -errno;
	privileges_hand_on(false);
	set_closing(e, true);
	unsetenv(PASSED_LIST);
	close(list);
	return error;
}
