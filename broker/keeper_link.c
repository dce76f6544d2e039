/* keeper_link - the broker's end of the channel to the keeper. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "broker.h"
#include "heal.h"
#include "ipc.h"
#include "log.h"
#include "process_fds.h"
#include "room_limits.h"

/* --- saying --- */

/* The keeper reads as fast as we can ask; a channel that is full of our messages is one that has stopped reading. */
static void say(struct keeper_link *k, enum ipc_type type, const void *body)
{
	int error = ipc_send(k->channel.fd, type, body, NULL, 0, -1);

	if (error < 0 && error != -EPIPE)
		log_error("keeper-channel", "message=%s error=\"%s\"", ipc_name(type), strerror(-error));
}

void keeper_equipped(struct keeper_link *k)
{
	say(k, IPC_EQUIPPED, &(struct ipc_nothing){0});
}

void keeper_serving(struct keeper_link *k)
{
	struct ipc_nothing nothing = {0};

	say(k, IPC_SERVING, &nothing);
	k->state = IPC_IN_SERVING;
}

void keeper_spawn(struct keeper_link *k, uint32_t count)
{
	k->spawns_due += count;
}

/* The bodies of what is said of one roomd begin alike. */
_Static_assert(offsetof(struct ipc_release, roomd) == offsetof(struct ipc_which, roomd), "the roomd comes first");

/* Returns false if the channel takes no more. */
static bool say_due(struct keeper_link *k)
{
	struct keeper_due *due;

	while ((due = TAILQ_FIRST(&k->due)) != NULL) {
		if (ipc_send(k->channel.fd, due->type, &due->what, NULL, 0, -1) == -EAGAIN)
			return false;
		TAILQ_REMOVE(&k->due, due, link);
		free(due);
	}
	struct ipc_spawn spawn = {.count = k->spawns_due};
	if (k->spawns_due && ipc_send(k->channel.fd, IPC_SPAWN, &spawn, NULL, 0, -1) == -EAGAIN)
		return false;
	k->spawns_due = 0;
	return true;
}

/* Says something of one roomd, in its order, when the turn is over; without memory to wait in, at once. */
static void say_of(struct keeper_link *k, enum ipc_type type, const struct ipc_release *what)
{
	struct keeper_due *due = malloc(sizeof(*due));

	if (due) {
		*due = (struct keeper_due){.type = type, .what = *what};
		TAILQ_INSERT_TAIL(&k->due, due, link);
	} else if (!say_due(k) || ipc_send(k->channel.fd, type, what, NULL, 0, -1) == -EAGAIN) {
		log_error("keeper-channel", "message=%s error=\"%s\"", ipc_name(type), strerror(ENOMEM));
	}
}

void keeper_flush(struct keeper_link *k)
{
	bool all = say_due(k);

	if (k->channel.interest)
		loop_watch(&k->broker->loop, &k->channel, all ? EPOLLIN : EPOLLIN | EPOLLOUT);
}

void keeper_handed_over(struct keeper_link *k)
{
	say_due(k);
	say(k, IPC_HANDED_OVER, &(struct ipc_nothing){0});
}

void keeper_release(struct keeper_link *k, uint64_t roomd)
{
	say_of(k, IPC_RELEASE, &(struct ipc_release){.roomd = roomd});
}

void keeper_release_all_but_roster(struct keeper_link *k, uint64_t roomd)
{
	say_of(k, IPC_RELEASE, &(struct ipc_release){.roomd = roomd, .keeps_roster = 1});
}

void keeper_kill(struct keeper_link *k, uint64_t roomd)
{
	say_of(k, IPC_KILL, &(struct ipc_release){.roomd = roomd});
}

void keeper_heir(struct keeper_link *k, uint64_t roomd)
{
	say_of(k, IPC_HEIR, &(struct ipc_release){.roomd = roomd});
}

/* --- hearing --- */

static void on_roomd(struct keeper_link *k, const struct ipc_roomd *body, int channel, int ledger)
{
	struct roomd_start start = {.number = body->roomd,
				    .pid = body->pid,
				    .channel = channel,
				    .ledger = ledger,
				    .roster = -1,
				    .roster_number = body->roster,
				    .fresh = !body->inherited && !body->heir_of};

	if (k->roster_number == body->roster) {
		start.roster = k->roster;
		k->roster = -1;
	}
	if (body->inherited)
		census_begin(k->broker, &start);
	else if (body->heir_of)
		heal_on_heir(k->broker, body->heir_of, &start);
	else
		pool_on_started(&k->broker->pool, &start);
}

