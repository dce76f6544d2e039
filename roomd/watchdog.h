/*
 * watchdog - ends a roomd that spins: one that has used a second and more of a CPU for a single turn.
 * Process: roomd, its zygote.
 * Never:   costs anything at rest, or a system call in work or at a roomd's start: it is the soft limit of CPU time
 *          (setrlimit(2), RLIMIT_CPU), which a fork inherits with none used yet. At each second of it the kernel sends
 *          SIGXCPU and moves the limit one second on; the turn in work is late if none began since it last did. (What
 *          the zygote itself had used when it forked, the first of these seconds is longer by.)
 * Fails:   exits with WATCHDOG_STATUS, on the spot; the broker heals the room.
 */
#ifndef WATCHDOG_H
#define WATCHDOG_H

#include <signal.h>

#define WATCHDOG_STATUS 3

enum watchdog_mark {
	WATCHDOG_OFF,  /* as in a zygote */
	WATCHDOG_TURN, /* a turn has begun */
	WATCHDOG_LATE, /* ... and was at work when a second was over */
};

/* Begins to look at *mark, of enum watchdog_mark, in this process and in those that it forks: they set it to
 * WATCHDOG_TURN whenever a turn begins, which takes some milliseconds at most. It is not a variable of the watchdog's
 * own, which would be one more page that every roomd writes to. */
void watchdog_prepare(volatile sig_atomic_t *mark);

#endif
