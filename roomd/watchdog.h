/*
 * watchdog - ends a roomd that spins: one that has used WATCHDOG_CPU_MS and more of a CPU for a single turn.
 * Process: roomd.
 * Never:   costs anything at rest, or a system call in work: the kernel counts CPU time as it is, and says so once in
 *          each WATCHDOG_CPU_MS of it; a turn is longer if none began since it said so last.
 * Fails:   exits with WATCHDOG_STATUS, on the spot; the broker heals the room.
 */
#ifndef WATCHDOG_H
#define WATCHDOG_H

#include <signal.h>

/* A turn takes some milliseconds at most. */
#define WATCHDOG_CPU_MS 1000
#define WATCHDOG_STATUS 3

/* What a zygote can do for all of its roomds: whenever a turn begins, they set *turn_begun to 1. It is not a variable
 * of the watchdog's own, which would be one more page that every roomd writes to. */
void watchdog_prepare(volatile sig_atomic_t *turn_begun);

/* What each must do for itself: no timer is inherited. */
void watchdog_start(void);

#endif
