/* keeper - the process that must not fail. */
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bsd/stdlib.h>

#include "broker_memory.h"
#include "clock.h"
#include "keeper.h"
#include "keeper_broker.h"
#include "keeper_equip.h"
#include "keeper_exec.h"
#include "keeper_left.h"
#include "keeper_reload.h"
#include "keeper_roomd.h"
#include "log.h"
#include "memory_file.h"
#include "room_limits.h"
#include "title.h"

/* How long the broker, and then the rooms, may take to end by themselves: each needs LIMIT_GOODBYE_MS. */
#define STOP_MS 2000

/* How long a broker may take to give its rooms and its lobby away. */
#define HANDOVER_MS 3000

/* A broker that dies is replaced at once; one that dies soon after it began to serve, after a pause; one that never
 * served, ever later, at most so late. */
#define RESTART_SOON_MS 10000
#define RESTART_MS 100
#define RESTART_MS_MAX 5000

/* What epoll tells: signals, one of the brokers, or (with KEEPER_ROOMD_KEY) the end of a roomd. */
#define KEY_SIGNALS 0
#define KEY_BROKERS 1
#define BROKERS 2
#define EVENTS 16

enum keeper_state { KEEPER_STARTING, KEEPER_RUNNING, KEEPER_STOPPING };

struct keeper {
	struct keeper_config *config;
	enum keeper_state state;
	int epoll;
	int signals;
	struct keeper_broker brokers[BROKERS]; /* one has the rooms; another may be about to follow it, or leaving */
	struct keeper_broker *current;         /* that has the rooms; NULL: they are on their own */
	uint64_t served_ms;                    /* when this one, or the last one, began to serve */
	uint64_t restart_at_ms;                /* when the next broker is due; 0: not */
	uint64_t restart_ms;                   /* how late the last was */
	uint64_t handover_at_ms;               /* when the one that hands over must have done so; 0: there is none */
	uint64_t stop_at_ms;
	bool on_terminal;
	bool reload_due; /* an operator wants the settings to be read again */
	int status;
	int memory;                   /* what brokers hand on */
	struct broker_memory *shared; /* the same, mapped: the log's key is ours */
	struct keeper_store store;
	struct keeper_roomds roomds;
	bool settled; /* the broker knows all of them that it is to know */
};

/* --- brokers come and go --- */

/* Returns how late. */
static uint64_t restart_later(struct keeper *k)
{
	uint64_t now_ms = clock_ms();

	if (!k->served_ms && k->restart_ms == 0)
		k->restart_ms = RESTART_MS;
	else if (!k->served_ms)
		k->restart_ms = k->restart_ms * 2 < RESTART_MS_MAX ? k->restart_ms * 2 : RESTART_MS_MAX;
	else
		k->restart_ms = now_ms - k->served_ms < RESTART_SOON_MS ? RESTART_MS : 0;
	k->served_ms = 0;
	k->restart_at_ms = now_ms + k->restart_ms;
	return k->restart_ms;
}

/* One of the brokers in that state, or NULL. */
static struct keeper_broker *find(struct keeper *k, enum keeper_broker_state state)
{
	for (unsigned i = 0; i < BROKERS; i++)
		if (k->brokers[i].state == state)
			return &k->brokers[i];
	return NULL;
}

static int start_broker(struct keeper *k)
{
	struct keeper_broker *b = find(k, BROKER_NONE);

	k->restart_at_ms = 0;
	if (!b)
		return -EBUSY;
	int error = keeper_broker_start(b, k->config->programs->broker);
	return error < 0 ? error : keeper_equip(k->config, k->shared->log_key, k->memory, b->channel);
}

/* The next keeper must know which broker may have the rooms. */
static void store_broker(struct keeper *k)
{
	int pidfd = k->store.on && k->current ? (int)syscall(SYS_pidfd_open, k->current->pid, 0) : -1;

	keeper_store_replace(&k->store, STORE_BROKER, pidfd);
	if (pidfd >= 0)
		close(pidfd);
}

static void start_broker_or_retry(struct keeper *k)
{
	int error = start_broker(k);

	if (error == 0)
		return;
	log_error("broker-start", "error=\"%s\"", strerror(-error));
	if (error != -EBUSY)
		restart_later(k);
}

/* Gives a broker the rooms. */
static void connect_broker(struct keeper *k, struct keeper_broker *b)
{
	k->current = b;
	k->settled = true;
	keeper_broker_enter(b, BROKER_SERVING);
	store_broker(k);
	keeper_roomds_connect(&k->roomds, b->channel);
}

/* Nobody has the rooms: whoever can is given them. */
static void replace_broker(struct keeper *k)
{
	struct keeper_broker *next = find(k, BROKER_EQUIPPED);

	k->current = NULL;
	k->handover_at_ms = 0;
	keeper_roomds_connect(&k->roomds, -1);
	if (next)
		connect_broker(k, next);
	else if (!find(k, BROKER_STARTING) && !k->restart_at_ms)
		restart_later(k);
}

