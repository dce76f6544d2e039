/*
 * sandbox_linux - the broker's system calls, each with its reason, and friends (seccomp(2), landlock(7), prctl(2)).
 *
 * A call that is not here kills the broker, and the keeper starts another: the kernel's log has its number (`type=1326
 * ... syscall=`). A test holds that each call here is really made (tests/sandbox/exercised.py reads this table).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include "lockdown.h"
#include "sandbox.h"

#define ARGS_MAX 3

struct rule {
	const char *reason;
	struct scmp_arg_cmp args[ARGS_MAX]; /* all must be so */
	int call;
	unsigned arg_count;
};

/* --- what an argument must be --- */
/* An int: the kernel looks at the low word alone. */
#define INT(n, value)                                                                                                  \
	{                                                                                                              \
		(n), SCMP_CMP_MASKED_EQ, UINT32_MAX, (uint32_t)(value)                                                 \
	}
#define NOTHING(n)                                                                                                     \
	{                                                                                                              \
		(n), SCMP_CMP_EQ, 0, 0                                                                                 \
	}
#define WITHOUT(n, bits)                                                                                               \
	{                                                                                                              \
		(n), SCMP_CMP_MASKED_EQ, (bits), 0                                                                     \
	}

#define SENDING (MSG_DONTWAIT | MSG_NOSIGNAL)

/* clang-format off */
#define ALLOW(name, reason) {reason, {{0, SCMP_CMP_EQ, 0, 0}}, SCMP_SYS(name), 0},
#define ALLOW_IF(name, reason, ...) {reason, {__VA_ARGS__}, SCMP_SYS(name), \
	sizeof((struct scmp_arg_cmp[]){__VA_ARGS__}) / sizeof(struct scmp_arg_cmp)},

static const struct rule rules[] = {
	ALLOW(epoll_wait, "the loop")
	ALLOW(epoll_pwait, "the loop, where there is no epoll_wait")
	ALLOW_IF(timerfd_settime, "its alarm",
		INT(1, TFD_TIMER_ABSTIME))
	ALLOW(epoll_ctl, "what the loop waits for")
	ALLOW(accept4, "clients, and operators on the control socket")
	ALLOW_IF(recvfrom, "clients in: the request, the lobby; no address",
		NOTHING(4))
	ALLOW_IF(sendto, "the rest of what a client did not take at once; no address, and so no connection to elsewhere",
		INT(3, SENDING), NOTHING(4))
	ALLOW_IF(sendto, "libwebsockets answers what it does not understand by itself: to nobody",
		INT(3, MSG_NOSIGNAL), NOTHING(4))
	ALLOW_IF(sendmsg, "clients and channels out; without MSG_FASTOPEN, which connects",
		INT(2, SENDING))
	ALLOW(recvmsg, "channels in")
	ALLOW(close, "what has ended")
	ALLOW(shutdown, "the end of a connection")
	ALLOW_IF(setsockopt, "to send small messages at once",
		INT(1, IPPROTO_TCP), INT(2, TCP_NODELAY))
	ALLOW_IF(setsockopt, "to find out early that nobody confirms what is sent",
		INT(1, IPPROTO_TCP), INT(2, TCP_USER_TIMEOUT))
	ALLOW_IF(setsockopt, "to reset a connection",
		INT(1, SOL_SOCKET), INT(2, SO_LINGER))
	ALLOW_IF(getsockopt, "where a client's streams stand when it is handed over",
		INT(1, IPPROTO_TCP), INT(2, TCP_INFO))
	ALLOW_IF(ioctl, "the same: what it sent and nobody has read",
		INT(1, SIOCINQ))
	ALLOW_IF(ioctl, "the same: what it was sent and has not confirmed",
		INT(1, SIOCOUTQ))
	ALLOW_IF(getsockopt, "who an operator is",
		INT(1, SOL_SOCKET), INT(2, SO_PEERCRED))
	ALLOW_IF(getsockopt, "the same: and in which groups",
		INT(1, SOL_SOCKET), INT(2, SO_PEERGROUPS))
	ALLOW(getpeername, "libwebsockets asks, for some requests, who sent them: nobody")
	ALLOW_IF(fcntl, "a socket for libwebsockets to parse a request on",
		INT(1, F_DUPFD_CLOEXEC))
	ALLOW_IF(fcntl, "libwebsockets makes that one non-blocking",
		INT(1, F_SETFL))
	ALLOW(write, "the log; libwebsockets wakes itself")
	ALLOW(poll, "does the log take a line without waiting?")
	ALLOW(ppoll, "the same, where there is no poll")
	ALLOW(read, "SIGTERM, from the signalfd; memory, for the metrics")
	ALLOW(getpid, "arc4random() looks whether it was forked")
	ALLOW(getrandom, "client ids: arc4random() renews its key")
	ALLOW(brk, "malloc")
	ALLOW_IF(mmap, "malloc, and files from the keeper; nothing executable",
		WITHOUT(2, PROT_EXEC))
	ALLOW(lseek, "how large is a room's memory file? memory, once more")
	ALLOW(munmap, "free")
	ALLOW(mremap, "realloc")
	ALLOW(clock_gettime, "the time, where the vDSO can't tell it")
	ALLOW(exit_group, "the end")
};
/* clang-format on */

static int add_rules(scmp_filter_ctx filter)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const struct rule *r = &rules[i];
		if (r->call < 0)
			continue; /* this architecture does not have it */
		int error = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, r->call, r->arg_count, r->args);
		if (error < 0)
			return error;
	}
	return 0;
}

static uint32_t forbid_calls(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int error = filter ? 0 : -ENOMEM;

	/* no_new_privs is a layer of its own; a tree, for the calls are many. */
	if (error == 0)
		error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
	if (error == 0)
		error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (error == 0)
		error = add_rules(filter);
	if (error == 0)
		error = seccomp_load(filter);
	if (filter)
		seccomp_release(filter);
	return error == 0 ? SANDBOX_SECCOMP : 0;
}

static uint32_t limit_resources(void)
{
	static const struct lockdown_limit limits[] = {
	    {RLIMIT_CORE, 0},  /* a core would hold what clients said, and tokens */
	    {RLIMIT_NPROC, 0}, /* (counts for the user: it can't start another) */
	    {RLIMIT_MEMLOCK, 0},
	    {RLIMIT_MSGQUEUE, 0},
	};

	return lockdown_limits(limits, sizeof(limits) / sizeof(limits[0]));
}

uint32_t sandbox_enter(uint32_t layers)
{
	uint32_t in_force = 0;

	if (layers & SANDBOX_NOT_DUMPABLE)
		in_force |= lockdown_not_dumpable();
	if (layers & SANDBOX_NO_NEW_PRIVS)
		in_force |= lockdown_no_new_privs();
	if (layers & SANDBOX_LANDLOCK)
		in_force |= lockdown_landlock();
	if (layers & SANDBOX_RLIMITS)
		in_force |= limit_resources();
	if (layers & SANDBOX_SECCOMP)
		in_force |= forbid_calls();
	return in_force;
}
