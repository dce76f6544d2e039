/*
 * test_notify - notify.c against a socket of its own, as a service manager has one; passed.c.
 */
#include "notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "passed.h"
#include "unit.h"

static char directory[] = "/tmp/test_notify.XXXXXX";
static int manager;

/* Listens as a service manager does, and says where. */
static void listen_at(const char *name, bool abstract)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char path[sizeof(address.sun_path)];

	int n = snprintf(path, sizeof(path), "%s%s/%s", abstract ? "@" : "", directory, name);
	memcpy(address.sun_path, path, (size_t)n);
	if (abstract)
		address.sun_path[0] = '\0';
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(manager >= 0);
	assert_int_equal(bind(manager, (struct sockaddr *)&address,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)n + !abstract)),
			 0);
	setenv("NOTIFY_SOCKET", path, 1);
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

static void assert_heard(const char *text)
{
	char heard[256];
	ssize_t n = recv(manager, heard, sizeof(heard), 0);

	assert_true(n >= 0);
	assert_text(heard, (size_t)n, text);
}

static void assert_quiet(void)
{
	char heard[256];

	assert_true(recv(manager, heard, sizeof(heard), 0) < 0);
}

static void fini(struct notify *notify)
{
	close(notify->fd);
	close(manager);
}

static void test_nobody(void **state)
{
	struct notify notify;

	(void)state;
	unsetenv("NOTIFY_SOCKET");
	notify_init(&notify);
	assert_false(notify_on(&notify));
	notify_say(&notify, NOTIFY_READY, "Serving");
	assert_int_equal(notify_tick(&notify, 1), 0);
	setenv("NOTIFY_SOCKET", "relative", 1);
	notify_init(&notify);
	assert_false(notify_on(&notify));
	setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1);
	notify_init(&notify);
	assert_false(notify_on(&notify));
}

static void say_and_hear(const char *name, bool abstract)
{
	struct notify notify;

	listen_at(name, abstract);
	notify_init(&notify);
	assert_true(notify_on(&notify));
	assert_int_equal(notify.watchdog_ms, 0);
	notify_say(&notify, NOTIFY_READY, "Serving");
	assert_heard("READY=1\nSTATUS=Serving");
	notify_say(&notify, NOTIFY_NOTHING, "Serving; and more");
	assert_heard("STATUS=Serving; and more");
	assert_int_equal(notify_tick(&notify, 5), 0);
	assert_quiet();
	fini(&notify);
}

static void test_path(void **state)
{
	(void)state;
	say_and_hear("path", false);
}

static void test_abstract(void **state)
{
	(void)state;
	say_and_hear("abstract", true);
}

static void test_descriptor(void **state)
{
	struct notify notify;
	char text[16];
	struct iovec part = {text, sizeof(text)};
	union {
		struct cmsghdr align;
		unsigned char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr message = {
	    .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};
	int fd;

	(void)state;
	listen_at("descriptor", false);
	notify_init(&notify);
	assert_int_equal(notify_store(&notify, "FDSTORE=1", &manager, 1), 0);
	assert_int_equal(recvmsg(manager, &message, MSG_CMSG_CLOEXEC), 9);
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);
	assert_non_null(c);
	if (c) { /* which the analyser doesn't know */
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
		close(fd);
	}
	fini(&notify);
}

/* Fills the manager's queue. Returns how many lie in it. */
static unsigned fill(const struct notify *notify)
{
	unsigned count = 0;
	int error;

	while ((error = notify_store(notify, "X=1", NULL, 0)) == 0)
		assert_true(++count < 100000);
	assert_int_equal(error, -EAGAIN);
	return count;
}

static void drain(unsigned count)
{
	while (count-- > 0)
		assert_heard("X=1");
}

