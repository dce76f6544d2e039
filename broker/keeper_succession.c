/* keeper_succession - brokers come and go. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "keeper_adopt.h"
#include "keeper_equip.h"
#include "keeper_exec.h"
#include "keeper_left.h"
#include "keeper_reload.h"
#include "keeper_succession.h"
#include "log.h"
#include "room_limits.h"

/* How long a broker may take to give its rooms and its lobby away. */
#define HANDOVER_MS 3000

/* A broker that dies is replaced at once; one that dies soon after it began to serve, after a pause; one that never
 * served, ever later, at most so late. */
#define RESTART_SOON_MS 10000
#define RESTART_MS 100
#define RESTART_MS_MAX 5000

static const char status_failed[] = "Serving; another broker could not be started, see the log";

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

int succession_start(struct keeper *k)
{
	struct keeper_broker *b = find(k, BROKER_NONE);

	k->restart_at_ms = 0;
	if (!b)
		return -EBUSY;
	int error = keeper_broker_start(b, k->config->programs->broker);
	if (error < 0)
		return error;
	error = keeper_equip(k->config, k->shared->log_key, k->memory, b->channel);
	if (error < 0) /* half equipped it would wait for ever, and be in the way of every other */
		keeper_broker_drop(b, true);
	return error;
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
	int error = succession_start(k);

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
	/* Until now there was a broker with the settings before, which needs rooms of that kind. */
	if (k->configure_due) {
		struct ipc_open limits = room_limits(k->config->settings);
		keeper_roomds_configure(&k->roomds, k->config->programs->roomd, &limits);
		k->configure_due = false;
	}
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
		notify_say(k->config->notify, NOTIFY_NOTHING, "Serving");
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
	const struct ipc_release *release = m->body;
	bool has_rooms = b == k->current; /* all else may only be said by whom they are given to */

	if (m->type == IPC_EQUIPPED && b->state == BROKER_STARTING)
		on_equipped(k, b);
	else if (has_rooms && m->type == IPC_SERVING)
		on_serving(k, b);
	else if (has_rooms && m->type == IPC_HANDED_OVER && b->state == BROKER_HANDING_OVER)
		on_handed_over(k, b);
	else if (has_rooms && m->type == IPC_SPAWN)
		keeper_roomds_spawn(&k->roomds, ((const struct ipc_spawn *)m->body)->count);
	else if (has_rooms && m->type == IPC_RELEASE)
		keeper_roomds_release(&k->roomds, release->roomd, release->keeps_roster != 0);
	else if (has_rooms && (m->type == IPC_HEIR || m->type == IPC_KILL))
		keeper_roomds_on_which(&k->roomds, m->type, which->roomd);
	else
		keeper_broker_drop(b, true);
}

void succession_on_broker(struct keeper *k, struct keeper_broker *b)
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
void succession_reload(struct keeper *k)
{
	if (!k->reload_due || k->state != KEEPER_RUNNING || !k->current || k->current->ipc_state != IPC_IN_SERVING ||
	    k->current->state != BROKER_SERVING || !find(k, BROKER_NONE))
		return;
	if (keeper_exec_is_due()) {
		if (!keeper_roomds_quiet(&k->roomds) || !keeper_manager_knows(k))
			return; /* in a moment */
		upgrade(k);
	}
	k->reload_due = false;
	if (keeper_reload(k->config) < 0) {
		notify_say(k->config->notify, NOTIFY_NOTHING,
			   "Serving; the settings could not be read again, see the log");
		return;
	}
	k->configure_due = true;
	notify_say(k->config->notify, NOTIFY_NOTHING, "Serving; another broker is about to take over");
	int error = succession_start(k);
	if (error == 0)
		return;
	log_error("reload-failed", "error=\"%s\"", strerror(-error));
	notify_say(k->config->notify, NOTIFY_NOTHING, status_failed);
}

/* --- it dies --- */

static void on_broker_lost(struct keeper *k, const siginfo_t *info)
{
	uint64_t served_ms = k->served_ms;

	replace_broker(k);
	notify_say(k->config->notify, NOTIFY_NOTHING, "The broker was lost; another is being started");
	log_error("broker-lost", "status=%d served_ms=%llu restart_in_ms=%llu", info->si_status,
		  (unsigned long long)(served_ms ? clock_ms() - served_ms : 0), (unsigned long long)k->restart_ms);
}

void succession_on_died(struct keeper *k, struct keeper_broker *b, const siginfo_t *info)
{
	enum keeper_broker_state state = b->state;

	succession_on_broker(k, b); /* what it asked for before it died counts */
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
		if (!k->store.on) /* else they wait for the next keeper */
			keeper_roomds_end(&k->roomds);
	} else if (b == k->current) {
		on_broker_lost(k, info);
	} else if (state != BROKER_LEAVING && k->current) {
		log_error("reload-failed", "status=%d", info->si_status);
		notify_say(k->config->notify, NOTIFY_NOTHING, status_failed);
	} else if (state != BROKER_LEAVING) {
		log_error("broker-lost", "status=%d served_ms=0 restart_in_ms=%llu", info->si_status,
			  (unsigned long long)restart_later(k));
	}
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

uint64_t succession_tick(struct keeper *k, uint64_t now_ms)
{
	if (k->restart_at_ms && now_ms >= k->restart_at_ms)
		start_broker_or_retry(k);
	uint64_t handover_at_ms = end_handover(k, now_ms);
	return keeper_earlier(k->restart_at_ms, handover_at_ms);
}

int succession_inherit(struct keeper *k, pid_t pid, int channel)
{
	if (channel < 0)
		return succession_start(k);
	/* It serves, and another is to take over from it. */
	k->current = &k->brokers[0];
	k->settled = true;
	k->state = KEEPER_RUNNING;
	k->served_ms = clock_ms();
	k->reload_due = true;
	k->roomds.broker = channel;
	return keeper_broker_adopt(k->current, pid, channel);
}
