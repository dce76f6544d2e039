/* keeper - the process that must not fail. */
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bsd/stdlib.h>

#include "broker_memory.h"
#include "clock.h"
#include "ipc.h"
#include "keeper.h"
#include "keeper_equip.h"
#include "keeper_roomd.h"
#include "log.h"
#include "memory_file.h"
#include "room_limits.h"
#include "title.h"

/* How long the broker, and then the rooms, may take to end by themselves: each needs LIMIT_GOODBYE_MS. */
#define STOP_MS 2000

/* A broker that dies is replaced at once; one that dies soon after it began to serve, after a pause; one that never
 * served, ever later, at most so late. */
#define RESTART_SOON_MS 10000
#define RESTART_MS 100
#define RESTART_MS_MAX 5000

enum keeper_state { KEEPER_STARTING, KEEPER_RUNNING, KEEPER_STOPPING };

struct keeper {
	const struct keeper_config *config;
	enum keeper_state state;
	int epoll;
	int signals;
	pid_t broker; /* 0: there is none */
	int broker_channel;
	enum ipc_state broker_state;
	uint64_t served_ms;     /* when this one, or the last one, began to serve */
	uint64_t restart_at_ms; /* when the next broker is due; 0: not */
	uint64_t restart_ms;    /* how late the last was */
	int memory;             /* what brokers hand on */
	uint64_t stop_at_ms;
	int status;
	uint8_t log_key[LOG_KEY_BYTES];
	struct keeper_roomds roomds;
	bool settled; /* the broker knows all of them that it is to know */
};

/* --- the broker --- */

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

static int start_broker(struct keeper *k)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = 1};
	int ends[2];
	int error = ipc_channel(ends);

	k->restart_at_ms = 0;
	if (error < 0)
		return error;
	pid_t pid = child_start(k->config->programs->broker, "video-signaling: broker", &ends[1], 1);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return pid;
	}
	k->broker = pid;
	k->broker_channel = ends[0];
	k->settled = true;
	k->broker_state = IPC_IN_STARTING;
	keeper_roomds_connect(&k->roomds, ends[0]);
	if (epoll_ctl(k->epoll, EPOLL_CTL_ADD, ends[0], &event) < 0)
		return -errno;
	return keeper_equip(k->config, k->log_key, k->memory, ends[0]);
}

/* --- what the broker says --- */

static void on_serving(struct keeper *k)
{
	k->broker_state = IPC_IN_SERVING;
	k->served_ms = clock_ms();
	if (k->state == KEEPER_RUNNING)
		notify_say(k->config->notify, "STATUS=Serving", -1);
	if (k->state != KEEPER_STARTING)
		return;
	k->state = KEEPER_RUNNING;
	keeper_greet(k->config);
}

/* The broker's channel has ended, or said what it may not: that broker is to go. SIGCHLD tells when it has. */
static void drop_broker_channel(struct keeper *k)
{
	epoll_ctl(k->epoll, EPOLL_CTL_DEL, k->broker_channel, NULL);
	close(k->broker_channel);
	k->broker_channel = -1;
	if (k->broker && k->state != KEEPER_STOPPING)
		kill(k->broker, SIGKILL);
}

static void on_broker(struct keeper *k)
{
	static struct ipc_inbox inbox;
	struct ipc_message m;

	while (k->broker_channel >= 0) {
		int error = ipc_recv(k->broker_channel, IPC_FROM_BROKER, k->broker_state, &inbox, &m);
		if (error == -EAGAIN)
			return;
		if (error < 0) {
			drop_broker_channel(k);
			return;
		}
		switch (m.type) {
		case IPC_SERVING:
			on_serving(k);
			break;
		case IPC_SPAWN:
			keeper_roomds_spawn(&k->roomds, ((const struct ipc_spawn *)m.body)->count);
			break;
		case IPC_HEIR:
		case IPC_KILL:
		case IPC_RELEASE:
			keeper_roomds_on_which(&k->roomds, m.type, ((const struct ipc_which *)m.body)->roomd);
			break;
		default:
			assert(!"not a broker's message");
		}
	}
}

/* --- signals and the end --- */

