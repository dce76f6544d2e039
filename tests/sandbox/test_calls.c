/* test_calls - every system call there is: those of the list are let through, all others kill. */
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "process_fds.h"
#include "subject.h"

/* Above any call's number, on every architecture, for years to come. */
#define CALLS_END 1024

/* With this bit set, x86-64 takes a number as one of another table (x32). */
#define OTHER_TABLE 0x40000000L

static bool is_allowed(long call)
{
	for (const long *allowed = subject_allowed; *allowed >= 0; allowed++)
		if (*allowed == call)
			return true;
	return false;
}

/* Linux lets these past every filter: a probed program makes them where a debugger has put them, and anywhere else they
 * do nothing, or kill by SIGILL. */
static bool is_past_filters(long call)
{
#if defined(__x86_64__)
	return call == 335 || call == 336; /* uretprobe, uprobe */
#else
	return call < 0;
#endif
}

static int make_call(long call)
{
	syscall(call, 0, 0, 0, 0, 0, 0);
	return 0;
}

static void test_every_call(void **state)
{
	(void)state;
	for (long call = 0; call < CALLS_END; call++) {
		if (is_past_filters(call))
			continue;
		int became = subject_do(SANDBOX_ALL, NULL, make_call, call);
		if ((became != DIED_OF(SIGSYS)) != is_allowed(call))
			fail_msg("system call %ld: %d, and it is %sin the list", call, became,
				 is_allowed(call) ? "" : "not ");
		if (call % 16 == 0) /* the bit is looked at, not what follows: a few will do */
			assert_int_equal(subject_do(SANDBOX_ALL, NULL, make_call, OTHER_TABLE | call), DIED_OF(SIGSYS));
	}
	assert_int_equal(subject_do(SANDBOX_ALL, NULL, make_call, -1), DIED_OF(SIGSYS));
}

/* The same numbers mean other calls to a program of 32 bits. */
static int call_as_32_bit(long argument)
{
	(void)argument;
#if defined(__x86_64__)
	long result = 0; /* restart_syscall there, read in 64 bits */
	__asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
#else
	raise(SIGSYS);
#endif
	return 0;
}

static void test_other_architecture(void **state)
{
	(void)state;
	int became = subject_do(SANDBOX_ALL, NULL, call_as_32_bit, 0);
	assert_true(became == DIED_OF(SIGSYS) || became == DIED_OF(SIGSEGV)); /* the latter where there is none */
}

/* --- arguments --- */

static const struct {
	const char *what;
	long call;
	long args[6];
	bool broker, roomd; /* does it live? */
} cases[] = {
    {"send", SYS_sendto, {9, 0, 0, MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0}, true, true},
    {"send that may wait", SYS_sendto, {9, 0, 0, MSG_NOSIGNAL, 0, 0}, true, false},
    {"send that may signal", SYS_sendto, {9, 0, 0, MSG_DONTWAIT, 0, 0}, false, false},
    {"send to an address", SYS_sendto, {9, 0, 0, MSG_DONTWAIT | MSG_NOSIGNAL, 1L << 32, 16}, false, false},
    {"send to a low address", SYS_sendto, {9, 0, 0, MSG_DONTWAIT | MSG_NOSIGNAL, 1, 16}, false, false},
    {"connect by send", SYS_sendto, {9, 0, 0, MSG_DONTWAIT | MSG_NOSIGNAL | MSG_FASTOPEN, 0, 0}, false, false},
    {"send a descriptor", SYS_sendmsg, {ROOMD_FD_CHANNEL, 0, MSG_DONTWAIT | MSG_NOSIGNAL}, true, true},
    {"to a client", SYS_sendmsg, {9, 0, MSG_DONTWAIT | MSG_NOSIGNAL}, true, false},
    {"connect by sendmsg", SYS_sendmsg, {3, 0, MSG_DONTWAIT | MSG_NOSIGNAL | MSG_FASTOPEN}, false, false},
    {"receive", SYS_recvfrom, {9, 0, 0, MSG_DONTWAIT, 0, 0}, true, true},
    {"receive, an address too", SYS_recvfrom, {9, 0, 0, MSG_DONTWAIT, 1L << 32, 0}, false, false},
    {"receive a descriptor", SYS_recvmsg, {ROOMD_FD_CHANNEL, 0, MSG_DONTWAIT | MSG_CMSG_CLOEXEC}, true, true},
    {"from a client", SYS_recvmsg, {9, 0, MSG_DONTWAIT | MSG_CMSG_CLOEXEC}, true, false},
    {"to be inherited", SYS_recvmsg, {ROOMD_FD_CHANNEL, 0, MSG_DONTWAIT}, true, false},
    {"reset", SYS_setsockopt, {9, SOL_SOCKET, SO_LINGER}, true, true},
    {"no delay", SYS_setsockopt, {9, IPPROTO_TCP, TCP_NODELAY}, true, false},
    {"bind to a device", SYS_setsockopt, {9, SOL_SOCKET, SO_BINDTODEVICE}, false, false},
    {"a filter", SYS_setsockopt, {9, SOL_SOCKET, SO_ATTACH_FILTER}, false, false},
    {"upper protocol", SYS_setsockopt, {9, IPPROTO_TCP, TCP_ULP}, false, false},
    {"duplicate", SYS_fcntl, {9, F_DUPFD_CLOEXEC, 0}, true, false},
    {"not blocking", SYS_fcntl, {9, F_SETFL, O_NONBLOCK}, true, false},
    {"duplicate, to be inherited", SYS_fcntl, {9, F_DUPFD, 0}, false, false},
    {"signals for a socket", SYS_fcntl, {9, F_SETOWN, 1}, false, false},
    {"how late it is", SYS_clock_gettime, {CLOCK_MONOTONIC}, true, true},
    {"what day it is", SYS_clock_gettime, {CLOCK_REALTIME}, true, false},
    {"an alarm", SYS_timerfd_settime, {9, TFD_TIMER_ABSTIME}, true, true},
    {"an alarm when the clock is set",
     SYS_timerfd_settime,
     {9, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET},
     false,
     false},
    {"memory", SYS_mmap, {0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1}, true, false},
    {"code", SYS_mmap, {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1}, false, false},
    {"memory into code", SYS_mprotect, {0, 4096, PROT_READ | PROT_EXEC}, false, false},
};

static int make_case(long n)
{
	const long *a = cases[n].args;

	syscall(cases[n].call, a[0], a[1], a[2], a[3], a[4], a[5]);
	return 0;
}

static void test_arguments(void **state)
{
	bool is_broker = is_allowed(SYS_accept4);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int became = subject_do(SANDBOX_ALL, NULL, make_case, (long)i);
		bool lives = is_broker ? cases[i].broker : cases[i].roomd;
		if (became != (lives ? 0 : DIED_OF(SIGSYS)))
			fail_msg("%s: %d", cases[i].what, became);
	}
}

const struct CMUnitTest call_tests[] = {
    cmocka_unit_test(test_every_call),
    cmocka_unit_test(test_other_architecture),
    cmocka_unit_test(test_arguments),
};
const size_t call_test_count = COUNT_OF(call_tests);
