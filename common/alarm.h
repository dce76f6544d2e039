/*
 * alarm - wakes who waits on an epoll set when it is time.
 * Process: broker, roomd.  Owns: a timerfd.
 *
 * The timeout of epoll_wait(2) is set and cancelled anew at each wait, which costs a process that is woken for each
 * message a fifteenth of its time; what is waited for is most often still the same. This one stays set until it rings.
 */
#ifndef ALARM_H
#define ALARM_H

#include <stdint.h>
#include <sys/epoll.h>

struct alarm {
	int fd;
	uint64_t at_ms; /* of clock_ms(): when it rings; UINT64_MAX: never */
};

/* Makes one that the epoll set reports with `data` when it rings. Returns 0 or -errno; then there is none.
 * (timerfd_create(2)) */
int alarm_init(struct alarm *a, int epoll, epoll_data_t data);
void alarm_fini(struct alarm *a);

/* The set has reported it: it must be set anew. */
static inline void alarm_on_ring(struct alarm *a)
{
	a->at_ms = UINT64_MAX;
}

/* Has the next epoll_wait() end at next_ms at the latest (UINT64_MAX: when something comes). Returns the timeout for
 * it: 0 if that is now (now_ms: the time of this turn), else -1. It may end earlier, with a ring, where a former
 * next_ms was earlier. */
int alarm_set(struct alarm *a, uint64_t now_ms, uint64_t next_ms);

#endif
