/* test_layers - each layer, with the others off. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "lockdown.h"
#include "subject.h"

/* Landlock works for those only who can't gain rights. */
#define LANDLOCK_ALONE (SANDBOX_LANDLOCK | SANDBOX_NO_NEW_PRIVS)

/* --- what is tried --- */

static int nothing(long argument)
{
	return (int)argument * 0;
}

static int ask_no_new_privs(long argument)
{
	return argument == prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) ? 0 : 1;
}

static int ask_dumpable(long argument)
{
	return argument == prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) ? 0 : 1;
}

static int open_a_file(long flags)
{
	return outcome(open("/etc/passwd", (int)flags));
}

static int open_a_device(long argument)
{
	(void)argument;
	return outcome(open("/dev/null", O_RDWR));
}

static int execute(long argument)
{
	char *const argv[] = {(char *)(uintptr_t) "/bin/true", NULL};

	(void)argument;
	return outcome(execv(argv[0], argv));
}

static int connect_tcp(long port)
{
	struct sockaddr_in to = {
	    .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return outcome(connect(fd, (struct sockaddr *)&to, sizeof(to)));
}

static int bind_tcp(long argument)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)argument;
	return outcome(bind(fd, (struct sockaddr *)&at, sizeof(at)));
}

static struct sockaddr_un abstract_address(socklen_t *ret_length)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	snprintf(at.sun_path + 1, sizeof(at.sun_path) - 1, "video-signaling-test-%d", (int)getppid());
	*ret_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(at.sun_path + 1));
	return at;
}

static int connect_abstract(long argument)
{
	socklen_t length;
	struct sockaddr_un to = abstract_address(&length);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)argument;
	return outcome(connect(fd, (struct sockaddr *)&to, length));
}

static int signal_somebody(long pid)
{
	return outcome(kill((pid_t)pid, 0));
}

static int fork_once(long argument)
{
	pid_t pid = fork();

	(void)argument;
	if (pid == 0)
		_exit(0);
	return outcome(pid);
}

static int write_a_file(long fd)
{
	signal(SIGXFSZ, SIG_IGN);
	return outcome(write((int)fd, "x", 1));
}

static int use_private_memory(long bytes)
{
	void *at = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? errno : 0;
}

static int use_shared_memory(long bytes)
{
	void *at = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? errno : 0;
}

static int use_stack(long bytes)
{
	volatile char here[4096];

	here[0] = 1;
	return bytes > 0 ? use_stack(bytes - (long)sizeof(here)) + here[0] - 1 : 0;
}

static int open_many(long count)
{
	for (long i = 0; i < count; i++)
		if (dup(STDERR_FILENO) < 0)
			return errno;
	return 0;
}

static int dump_core(long argument)
{
	struct rlimit limit;

	(void)argument;
	return getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_cur == 0 && limit.rlim_max == 0 ? 0 : 1;
}

/* --- the tests --- */

static void test_no_new_privs(void **state)
{
	(void)state;
	assert_int_equal(subject_do(0, NULL, ask_no_new_privs, 0), 0);
	assert_int_equal(subject_do(SANDBOX_NO_NEW_PRIVS, NULL, ask_no_new_privs, 1), 0);
}

static void test_not_dumpable(void **state)
{
	(void)state;
	assert_int_equal(subject_do(0, NULL, ask_dumpable, 1), 0);
	assert_int_equal(subject_do(SANDBOX_NOT_DUMPABLE, NULL, ask_dumpable, 0), 0);
}

/* Without no_new_privs only root may enter it, and the child is not root: 253 is subject_do()'s to complain of. */
static void test_seccomp(void **state)
{
	(void)state;
	assert_int_equal(subject_do(SANDBOX_SECCOMP | SANDBOX_NO_NEW_PRIVS, NULL, nothing, 0), 0);
	assert_int_equal(subject_do(SANDBOX_SECCOMP | SANDBOX_NO_NEW_PRIVS, NULL, open_a_file, 0), DIED_OF(SIGSYS));
}

