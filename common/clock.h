/*
 * clock - the one clock that timers, rates and ages go by.
 * Process: all.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static inline uint64_t clock_ms_of(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * 1000 + (uint64_t)t->tv_nsec / 1000000;
}

/* Milliseconds of CLOCK_MONOTONIC: the same in every process of one boot. */
static inline uint64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return clock_ms_of(&now);
}

/* The same by a system call, for a process that sleeps between any two looks at the clock: by then the vDSO's three
 * pages are cold, and each is a page less that the process has. (In a virtual machine, with a thousand rooms: 4 of the
 * 25 us that a wake-up costs.) */
static inline uint64_t clock_cold_ms(void)
{
	struct timespec now;

	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
	return clock_ms_of(&now);
}

/* Microseconds of the same clock. */
static inline uint64_t clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

#endif