static void on_broker_died(struct keeper *k, const siginfo_t *info)
{
	k->broker = 0;
	if (k->broker_channel >= 0)
		drop_broker_channel(k);
	if (k->state == KEEPER_STOPPING)
		return;
	/* A broker that never served has said why; starting it again would only say it again. */
	if (k->state == KEEPER_STARTING) {
		k->state = KEEPER_STOPPING;
		k->status = 1;
	} else {
		uint64_t delay_ms = restart_later(k);
		notify_say(k->config->notify, "STATUS=The broker was lost; another is being started", -1);
		log_error("broker-lost", "status=%d restart_in_ms=%llu", info->si_status,
			  (unsigned long long)delay_ms);
	}
	keeper_roomds_connect(&k->roomds, -1);
}

static void on_child(struct keeper *k, const siginfo_t *info)
{
	if (info->si_pid != k->broker)
		keeper_roomds_on_child(&k->roomds, info, clock_ms());
	else if (info->si_code != CLD_STOPPED && info->si_code != CLD_CONTINUED)
		on_broker_died(k, info);
}

static void reap(struct keeper *k)
{
	siginfo_t info = {0};

	while (waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WCONTINUED | WNOHANG) == 0 && info.si_pid) {
		on_child(k, &info);
		info.si_pid = 0;
	}
}

/* Lets everything go: the broker by a signal, the rooms by the end of their channels. */
static void stop(struct keeper *k)
{
	if (k->state == KEEPER_STOPPING)
		return;
	k->state = KEEPER_STOPPING;
	notify_say(k->config->notify, "STOPPING=1\nSTATUS=Stopping", -1);
	if (k->broker)
		kill(k->broker, SIGTERM);
	keeper_roomds_end(&k->roomds);
}

/* The broker first: with its end, rooms that only waited for that end by themselves. */
static void kill_what_is_left(struct keeper *k)
{
	if (k->broker)
		kill(k->broker, SIGKILL);
	else
		keeper_roomds_kill(&k->roomds);
}

static void on_signals(struct keeper *k)
{
	struct signalfd_siginfo info;

	while (read(k->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap(k);
		else
			stop(k);
	}
}

/* Of two moments of which either may be 0: never. */
static uint64_t earlier(uint64_t a_ms, uint64_t b_ms)
{
	return !a_ms || (b_ms && b_ms < a_ms) ? b_ms : a_ms;
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
	} else if (k->restart_at_ms) {
		next_ms = k->restart_at_ms;
		if (now_ms >= next_ms && start_broker(k) < 0) {
			restart_later(k);
			next_ms = k->restart_at_ms;
		}
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
	struct epoll_event event = {.events = EPOLLIN | (done ? 0U : EPOLLOUT), .data.u64 = 1};

	if (k->broker_channel < 0 || done == k->settled)
		return;
	epoll_ctl(k->epoll, EPOLL_CTL_MOD, k->broker_channel, &event);
	k->settled = done;
}

int keeper_run(const struct keeper_config *config)
{
	struct keeper k = {.config = config,
			   .state = KEEPER_STARTING,
			   .epoll = epoll_create1(EPOLL_CLOEXEC),
			   .signals = open_signals(),
			   .broker_channel = -1,
			   .memory = memory_file("broker", NULL, sizeof(struct broker_memory))};
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0};
	struct epoll_event events[2];

	struct ipc_open limits = room_limits(config->settings);

	keeper_roomds_init(&k.roomds, config->programs->roomd, &limits);
	arc4random_buf(k.log_key, sizeof(k.log_key));
	if (k.epoll < 0 || k.signals < 0 || k.memory < 0 || epoll_ctl(k.epoll, EPOLL_CTL_ADD, k.signals, &event) < 0) {
		log_error("keeper-start", "error=\"%s\"", strerror(errno));
		return 1;
	}
	title_set("video-signaling: keeper");
	int error = start_broker(&k);
	if (error < 0) {
		log_error("broker-start", "error=\"%s\"", strerror(-error));
		stop(&k);
		k.status = 1;
	}
	while (k.state != KEEPER_STOPPING || k.broker || !keeper_roomds_none(&k.roomds)) {
		int n = epoll_wait(k.epoll, events, 2, on_time(&k));
		/* The broker first: what it asked for before it died counts. */
		for (int i = 0; i < n; i++)
			if (events[i].data.u64 == 1)
				on_broker(&k);
		for (int i = 0; i < n; i++)
			if (events[i].data.u64 == 0)
				on_signals(&k);
		settle(&k);
	}
	return k.status;
}