/* --- what a broker says --- */

static void on_equipped(struct keeper *k, struct keeper_broker *b)
{
	keeper_broker_enter(b, BROKER_EQUIPPED);
	if (!k->current) {
		connect_broker(k, b);
		return;
	}
	int error = keeper_broker_hand_over(k->current, b);
	if (error < 0) {
		log_error("handover", "error=\"%s\"", strerror(-error));
		keeper_broker_drop(b, true);
		return;
	}
	k->handover_at_ms = clock_ms() + HANDOVER_MS;
}

static void on_serving(struct keeper *k, struct keeper_broker *b)
{
	b->ipc_state = IPC_IN_SERVING;
	k->served_ms = clock_ms();
	if (k->state == KEEPER_RUNNING)
		notify_say(k->config->notify, "STATUS=Serving", -1);
	if (k->state != KEEPER_STARTING)
		return;
	k->state = KEEPER_RUNNING;
	keeper_greet(k->config);
}

static void on_handed_over(struct keeper *k, struct keeper_broker *b)
{
	keeper_broker_enter(b, BROKER_LEAVING);
	replace_broker(k);
}

static void on_message(struct keeper *k, struct keeper_broker *b, const struct ipc_message *m)
{
	const struct ipc_which *which = m->body;

	if (m->type == IPC_EQUIPPED && b->state == BROKER_STARTING)
		on_equipped(k, b);
	else if (b != k->current)
		keeper_broker_drop(b, true); /* the rooms are not its */
	else if (m->type == IPC_SERVING)
		on_serving(k, b);
	else if (m->type == IPC_HANDED_OVER && b->state == BROKER_HANDING_OVER)
		on_handed_over(k, b);
	else if (m->type == IPC_SPAWN)
		keeper_roomds_spawn(&k->roomds, ((const struct ipc_spawn *)m->body)->count);
	else if (m->type == IPC_HEIR || m->type == IPC_KILL || m->type == IPC_RELEASE)
		keeper_roomds_on_which(&k->roomds, m->type, which->roomd);
	else
		keeper_broker_drop(b, true);
}

static void on_broker(struct keeper *k, struct keeper_broker *b)
{
	static struct ipc_inbox inbox;
	struct ipc_message m;

	while (b->channel >= 0) {
		int error = ipc_recv(b->channel, IPC_FROM_BROKER, b->ipc_state, &inbox, &m);
		if (error == -EAGAIN)
			return;
		if (error < 0)
			keeper_broker_drop(b, k->state != KEEPER_STOPPING);
		else
			on_message(k, b, &m);
	}
}

/* --- reload --- */

/* Becomes the program that lies in our place now; the reload is then its business. Returns if that can't be. */
static void upgrade(struct keeper *k)
{
	const struct keeper_config *c = k->config;
	struct keeper_exec e = {0};
	char name[PASSED_NAME_BYTES];

	if (!keeper_exec_check(c->argc, c->argv)) {
		log_error("upgrade-refused", "advice=\"the program that was installed does not accept its settings\"");
		return;
	}
	for (unsigned i = 0; i < c->listeners->count; i++)
		keeper_exec_add(&e, c->listeners->proxy[i] ? PASSED_CLIENT_PROXY : PASSED_CLIENT, c->listeners->fds[i]);
	operators_name_control(c->operators, name);
	keeper_exec_add(&e, name, c->operators->control.fd);
	keeper_exec_add(&e, PASSED_METRICS, c->operators->metrics);
	keeper_exec_add(&e, STORE_MEMORY, k->memory);
	snprintf(name, sizeof(name), LEFT_BROKER_CHANNEL "%d", k->current->pid);
	keeper_exec_add(&e, name, k->current->channel);
	keeper_roomds_hand_down(&k->roomds, &e);
	log_info("upgrade", "");
	int error = keeper_exec_now(&e, c->argv);
	log_error("upgrade-failed", "error=\"%s\"", strerror(-error));
	free(e.text);
}

/* Reads the settings again, and has another broker take over. With one on its way already, that comes first. */
static void reload(struct keeper *k)
{
	if (!k->reload_due || k->state != KEEPER_RUNNING || !k->current || k->current->ipc_state != IPC_IN_SERVING ||
	    !find(k, BROKER_NONE))
		return;
	if (keeper_exec_is_due()) {
		if (!keeper_roomds_quiet(&k->roomds))
			return; /* in a moment */
		upgrade(k);
	}
	k->reload_due = false;
	if (keeper_reload(k->config) < 0) {
		notify_say(k->config->notify, "STATUS=Serving; the settings could not be read again, see the log", -1);
		return;
	}
	struct ipc_open limits = room_limits(k->config->settings);
	keeper_roomds_configure(&k->roomds, k->config->programs->roomd, &limits);
	notify_say(k->config->notify, "STATUS=Serving; another broker is about to take over", -1);
	int error = start_broker(k);
	if (error < 0)
		log_error("reload-failed", "error=\"%s\"", strerror(-error));
}

