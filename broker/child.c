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
#include "setting_table.h"

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

/* The page that came with the programs. Without it the server serves all the same. */
static int open_own_www(const char *directory)
{
	char www[PATH_MAX + 64];

	snprintf(www, sizeof(www), "%s/www", directory);
	int fd = open(www, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	snprintf(www, sizeof(www), "%s/../share/video-signaling/www", directory);
	return open(www, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Opens the directory that the setting names ("none": no page), while we may. */
static int open_www(const char *chosen, const char *directory, int *www, struct settings_problem *ret_problem)
{
	bool none = strcmp(chosen, "none") == 0;

	*www = none ? -1 : *chosen ? open(chosen, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : open_own_www(directory);
	if (*www >= 0 || none || !*chosen)
		return 0;
	int error = errno;
	struct out o = problem_begin(ret_problem);
	out_text(&o, "www: cannot open the directory ");
	setting_quote(&o, chosen, strlen(chosen));
	out_text(&o, ": ");
	out_text(&o, strerror(error));
	problem_end(ret_problem, &o);
	return -error;
}

static int missing(const char *what, int error, struct settings_problem *ret_problem)
{
	struct out o = problem_begin(ret_problem);

	out_text(&o, what);
	out_text(&o, " is missing: build or install the whole of video-signaling");
	problem_end(ret_problem, &o);
	return error;
}

int child_programs_open(const struct settings *settings, struct child_programs *ret,
			struct settings_problem *ret_problem)
{
	char directory[PATH_MAX];
	int error = own_directory(directory);

	*ret = (struct child_programs){-1, -1, -1};
	if (error < 0)
		return missing("/proc/self/exe", error, ret_problem);
	ret->broker = open_program(directory, "video-signaling-broker", "broker");
	ret->roomd = open_program(directory, "video-signaling-roomd", "roomd");
	if (ret->broker < 0)
		error = missing("../libexec/video-signaling/broker", ret->broker, ret_problem);
	else if (ret->roomd < 0)
		error = missing("../libexec/video-signaling/roomd", ret->roomd, ret_problem);
	else
		error = open_www(settings->www, directory, &ret->www, ret_problem);
	if (error < 0)
		child_programs_close(ret);
	return error;
}

void child_programs_close(struct child_programs *programs)
{
	int *const fds[] = {&programs->broker, &programs->roomd, &programs->www};

	for (unsigned i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
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
	/* The kernel writes into a process's restartable sequences (rseq(2)), which nothing here uses, whenever it runs
	 * on another CPU: in each roomd that would be a page of its own. */
	char *const envp[] = {(char *)(uintptr_t) "GLIBC_TUNABLES=glibc.pthread.rseq=0", NULL};
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