/* A manager that does not read never holds us up, and is told when it does. */
static void test_full(void **state)
{
	struct notify notify;

	(void)state;
	listen_at("full", false);
	notify_init(&notify);
	unsigned count = fill(&notify);
	notify_say(&notify, NOTIFY_READY, "Serving");
	assert_int_equal(notify_tick(&notify, 1000), 1000 + NOTIFY_AGAIN_MS);
	notify_say(&notify, NOTIFY_NOTHING, "Serving; and more"); /* it is ready all the same */
	drain(count);
	assert_int_equal(notify_tick(&notify, 1050), 0);
	assert_heard("READY=1\nSTATUS=Serving; and more");
	assert_quiet();
	assert_int_equal(notify_tick(&notify, 1100), 0);
	assert_quiet();
	/* The sign of life, too. */
	notify.watchdog_ms = 30000;
	count = fill(&notify);
	assert_int_equal(notify_tick(&notify, 2000), 2000 + NOTIFY_AGAIN_MS);
	drain(count);
	assert_int_equal(notify_tick(&notify, 2050), 12050);
	assert_heard("WATCHDOG=1");
	/* Both: whichever is due first. */
	count = fill(&notify);
	notify_say(&notify, NOTIFY_STOPPING, "Stopping");
	assert_int_equal(notify_tick(&notify, 12030), 12050);
	assert_int_equal(notify_tick(&notify, 12040), 12050);
	drain(count);
	assert_int_equal(notify_tick(&notify, 12045), 12050);
	assert_heard("STOPPING=1\nSTATUS=Stopping");
	fini(&notify);
}

static void test_watchdog(void **state)
{
	struct notify notify;
	char pid[16];

	(void)state;
	listen_at("watchdog", false);
	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("WATCHDOG_PID", pid, 1);
	setenv("WATCHDOG_USEC", "30000000", 1);
	notify_init(&notify);
	assert_int_equal(notify.watchdog_ms, 30000);
	assert_int_equal(notify_tick(&notify, 100000), 110000);
	assert_heard("WATCHDOG=1");
	assert_int_equal(notify_tick(&notify, 109999), 110000);
	assert_quiet();
	assert_int_equal(notify_tick(&notify, 110001), 120001);
	assert_heard("WATCHDOG=1");
	close(notify.fd);
	setenv("WATCHDOG_PID", "1", 1); /* meant for another */
	notify_init(&notify);
	assert_int_equal(notify_tick(&notify, 1), 0);
	close(notify.fd);
	unsetenv("WATCHDOG_PID");
	setenv("WATCHDOG_USEC", "12 apples", 1);
	notify_init(&notify);
	assert_int_equal(notify_tick(&notify, 1), 0);
	fini(&notify);
}

static void assert_next(struct passed *passed, int want_fd, const char *want_name)
{
	char name[PASSED_NAME_BYTES];
	int fd;

	assert_true(passed_next(passed, &fd, name));
	assert_int_equal(fd, want_fd);
	assert_string_equal(name, want_name);
}

static void test_passed(void **state)
{
	struct passed passed;
	char pid[16], name[PASSED_NAME_BYTES];
	int fd;

	(void)state;
	for (fd = 3; fd < 10; fd++)
		dup2(STDERR_FILENO, fd);
	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "3", 1);
	setenv("LISTEN_FDNAMES",
	       "client:"
	       "a-name-that-is-longer-than-any-name-that-we-would-ever-give-to-a-descriptor:b",
	       1);
	passed_init(&passed);
	assert_int_equal(fcntl(5, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(6, F_GETFD), -1);
	assert_next(&passed, 3, "client");
	assert_next(&passed, 4, "a-name-that-is-longer-than-any-name-that-we-would-ever-give-to-");
	assert_next(&passed, 5, "b");
	assert_false(passed_next(&passed, &fd, name));
	/* Without names all are nameless. */
	unsetenv("LISTEN_FDNAMES");
	setenv("LISTEN_FDS", "1", 1);
	passed_init(&passed);
	assert_int_equal(fcntl(4, F_GETFD), -1);
	assert_next(&passed, 3, "");
	assert_false(passed_next(&passed, &fd, name));
	/* Not for us. */
	setenv("LISTEN_PID", "1", 1);
	passed_init(&passed);
	assert_int_equal(fcntl(3, F_GETFD), -1);
	assert_false(passed_next(&passed, &fd, name));
}

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	static const char *const names[] = {"path", "descriptor", "full", "watchdog"};
	char path[sizeof(directory) + 16];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		unlink(path);
	}
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nobody),     cmocka_unit_test(test_path), cmocka_unit_test(test_abstract),
	    cmocka_unit_test(test_descriptor), cmocka_unit_test(test_full), cmocka_unit_test(test_watchdog),
	    cmocka_unit_test(test_passed),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
