/* loop - what the broker waits for. */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#include "clock.h"
#include "loop.h"

static int timer_compare(const struct timer *a, const struct timer *b)
{
	if (a->at_ms != b->at_ms)
		return a->at_ms < b->at_ms ? -1 : 1;
	return (a > b) - (a < b);
}

TREE_GENERATE(timer_tree, timer, link, timer_compare)

int loop_init(struct loop *loop)
{
	*loop = (struct loop){.epoll = epoll_create1(EPOLL_CLOEXEC), .alarm.fd = -1, .now_ms = clock_ms()};
	RB_INIT(&loop->timers);
	if (loop->epoll < 0)
		return -errno;
	int error = alarm_init(&loop->alarm, loop->epoll, (epoll_data_t){.ptr = &loop->alarm});
	if (error < 0)
		loop_fini(loop);
	return error;
}

void loop_fini(struct loop *loop)
{
	alarm_fini(&loop->alarm);
	if (loop->epoll >= 0)
		close(loop->epoll);
	loop->epoll = -1;
}

/* What is removed in this turn is not called any more in it. */
static void forget(struct loop *loop, const struct source *source)
{
	for (int i = loop->batch_at + 1; i < loop->batch_count; i++)
		if (loop->batch[i].data.ptr == source)
			loop->batch[i].data.ptr = NULL;
}

int loop_watch(struct loop *loop, struct source *source, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = source};
	int operation = !source->interest ? EPOLL_CTL_ADD : events ? EPOLL_CTL_MOD : EPOLL_CTL_DEL;

	if (source->interest == events)
		return 0;
	if (!events)
		forget(loop, source);
	if (epoll_ctl(loop->epoll, operation, source->fd, &event) < 0) {
		assert(operation == EPOLL_CTL_ADD);
		return -errno;
	}
	source->interest = events;
	return 0;
}

void loop_timer_cancel(struct loop *loop, struct timer *timer)
{
	if (timer->at_ms)
		RB_REMOVE(timer_tree, &loop->timers, timer);
	timer->at_ms = 0;
}

void loop_timer_set(struct loop *loop, struct timer *timer, uint64_t at_ms)
{
	loop_timer_cancel(loop, timer);
	if (at_ms == UINT64_MAX)
		return;
	timer->at_ms = at_ms ? at_ms : 1;
	RB_INSERT(timer_tree, &loop->timers, timer);
}

static void serve_timers(struct loop *loop)
{
	for (struct timer *t; (t = RB_MIN(timer_tree, &loop->timers)) && t->at_ms <= loop->now_ms;) {
		loop_timer_cancel(loop, t);
		t->on(t);
	}
}

void loop_turn(struct loop *loop)
{
	const struct timer *first = RB_MIN(timer_tree, &loop->timers);
	int timeout_ms = alarm_set(&loop->alarm, loop->now_ms, first ? first->at_ms : UINT64_MAX);
	int n = epoll_wait(loop->epoll, loop->batch, LIMIT_EPOLL_EVENTS, timeout_ms);

	loop->now_ms = clock_ms();
	loop->batch_count = n > 0 ? n : 0;
	for (loop->batch_at = 0; loop->batch_at < loop->batch_count; loop->batch_at++) {
		struct source *source = loop->batch[loop->batch_at].data.ptr;
		if ((void *)source == &loop->alarm)
			alarm_on_ring(&loop->alarm);
		else if (source)
			source->on(source, loop->batch[loop->batch_at].events);
	}
	loop->batch_count = 0;
	serve_timers(loop);
}