static void test_landlock_files(void **state)
{
	(void)state;
	assert_int_equal(subject_do(0, NULL, open_a_file, O_RDONLY), 0);
	assert_int_equal(subject_do(LANDLOCK_ALONE, NULL, open_a_file, O_RDONLY), EACCES);
	assert_int_equal(subject_do(LANDLOCK_ALONE, NULL, open_a_file, O_PATH), 0); /* of which nothing can be had */
	assert_int_equal(subject_do(LANDLOCK_ALONE, NULL, open_a_device, 0), EACCES);
	assert_int_equal(subject_do(0, NULL, execute, 0), 0);
	assert_int_equal(subject_do(LANDLOCK_ALONE, NULL, execute, 0), EACCES);
}

static void test_landlock_network(void **state)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &length), 0);
	int forbidden = lockdown_landlock_abi() >= 4 ? EACCES : 0;
	assert_int_equal(subject_do(0, NULL, connect_tcp, ntohs(at.sin_port)), 0);
	assert_int_equal(subject_do(LANDLOCK_ALONE, NULL, connect_tcp, ntohs(at.sin_port)), forbidden);
	assert_int_equal(subject_do(LANDLOCK_ALONE, NULL, bind_tcp, 0), forbidden);
	close(fd);
}

static void test_landlock_scope(void **state)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int forbidden = lockdown_landlock_abi() >= 6 ? EPERM : 0;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	snprintf(at.sun_path + 1, sizeof(at.sun_path) - 1, "video-signaling-test-%d", (int)getpid());
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(at.sun_path + 1));
	assert_int_equal(bind(fd, (struct sockaddr *)&at, length), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(subject_do(0, NULL, connect_abstract, 0), 0);
	assert_int_equal(subject_do(LANDLOCK_ALONE, NULL, connect_abstract, 0), forbidden);
	close(fd);
	int neighbour = neighbour_start(0);
	assert_int_equal(subject_do(0, NULL, signal_somebody, neighbour), 0);
	assert_int_equal(subject_do(LANDLOCK_ALONE, NULL, signal_somebody, neighbour), forbidden);
	neighbour_end(neighbour);
}

static void test_limits(void **state)
{
	(void)state;
	assert_int_equal(subject_do(SANDBOX_RLIMITS, NULL, dump_core, 0), 0);
	assert_int_equal(subject_do(0, NULL, fork_once, 0), 0);
	assert_int_equal(subject_do(SANDBOX_RLIMITS, NULL, fork_once, 0), EAGAIN);
}

/* What a room needs none of. */
static void test_limits_of_a_room(void **state)
{
	int file = memfd_create("test", MFD_CLOEXEC);

	(void)state;
	if (subject != SUBJECT_ROOMD)
		skip();
	assert_int_equal(subject_do(0, NULL, write_a_file, file), 0);
	assert_int_equal(subject_do(SANDBOX_RLIMITS, NULL, write_a_file, file), EFBIG);
	close(file);
	assert_int_equal(subject_do(0, NULL, use_private_memory, 1 << 20), 0);
	assert_int_equal(subject_do(SANDBOX_RLIMITS, NULL, use_private_memory, 1 << 20), ENOMEM);
	assert_int_equal(subject_do(0, NULL, use_shared_memory, 256 << 20), 0);
	assert_int_equal(subject_do(SANDBOX_RLIMITS, NULL, use_shared_memory, 256 << 20), ENOMEM);
	assert_int_equal(subject_do(SANDBOX_RLIMITS, NULL, use_stack, 100 << 10), 0);
	assert_int_equal(subject_do(SANDBOX_RLIMITS, NULL, use_stack, 2 << 20), DIED_OF(SIGSEGV));
	assert_int_equal(subject_do(SANDBOX_RLIMITS, NULL, open_many, 200), EMFILE);
}

const struct CMUnitTest layer_tests[] = {
    cmocka_unit_test(test_no_new_privs),     cmocka_unit_test(test_not_dumpable),
    cmocka_unit_test(test_seccomp),          cmocka_unit_test(test_landlock_files),
    cmocka_unit_test(test_landlock_network), cmocka_unit_test(test_landlock_scope),
    cmocka_unit_test(test_limits),           cmocka_unit_test(test_limits_of_a_room),
};
const size_t layer_test_count = COUNT_OF(layer_tests);
