/* pool - warm roomd processes, waiting for a room. */
#include <errno.h>
#include <sched.h>
#include <string.h>

#include "broker.h"
#include "log.h"
#include "sandbox_layers.h"

/* How long to wait before asking again when starting has failed. */
#define RETRY_MS_MIN 100
#define RETRY_MS_MAX 1000
/* So many in a row, and whoever waits is sent away: one may be an accident. */
#define FAILURES 2

static void on_timer(struct timer *timer);

/* How many may start at once: two for each processor. Four processes have a part in a start, one after another: with
 * fewer of them under way, processors are idle and each message wakes somebody. (Without any bound, whoever makes many
 * rooms at once is felt in all others; and how much of the processors a container may use is not known here.) */
static unsigned starts_at_once(void)
{
	cpu_set_t cpus;
	unsigned wanted = sched_getaffinity(0, sizeof(cpus), &cpus) == 0 ? 2 * (unsigned)CPU_COUNT(&cpus) : 2;

	return wanted < LIMIT_STARTS ? wanted : LIMIT_STARTS;
}

void pool_init(struct pool *p, struct broker *broker)
{
	*p = (struct pool){.broker = broker,
			   .starting_max = starts_at_once(),
			   .retry_ms = RETRY_MS_MIN,
			   .sandbox_layers = SANDBOX_ALL,
			   .timer.on = on_timer};
	TAILQ_INIT(&p->roomds);
	TAILQ_INIT(&p->waiting);
}

void pool_refill(struct pool *p)
{
	unsigned wanted = (unsigned)p->broker->settings.pool_size + p->waiting_count;

	if (p->broker->stopping || p->timer.at_ms)
		return;
	if (!p->broker->serving && wanted == 0)
		wanted = 1; /* the first one shows whether the sandbox holds */
	if (p->starting + p->warm >= wanted || p->starting >= p->starting_max)
		return;
	unsigned missing = wanted - p->starting - p->warm;
	if (missing > p->starting_max - p->starting)
		missing = p->starting_max - p->starting;
	p->starting += missing;
	keeper_spawn(&p->broker->keeper, missing);
}

static void take_out(struct pool *p, struct roomd *r)
{
	TAILQ_REMOVE(&p->roomds, r, link);
	p->warm -= r->state == IPC_IN_WARM;
}

static void refuse_waiting(struct pool *p)
{
	struct room *room;

	while ((room = TAILQ_FIRST(&p->waiting)) != NULL) {
		pool_forget(p, room);
		room_on_no_roomd(room);
	}
}

void pool_await(struct pool *p, struct room *room)
{
	TAILQ_INSERT_TAIL(&p->waiting, room, pool_link);
	p->waiting_count++;
	room->awaits_roomd = true;
	pool_refill(p);
	if (p->failures >= FAILURES && p->starting == 0)
		refuse_waiting(p); /* rather now than after another attempt */
}

void pool_forget(struct pool *p, struct room *room)
{
	if (!room->awaits_roomd)
		return;
	TAILQ_REMOVE(&p->waiting, room, pool_link);
	p->waiting_count--;
	room->awaits_roomd = false;
}

void pool_on_started(struct pool *p, const struct roomd_start *start)
{
	struct roomd *r = roomd_new(p->broker, start);

	if (r) {
		TAILQ_INSERT_TAIL(&p->roomds, r, link);
		return;
	}
	keeper_release(&p->broker->keeper, start->number); /* its channel ends, so it will too */
	pool_on_failed(p, 1, -ENOMEM);
}

static void try_later(struct pool *p)
{
	if (p->timer.at_ms)
		return;
	loop_timer_set(&p->broker->loop, &p->timer, p->broker->loop.now_ms + p->retry_ms);
	p->retry_ms = p->retry_ms * 2 < RETRY_MS_MAX ? p->retry_ms * 2 : RETRY_MS_MAX;
}

void pool_on_failed(struct pool *p, unsigned count, int error)
{
	p->broker->memory->stats.roomds_failed += count;
	p->starting -= count < p->starting ? count : p->starting;
	p->failures += p->timer.at_ms == 0; /* all that were under way are one attempt */
	try_later(p);
	log_error("pool-failed", "count=%u error=\"%s\" retry_in_ms=%u", count, strerror(-error),
		  (unsigned)(p->timer.at_ms - p->broker->loop.now_ms));
	if (p->failures >= FAILURES && p->starting == 0)
		refuse_waiting(p); /* nobody is left to wait for */
}

void pool_on_ready(struct pool *p, struct roomd *r)
{
	struct room *room = TAILQ_FIRST(&p->waiting);

	p->starting -= p->starting > 0;
	p->warm++;
	p->retry_ms = RETRY_MS_MIN;
	p->failures = 0;
	p->proven = true;
	if (!p->broker->serving)
		broker_try_serve(p->broker);
	if (room) {
		pool_forget(p, room);
		take_out(p, r);
		room_on_roomd(room, r);
		room_seat(room);
	}
	pool_refill(p);
}

void pool_add(struct pool *p, struct roomd *r)
{
	TAILQ_INSERT_TAIL(&p->roomds, r, link);
}

static struct roomd *take_warm(struct pool *p)
{
	struct roomd *r;

	TAILQ_FOREACH (r, &p->roomds, link)
		if (r->state == IPC_IN_WARM)
			break;
	if (r)
		take_out(p, r);
	return r;
}

struct roomd *pool_take(struct pool *p)
{
	struct roomd *r = take_warm(p);

	if (r)
		pool_refill(p);
	return r;
}

void pool_on_lost(struct pool *p, struct roomd *r)
{
	enum ipc_state state = r->state;

	take_out(p, r);
	if (state == IPC_IN_STARTING)
		pool_on_failed(p, 1, -ECHILD);
	else if (state == IPC_IN_WARM)
		try_later(p); /* what ended it may end the next: not at once */
}

static void on_timer(struct timer *timer)
{
	struct pool *p = container_of(timer, struct pool, timer);

	while (p->warm > p->broker->settings.pool_size) {
		struct roomd *r = take_warm(p);
		keeper_release(&p->broker->keeper, r->number);
		roomd_free(r); /* its channel ends, and so does it */
	}
	pool_refill(p);
}

void pool_settle(struct pool *p)
{
	loop_timer_set(&p->broker->loop, &p->timer, p->broker->loop.now_ms);
}
