/* test_calls - every system call there is: those of the list are let through, all others kill. */
#include <fcntl.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
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

#define ALL (SUBJECT_BROKER | SUBJECT_ZYGOTE | SUBJECT_ROOMD)

static const struct {
	const char *what;
	long call;
	long args[6];
	unsigned live; /* enum subject, of those who may */
} cases[] = {
    {"send", SYS_sendto, {9, 0, 0, MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0}, ALL},
    {"send that may wait", SYS_sendto, {9, 0, 0, MSG_NOSIGNAL, 0, 0}, SUBJECT_BROKER},
    {"send that may signal", SYS_sendto, {9, 0, 0, MSG_DONTWAIT, 0, 0}, 0},
    {"send to an address", SYS_sendto, {9, 0, 0, MSG_DONTWAIT | MSG_NOSIGNAL, 1L << 32, 16}, 0},
    {"send to a low address", SYS_sendto, {9, 0, 0, MSG_DONTWAIT | MSG_NOSIGNAL, 1, 16}, 0},
    {"connect by send", SYS_sendto, {9, 0, 0, MSG_DONTWAIT | MSG_NOSIGNAL | MSG_FASTOPEN, 0, 0}, 0},
    {"send a descriptor", SYS_sendmsg, {ROOMD_FD_CHANNEL, 0, MSG_DONTWAIT | MSG_NOSIGNAL}, ALL},
    {"to a client", SYS_sendmsg, {9, 0, MSG_DONTWAIT | MSG_NOSIGNAL}, SUBJECT_BROKER | SUBJECT_ZYGOTE},
    {"connect by sendmsg", SYS_sendmsg, {3, 0, MSG_DONTWAIT | MSG_NOSIGNAL | MSG_FASTOPEN}, 0},
    {"receive", SYS_recvfrom, {9, 0, 0, MSG_DONTWAIT, 0, 0}, ALL},
    {"receive, an address too", SYS_recvfrom, {9, 0, 0, MSG_DONTWAIT, 1L << 32, 0}, 0},
    {"receive a descriptor", SYS_recvmsg, {ROOMD_FD_CHANNEL, 0, MSG_DONTWAIT | MSG_CMSG_CLOEXEC}, ALL},
    {"from a client", SYS_recvmsg, {9, 0, MSG_DONTWAIT | MSG_CMSG_CLOEXEC}, SUBJECT_BROKER | SUBJECT_ZYGOTE},
    {"to be inherited", SYS_recvmsg, {ROOMD_FD_CHANNEL, 0, MSG_DONTWAIT}, SUBJECT_BROKER},
    {"reset", SYS_setsockopt, {9, SOL_SOCKET, SO_LINGER}, ALL},
    {"no delay", SYS_setsockopt, {9, IPPROTO_TCP, TCP_NODELAY}, SUBJECT_BROKER},
    {"bind to a device", SYS_setsockopt, {9, SOL_SOCKET, SO_BINDTODEVICE}, 0},
    {"a filter", SYS_setsockopt, {9, SOL_SOCKET, SO_ATTACH_FILTER}, 0},
    {"upper protocol", SYS_setsockopt, {9, IPPROTO_TCP, TCP_ULP}, 0},
    {"duplicate", SYS_fcntl, {9, F_DUPFD_CLOEXEC, 0}, SUBJECT_BROKER},
    {"not blocking", SYS_fcntl, {9, F_SETFL, O_NONBLOCK}, SUBJECT_BROKER},
    {"duplicate, to be inherited", SYS_fcntl, {9, F_DUPFD, 0}, 0},
    {"signals for a socket", SYS_fcntl, {9, F_SETOWN, 1}, 0},
    {"how late it is", SYS_clock_gettime, {CLOCK_MONOTONIC}, ALL},
    {"what day it is", SYS_clock_gettime, {CLOCK_REALTIME}, SUBJECT_BROKER},
    {"an alarm", SYS_timerfd_settime, {9, TFD_TIMER_ABSTIME}, ALL},
    {"an alarm when the clock is set", SYS_timerfd_settime, {9, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET}, 0},
    {"memory", SYS_mmap, {0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1}, SUBJECT_BROKER},
    {"code", SYS_mmap, {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1}, 0},
    {"a shared file", SYS_mmap, {0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 9}, SUBJECT_BROKER | SUBJECT_ZYGOTE},
    {"a roomd", SYS_clone, {CLONE_PARENT | SIGCHLD}, SUBJECT_ZYGOTE},
    {"a child", SYS_clone, {SIGCHLD}, 0},
    {"a thread", SYS_clone, {CLONE_PARENT | CLONE_VM | CLONE_SIGHAND | CLONE_THREAD}, 0},
    {"its keeper's end", SYS_prctl, {PR_SET_PDEATHSIG, SIGCONT}, SUBJECT_ZYGOTE},
    {"to be looked into", SYS_prctl, {PR_SET_DUMPABLE, 1}, 0},
    {"its own limits", SYS_prlimit64, {0, RLIMIT_CORE}, SUBJECT_ZYGOTE},
    {"another's limits", SYS_prlimit64, {1, RLIMIT_CORE}, 0},
    {"one filter more", SYS_seccomp, {SECCOMP_SET_MODE_FILTER}, SUBJECT_ZYGOTE},
    {"why it fails", SYS_write, {STDERR_FILENO}, SUBJECT_BROKER | SUBJECT_ZYGOTE},
    {"something elsewhere", SYS_write, {9}, SUBJECT_BROKER},
    {"memory into code", SYS_mprotect, {0, 4096, PROT_READ | PROT_EXEC}, 0},
};

static int make_case(long n)
{
	const long *a = cases[n].args;

	syscall(cases[n].call, a[0], a[1], a[2], a[3], a[4], a[5]);
	return 0;
}

static void test_arguments(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int became = subject_do(SANDBOX_ALL, NULL, make_case, (long)i);
		if (became != (cases[i].live & subject ? 0 : DIED_OF(SIGSYS)))
			fail_msg("%s: %d", cases[i].what, became);
	}
}

const struct CMUnitTest call_tests[] = {
    cmocka_unit_test(test_every_call),
    cmocka_unit_test(test_other_architecture),
    cmocka_unit_test(test_arguments),
};
const size_t call_test_count = COUNT_OF(call_tests);