/* --- signals and the end --- */

static void on_broker_lost(struct keeper *k, const siginfo_t *info)
{
	uint64_t served_ms = k->served_ms;

	replace_broker(k);
	notify_say(k->config->notify, "STATUS=The broker was lost; another is being started", -1);
	log_error("broker-lost", "status=%d served_ms=%llu restart_in_ms=%llu", info->si_status,
		  (unsigned long long)(served_ms ? clock_ms() - served_ms : 0), (unsigned long long)k->restart_ms);
}

static void on_broker_died(struct keeper *k, struct keeper_broker *b, const siginfo_t *info)
{
	enum keeper_broker_state state = b->state;

	on_broker(k, b); /* what it asked for before it died counts */
	keeper_broker_on_reaped(b);
	if (k->state == KEEPER_STOPPING) {
		if (b == k->current)
			k->current = NULL;
		return;
	}
	/* A broker that never served has said why; starting it again would only say it again. */
	if (k->state == KEEPER_STARTING) {
		k->state = KEEPER_STOPPING;
		k->status = 1;
		keeper_roomds_end(&k->roomds);
	} else if (b == k->current) {
		on_broker_lost(k, info);
	} else if (state != BROKER_LEAVING && k->current) {
		log_error("reload-failed", "status=%d", info->si_status);
		notify_say(k->config->notify, "STATUS=Serving; another broker could not be started, see the log", -1);
	} else if (state != BROKER_LEAVING) {
		log_error("broker-lost", "status=%d served_ms=0 restart_in_ms=%llu", info->si_status,
			  (unsigned long long)restart_later(k));
	}
}

static void on_child(struct keeper *k, const siginfo_t *info)
{
	for (unsigned i = 0; i < BROKERS; i++)
		if (info->si_pid == k->brokers[i].pid) {
			if (info->si_code != CLD_STOPPED && info->si_code != CLD_CONTINUED)
				on_broker_died(k, &k->brokers[i], info);
			return;
		}
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
	notify_say(k->config->notify, "STOPPING=1\nSTATUS=Stopping", -1);
	signal_brokers(k, SIGTERM);
	if (!k->store.on) /* else they wait for the next keeper; if there is none, the manager lets them go */
		keeper_roomds_end(&k->roomds);
}

/* The broker first: with its end, rooms that only waited for that end by themselves. */
static void kill_what_is_left(struct keeper *k)
{
	if (any_broker(k))
		signal_brokers(k, SIGKILL);
	else
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

/* Of two moments of which either may be 0: never. */
static uint64_t earlier(uint64_t a_ms, uint64_t b_ms)
{
	return !a_ms || (b_ms && b_ms < a_ms) ? b_ms : a_ms;
}

/* A broker that does not give its rooms away loses them as if it had crashed. */
static uint64_t end_handover(struct keeper *k, uint64_t now_ms)
{
	if (k->handover_at_ms && now_ms >= k->handover_at_ms) {
		k->handover_at_ms = 0;
		log_error("handover", "error=\"it took too long\"");
		if (k->current)
			keeper_broker_drop(k->current, true);
	}
	return k->handover_at_ms;
}

/* What is due at this moment. Returns milliseconds until something else is, -1 for never. */
static int on_time(struct keeper *k)
{
	uint64_t now_ms = clock_ms();
	uint64_t next_ms = 0;

	if (k->state == KEEPER_STOPPING) {
		if (!k->stop_at_ms)
			k->stop_at_ms = now_ms + STOP_MS;
		next_ms = k->stop_at_ms;
		if (now_ms >= next_ms) {
			kill_what_is_left(k);
			k->stop_at_ms = next_ms = now_ms + STOP_MS;
		}
	} else {
		if (k->restart_at_ms && now_ms >= k->restart_at_ms)
			start_broker_or_retry(k);
		next_ms = earlier(k->restart_at_ms, end_handover(k, now_ms));
	}
	next_ms = earlier(next_ms, keeper_roomds_tick(&k->roomds, now_ms));
	next_ms = earlier(next_ms, notify_alive(k->config->notify, now_ms));
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
	if (left->broker_channel < 0)
		return start_broker(k);
	/* We were that keeper: the broker serves, and another is to take over from it. */
	k->current = &k->brokers[0];
	k->settled = true;
	k->state = KEEPER_RUNNING;
	k->served_ms = clock_ms();
	k->reload_due = true;
	int error = keeper_broker_adopt(k->current, left->broker_pid, left->broker_channel);
	k->roomds.broker = left->broker_channel;
	return error;
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
			on_broker(k, &k->brokers[key - KEY_BROKERS]);
	}
	for (int i = 0; i < n; i++)
		if (events[i].data.u64 == KEY_SIGNALS)
			on_signals(k);
	reload(k);
	settle(k);
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
	while (k.state != KEEPER_STOPPING || any_broker(&k) || !(k.store.on || keeper_roomds_none(&k.roomds)))
		turn(&k);
	return k.status;
}