/* Keeps it for the roomd that comes next, instead of what was kept before. */
static void on_roster(struct keeper_link *k, const struct ipc_roster *body, int file)
{
	if (k->roster >= 0)
		close(k->roster);
	k->roster = file;
	k->roster_number = body->roster;
}

static int on_configure(struct broker *b, const struct ipc_configure *body, int file)
{
	struct settings_problem problem;
	char *text = mmap(NULL, body->settings_bytes, PROT_READ, MAP_PRIVATE, file, 0);

	close(file);
	if (text == MAP_FAILED)
		return -errno;
	int error = settings_parse(text, body->settings_bytes, &b->settings, &problem);
	munmap(text, body->settings_bytes);
	if (error < 0) {
		log_error("settings", "problem=\"%s\"", problem.text);
		return error;
	}
	struct log_config log = {.process = "broker",
				 .level = (enum log_level)b->settings.log_level,
				 .names = (enum log_names)b->settings.log_names,
				 .format = (enum log_format)body->log_format,
				 .native = true};
	memcpy(log.key, body->log_key, sizeof(log.key));
	log_init(&log);
	b->limits = room_limits(&b->settings);
	return 0;
}

static int on_message(struct keeper_link *k, const struct ipc_message *m)
{
	const struct ipc_listener *listener = m->body;
	const struct ipc_spawn_failed *failed = m->body;

	switch (m->type) {
	case IPC_CONFIGURE:
		return on_configure(k->broker, m->body, m->fd);
	case IPC_CONTROL:
		control_open(&k->broker->control, m->fd, m->body);
		return 0;
	case IPC_METRICS:
		metrics_open(&k->broker->metrics, m->fd);
		return 0;
	case IPC_SITE:
		broker_on_site(k->broker, m->fd);
		return 0;
	case IPC_SECRETS:
		return access_init(k->broker, m->fd, ((const struct ipc_secrets *)m->body)->bytes);
	case IPC_LISTENER:
		acceptor_add(&k->broker->acceptor, m->fd, listener->kind);
		if (listener->number + 1 == listener->count)
			broker_on_equipped(k->broker);
		return 0;
	case IPC_ROOMD:
		on_roomd(k, m->body, m->fd, m->second_fd);
		return 0;
	case IPC_ROSTER:
		on_roster(k, m->body, m->fd);
		return 0;
	case IPC_MEMORY:
		return broker_on_memory(k->broker, m->fd);
	case IPC_INHERITED:
		broker_on_inherited(k->broker);
		return 0;
	case IPC_SUCCEED:
		handover_take(&k->broker->handover, m->fd);
		return 0;
	case IPC_HANDOVER:
		handover_give(&k->broker->handover, m->fd);
		return 0;
	case IPC_HEIR_FAILED:
		heal_on_no_heir(k->broker, ((const struct ipc_which *)m->body)->roomd);
		return 0;
	case IPC_SPAWN_FAILED:
		pool_on_failed(&k->broker->pool, failed->count, -failed->error);
		return 0;
	default:
		return -EPROTO;
	}
}

static void on_channel(struct source *source, uint32_t events)
{
	static struct ipc_inbox inbox;
	struct keeper_link *k = container_of(source, struct keeper_link, channel);
	struct ipc_message m;
	int error;

	(void)events; /* EPOLLOUT: what is due goes when the turn is over */
	do {
		error = ipc_recv(k->channel.fd, IPC_FROM_KEEPER, k->state, &inbox, &m);
		/* Too few descriptors for another roomd: that one fails, the rest go on. */
		if (error == 0 || (error == -EMFILE && (m.type == IPC_ROOMD || m.type == IPC_ROSTER)))
			error = on_message(k, &m);
	} while (error == 0);
	if (error == -EAGAIN)
		return;
	if (error != -EPIPE)
		log_error("keeper-channel", "error=\"%s\"", strerror(-error));
	loop_watch(&k->broker->loop, &k->channel, 0);
	broker_stop(k->broker);
}

int keeper_link_init(struct keeper_link *k, struct broker *broker)
{
	*k = (struct keeper_link){.channel = {.fd = BROKER_FD_KEEPER, .on = on_channel},
				  .broker = broker,
				  .state = IPC_IN_STARTING,
				  .roster = -1};
	TAILQ_INIT(&k->due);
	return loop_watch(&broker->loop, &k->channel, EPOLLIN);
}

void keeper_link_fini(struct keeper_link *k)
{
	loop_watch(&k->broker->loop, &k->channel, 0);
	close(k->channel.fd);
}
