/*
 * sandbox_linux - seccomp, Landlock and friends (seccomp(2), landlock(7), prctl(2)).
 *
 * No namespaces: tests/bench/namespaces.c measured 0.45 ms and 140 KB for an empty network of each room's own, which
 * doubles what a room costs, and there is no call left here that could reach anything in a namespace, empty or not.
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "limits.h"
#include "lockdown.h"
#include "process_fds.h"
#include "sandbox.h"

#if defined(__x86_64__)
#define SANDBOX_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define SANDBOX_ARCH AUDIT_ARCH_AARCH64
#else
#error "the system calls of this architecture are not in the list yet"
#endif

/*
 * --- the system calls ---
 *
 * Two lists, and a call must be in both. The zygote's looks at arguments, too, and has what a start needs besides what
 * a room does; its roomds inherit it. Each roomd then adds the room's, of little but numbers, with which the start is
 * over. (A filter is compiled when it is added, and tried with every number there is that no filter before has refused:
 * of one long list for each roomd that was a tenth of all that a room costs.)
 */

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
/* Half of an argument: on both architectures the low word comes first. */
#define LOAD_LOW(n) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + 8 * (n))
#define LOAD_HIGH(n) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + 8 * (n) + 4)
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, action)
/* Goes on if the loaded word is `value`, else kills. */
#define MUST_BE(value) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0), RETURN(SECCOMP_RET_KILL_PROCESS)

/* If it is this call, the next `n` instructions decide, else they are skipped. */
#define CALL(call, n) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, n)
/* An int: the kernel looks at the low word alone. */
#define ARG(n, value) LOAD_LOW(n), MUST_BE(value)
#define ARG_NULL(n) LOAD_LOW(n), MUST_BE(0), LOAD_HIGH(n), MUST_BE(0)
#define ALLOW RETURN(SECCOMP_RET_ALLOW)

/* Each most frequent first; their lines have the shape that tests/sandbox reads. */
/* clang-format off */
static struct sock_filter zygotes_list[] = {
    LOAD(arch),
    MUST_BE(SANDBOX_ARCH),
    LOAD(nr),
#ifdef SYS_epoll_wait
    CALL(epoll_wait, 1), ALLOW,
#endif
    CALL(epoll_pwait, 1), ALLOW, /* what libc calls where there is no epoll_wait */
    CALL(clock_gettime, 4), ARG(0, CLOCK_MONOTONIC), ALLOW, /* once a turn: see clock_cold_ms() */
    /* Clients in. No address: nothing but the bytes. */
    CALL(recvfrom, 10), ARG(3, MSG_DONTWAIT), ARG_NULL(4), ALLOW,
    /* Clients out. No address, and not MSG_FASTOPEN: a socket that has ended can't be connected to elsewhere. */
    CALL(sendto, 10), ARG(3, MSG_DONTWAIT | MSG_NOSIGNAL), ARG_NULL(4), ALLOW,
    CALL(epoll_ctl, 1), ALLOW, /* who is waited for */
    CALL(timerfd_settime, 4), ARG(1, TFD_TIMER_ABSTIME), ALLOW, /* ... and until when */
    /* Channels in and out: whose, the room's list says. */
    CALL(recvmsg, 4), ARG(2, MSG_DONTWAIT | MSG_CMSG_CLOEXEC), ALLOW,
    CALL(sendmsg, 4), ARG(2, MSG_DONTWAIT | MSG_NOSIGNAL), ALLOW,
    CALL(close, 1), ALLOW, /* of a member who left */
    CALL(shutdown, 1), ALLOW, /* the end of a connection */
    /* To reset a connection. */
    CALL(setsockopt, 7), ARG(1, SOL_SOCKET), ARG(2, SO_LINGER), ALLOW,
    CALL(exit_group, 1), ALLOW, /* the end */
    CALL(rt_sigreturn, 1), ALLOW, /* from the watchdog */
    /* From here on it is for a start. */
#ifdef SYS_poll
    CALL(poll, 1), ALLOW, /* for the keeper */
#endif
    CALL(ppoll, 1), ALLOW, /* what libc calls where there is no poll */
    CALL(restart_syscall, 1), ALLOW, /* the same, after SIGCONT */
    CALL(clone, 4), ARG(0, CLONE_PARENT | SIGCHLD), ALLOW, /* a roomd */
    CALL(prctl, 4), ARG(0, PR_SET_PDEATHSIG), ALLOW, /* which must notice the keeper's end */
    CALL(lseek, 1), ALLOW, /* how large is its ledger? */
    CALL(mmap, 7), ARG(2, PROT_READ | PROT_WRITE), ARG(3, MAP_SHARED), ALLOW, /* the ledger */
    CALL(epoll_create1, 1), ALLOW, /* for its loop */
    CALL(timerfd_create, 1), ALLOW, /* its alarm */
    CALL(prlimit64, 4), ARG(0, 0), ALLOW, /* its own limits: less than it has */
    CALL(seccomp, 4), ARG(0, SECCOMP_SET_MODE_FILTER), ALLOW, /* the room's list */
    CALL(write, 4), ARG(0, STDERR_FILENO), ALLOW, /* why it could not start */
    CALL(getpid, 1), ALLOW, /* nothing: in tests it stands in for a call that is to fail */
    RETURN(SECCOMP_RET_KILL_PROCESS),
};
/* clang-format on */

