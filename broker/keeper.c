/* keeper - the process that must not fail. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bsd/stdlib.h>

#include "clock.h"
#include "keeper_core.h"
#include "keeper_left.h"
#include "keeper_succession.h"
#include "log.h"
#include "memory_file.h"
#include "room_limits.h"
#include "title.h"

/* How long the broker, and then the rooms, may take to end by themselves: each needs LIMIT_GOODBYE_MS. */
#define STOP_MS 2000

/* Events taken from epoll at once. */
#define EVENTS 16

/* --- signals and the end --- */

static void on_child(struct keeper *k, const siginfo_t *info)
{
	for (unsigned i = 0; i < BROKERS; i++)
		if (info->si_pid == k->brokers[i].pid) {
			if (info->si_code != CLD_STOPPED && info->si_code != CLD_CONTINUED)
				succession_on_died(k, &k->brokers[i], info);
			return;
		}
	if (!keeper_program_on_child(info))
		keeper_roomds_on_child(&k->roomds, info, clock_ms());
}

static void reap(struct keeper *k)
{
	siginfo_t info = {0};

	while (waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WCONTINUED | WNOHANG) == 0 && info.si_pid) {
		on_child(k, &info);
		info.si_pid = 0;
	}
}

static void signal_brokers(struct keeper *k, int number)
{
	for (unsigned i = 0; i < BROKERS; i++)
		if (k->brokers[i].pid)
			kill(k->brokers[i].pid, number);
}

static bool any_broker(const struct keeper *k)
{
	return k->brokers[0].pid || k->brokers[1].pid;
}

/* Lets everything go: the brokers by a signal, the rooms by the end of their channels. */
static void stop(struct keeper *k)
{
	if (k->state == KEEPER_STOPPING)
		return;
	k->state = KEEPER_STOPPING;
	notify_say(k->config->notify, NOTIFY_STOPPING, "Stopping");
	signal_brokers(k, SIGTERM);
	if (!k->store.on) /* else they wait for the next keeper; if there is none, the manager lets them go */
		keeper_roomds_end(&k->roomds);
}

/* The broker first: with its end, rooms that only waited for that end by themselves. */
static void kill_what_is_left(struct keeper *k)
{
	if (any_broker(k))
		signal_brokers(k, SIGKILL);
	else if (!k->store.on)
		keeper_roomds_kill(&k->roomds);
}

