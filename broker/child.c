/* child - starts a program from an open descriptor, with exactly the descriptors it is to have. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "child.h"

#define FDS_MAX 4

/* The directory of this executable, without a slash at its end. */
static int own_directory(char path[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);

	if (n < 0)
		return -errno;
	path[n] = '\0';
	*strrchr(path, '/') = '\0';
	return 0;
}

/* Opens the program `beside` this executable, or `installed` in the directory for such. */
static int open_program(const char *directory, const char *beside, const char *installed)
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/%s", directory, beside);
	int fd = open(path, O_PATH | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	snprintf(path, sizeof(path), "%s/../libexec/video-signaling/%s", directory, installed);
	fd = open(path, O_PATH | O_CLOEXEC);
	return fd >= 0 ? fd : -errno;
}

int child_programs_open(struct child_programs *ret, char *missing, size_t size)
{
	char directory[PATH_MAX];
	char www[PATH_MAX + 64];
	int error = own_directory(directory);

	if (error < 0) {
		snprintf(missing, size, "/proc/self/exe");
		return error;
	}
	snprintf(missing, size, "%s/../libexec/video-signaling/broker", directory);
	ret->broker = open_program(directory, "video-signaling-broker", "broker");
	if (ret->broker < 0)
		return ret->broker;
	snprintf(missing, size, "%s/../libexec/video-signaling/roomd", directory);
	ret->roomd = open_program(directory, "video-signaling-roomd", "roomd");
	if (ret->roomd < 0)
		return ret->roomd;
	/* Without the page the server serves all the same. */
	snprintf(www, sizeof(www), "%s/www", directory);
	ret->www = open(www, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ret->www < 0) {
		snprintf(www, sizeof(www), "%s/../share/video-signaling/www", directory);
		ret->www = open(www, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	return 0;
}

int child_programs_check(const struct child_programs *programs)
{
	if (faccessat(programs->broker, "", X_OK, AT_EMPTY_PATH | AT_EACCESS) < 0 ||
	    faccessat(programs->roomd, "", X_OK, AT_EMPTY_PATH | AT_EACCESS) < 0)
		return -errno;
	return 0;
}

/* In the child. Descriptors may already lie where another is to go: all are moved out of the way first. Returns where
 * the program is now. */
static int place(int program, const int *fds, unsigned count)
{
	int moved[FDS_MAX];

	program = fcntl(program, F_DUPFD_CLOEXEC, 3 + FDS_MAX);
	for (unsigned i = 0; i < count; i++)
		moved[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3 + FDS_MAX);
	for (unsigned i = 0; i < count; i++)
		dup2(moved[i], 3 + (int)i);
	return program;
}

pid_t child_start(int program, const char *title, const int *fds, unsigned count)
{
	/* Room for longer titles: they are written over this one. */
	char name[64];
	char *const argv[] = {name, NULL};
	char *const envp[] = {NULL};
	sigset_t none;

	assert(count <= FDS_MAX);
	snprintf(name, sizeof(name), "%-63.63s", title);
	pid_t pid = fork();
	if (pid < 0)
		return -errno;
	if (pid > 0)
		return pid;
	program = place(program, fds, count);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	fexecve(program, argv, envp);
	_exit(127);
}
