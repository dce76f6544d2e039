/* alarm - see alarm.h. */
#include "alarm.h"

#include <assert.h>
#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

int alarm_init(struct alarm *a, int epoll, epoll_data_t data)
{
	/* What it rings for is never read: the edge is reported once. */
	struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data = data};

	*a = (struct alarm){timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), UINT64_MAX};
	if (a->fd < 0)
		return -errno;
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, a->fd, &event) == 0)
		return 0;
	int error = -errno;
	alarm_fini(a);
	return error;
}

void alarm_fini(struct alarm *a)
{
	if (a->fd >= 0)
		close(a->fd);
	a->fd = -1;
}

int alarm_set(struct alarm *a, uint64_t now_ms, uint64_t next_ms)
{
	struct itimerspec at = {.it_value = {(time_t)(next_ms / 1000), (long)(next_ms % 1000) * 1000000}};

	if (next_ms <= now_ms)
		return 0;
	if (next_ms < a->at_ms) {
		int error = timerfd_settime(a->fd, TFD_TIMER_ABSTIME, &at, NULL);
		assert(error == 0);
		a->at_ms = next_ms;
	}
	return -1;
}