static void on_signals(struct keeper *k)
{
	struct signalfd_siginfo info;

	while (read(k->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap(k);
		else if (info.ssi_signo == SIGHUP && (!k->on_terminal || tcgetpgrp(STDIN_FILENO) >= 0))
			k->reload_due = true;
		else /* a terminal that was closed is somebody who has gone */
			stop(k);
	}
}

/* What is due at this moment. Returns milliseconds until something else is, -1 for never. */
static int on_time(struct keeper *k)
{
	uint64_t now_ms = clock_ms();
	uint64_t next_ms = 0;
	bool known = keeper_manager_knows(k);

	if (k->state == KEEPER_STOPPING) {
		if (!k->stop_at_ms)
			k->stop_at_ms = now_ms + STOP_MS;
		next_ms = k->stop_at_ms;
		if (now_ms >= next_ms) {
			kill_what_is_left(k);
			k->stop_at_ms = next_ms = now_ms + STOP_MS;
		}
	} else {
		next_ms = succession_tick(k, now_ms);
	}
	next_ms = keeper_earlier(next_ms, keeper_roomds_tick(&k->roomds, now_ms));
	next_ms = keeper_earlier(next_ms, notify_tick(k->config->notify, now_ms));
	if (k->state != KEEPER_STOPPING && k->current && k->settled && k->roomds.spawns_due)
		return 0;
	if (!known && keeper_manager_knows(k))
		return 0; /* a reload, or the end, may have waited for that */
	return next_ms == 0 ? -1 : next_ms <= now_ms ? 0 : (int)(next_ms - now_ms);
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Starts and says what is due; while the broker's channel is full, waits for it too. */
static void settle(struct keeper *k)
{
	bool done = k->state == KEEPER_STOPPING || keeper_roomds_settle(&k->roomds);

	if (!k->current || done == k->settled)
		return;
	keeper_broker_watch(k->current, !done);
	k->settled = done;
}

/* Of another keeper, or new. */
static bool init_memory(struct keeper *k)
{
	struct stat st;

	k->memory = k->config->left->memory;
	if (k->memory < 0 || fstat(k->memory, &st) < 0 || st.st_size < (off_t)sizeof(struct broker_memory))
		k->memory = memory_file("broker", NULL, sizeof(struct broker_memory));
	if (k->memory < 0)
		return false;
	k->shared = mmap(NULL, sizeof(struct broker_memory), PROT_READ | PROT_WRITE, MAP_SHARED, k->memory, 0);
	if (k->shared == MAP_FAILED)
		return false;
	if (!k->shared->version)
		arc4random_buf(k->shared->log_key, sizeof(k->shared->log_key));
	keeper_store_replace(&k->store, STORE_MEMORY, k->memory);
	return true;
}

/* Everything is open, and nothing runs yet. Returns whether that could be. */
static bool init(struct keeper *k, struct keeper_config *config)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = KEY_SIGNALS};
	struct ipc_open limits = room_limits(config->settings);

	*k = (struct keeper){.config = config,
			     .state = KEEPER_STARTING,
			     .epoll = epoll_create1(EPOLL_CLOEXEC),
			     .signals = open_signals(),
			     .on_terminal = tcgetpgrp(STDIN_FILENO) >= 0};
	for (unsigned i = 0; i < BROKERS; i++)
		keeper_broker_init(&k->brokers[i], k->epoll, KEY_BROKERS + i);
	keeper_store_init(&k->store, config->notify);
	return keeper_roomds_init(&k->roomds, config->programs->roomd, &limits, &k->store, k->epoll) == 0 &&
	       k->epoll >= 0 && k->signals >= 0 && init_memory(k) &&
	       epoll_ctl(k->epoll, EPOLL_CTL_ADD, k->signals, &event) == 0;
}

/* What a keeper before us left goes on. */
static int inherit(struct keeper *k)
{
	struct keeper_left *left = k->config->left;

	keeper_left_end_broker(left);
	keeper_left_give(left, &k->roomds);
	return succession_inherit(k, left->broker_pid, left->broker_channel);
}

static void turn(struct keeper *k)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(k->epoll, events, EVENTS, on_time(k));

	/* Brokers first: what one asked for before it died counts. */
	for (int i = 0; i < n; i++) {
		uint64_t key = events[i].data.u64;
		if (key & KEEPER_ROOMD_KEY)
			keeper_roomds_on_pidfd(&k->roomds, key & ~KEEPER_ROOMD_KEY);
		else if (key != KEY_SIGNALS)
			succession_on_broker(k, &k->brokers[key - KEY_BROKERS]);
	}
	for (int i = 0; i < n; i++)
		if (events[i].data.u64 == KEY_SIGNALS)
			on_signals(k);
	succession_reload(k);
	settle(k);
}

/* Is there still something to wait for? Without a store that is every room, with one what the manager did not take yet:
 * what the next keeper is to find. */
static bool is_needed(const struct keeper *k)
{
	if (k->state != KEEPER_STOPPING || any_broker(k))
		return true;
	if (!k->store.on)
		return !keeper_roomds_none(&k->roomds);
	return !keeper_store_settled(&k->store) && (!k->stop_at_ms || clock_ms() < k->stop_at_ms);
}

int keeper_run(struct keeper_config *config)
{
	static struct keeper k;

	if (!init(&k, config)) {
		log_error("keeper-start", "error=\"%s\"", strerror(errno));
		return 1;
	}
	title_set("video-signaling: keeper");
	int error = inherit(&k);
	if (error < 0) {
		log_error("broker-start", "error=\"%s\"", strerror(-error));
		stop(&k);
		k.status = 1;
	}
	while (is_needed(&k))
		turn(&k);
	keeper_programs_rest();
	return k.status;
}