/* clang-format off */
static struct sock_filter rooms_list[] = {
    LOAD(nr),
    CALL(clock_gettime, 1), ALLOW,
    CALL(recvfrom, 1), ALLOW,
    CALL(sendto, 1), ALLOW,
#ifdef SYS_epoll_wait
    CALL(epoll_wait, 1), ALLOW,
#endif
    CALL(epoll_pwait, 1), ALLOW,
    CALL(epoll_ctl, 1), ALLOW,
    CALL(timerfd_settime, 1), ALLOW,
    /* The channel: no other socket gives or takes a descriptor. */
    CALL(recvmsg, 4), ARG(0, ROOMD_FD_CHANNEL), ALLOW,
    CALL(sendmsg, 4), ARG(0, ROOMD_FD_CHANNEL), ALLOW,
    CALL(close, 1), ALLOW,
    CALL(shutdown, 1), ALLOW,
    CALL(setsockopt, 1), ALLOW,
    CALL(exit_group, 1), ALLOW,
    CALL(rt_sigreturn, 1), ALLOW,
    RETURN(SECCOMP_RET_KILL_PROCESS),
};
/* clang-format on */

static uint32_t forbid_calls(struct sock_filter *list, size_t size)
{
	struct sock_fprog program = {.len = (unsigned short)(size / sizeof(*list)), .filter = list};

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0 ? SANDBOX_SECCOMP : 0;
}

/* --- what is bounded --- */

static uint32_t limit_zygote(unsigned fds)
{
	const struct lockdown_limit limits[] = {
	    {RLIMIT_CORE, 0}, /* a core would hold what clients said */
	    {RLIMIT_MEMLOCK, 0},
	    {RLIMIT_MSGQUEUE, 0},
	    {RLIMIT_DATA, 0}, /* it allocates nothing any more */
	    {RLIMIT_STACK, LIMIT_ROOMD_KERNEL_STACK_BYTES},
	    {RLIMIT_NOFILE, fds},
	};

	return lockdown_limits(limits, sizeof(limits) / sizeof(limits[0]));
}

static uint32_t limit_roomd(size_t memory_bytes)
{
	const struct lockdown_limit limits[] = {
	    {RLIMIT_NPROC, 0}, /* (counts for the user: it can't start another) */
	    {RLIMIT_FSIZE, 0}, /* it writes no file; what a start fails for may have had to go to one */
	    {RLIMIT_AS, memory_bytes + LIMIT_ROOMD_PROGRAM_BYTES},
	};

	return lockdown_limits(limits, sizeof(limits) / sizeof(limits[0]));
}

uint32_t sandbox_enter_zygote(uint32_t layers, unsigned fds)
{
	uint32_t in_force = 0;

	if (layers & SANDBOX_NOT_DUMPABLE)
		in_force |= lockdown_not_dumpable();
	if (layers & SANDBOX_NO_NEW_PRIVS)
		in_force |= lockdown_no_new_privs();
	if (layers & SANDBOX_LANDLOCK)
		in_force |= lockdown_landlock();
	if (layers & SANDBOX_RLIMITS)
		in_force |= limit_zygote(fds);
	if (layers & SANDBOX_SECCOMP)
		in_force |= forbid_calls(zygotes_list, sizeof(zygotes_list));
	return in_force;
}

uint32_t sandbox_enter_roomd(uint32_t layers, uint32_t zygotes, size_t memory_bytes)
{
	uint32_t missing = 0;

	if (layers & SANDBOX_RLIMITS)
		missing |= limit_roomd(memory_bytes) ^ SANDBOX_RLIMITS;
	if (layers & SANDBOX_SECCOMP)
		missing |= forbid_calls(rooms_list, sizeof(rooms_list)) ^ SANDBOX_SECCOMP;
	return zygotes & ~missing;
}
