/*
 * main - broker: accepts clients, keeps the lobby, gives every room a process of its own.
 *
 * Started by the keeper with one descriptor: the channel to it. Settings and listeners come over that.
 *
 * States: STARTING --CONFIGURE ... LISTENERs--> equipped --the rooms of the broker before, INHERITED--> first roomd
 * asked for --READY--> SERVING --SIGTERM, keeper gone, or handed over--> STOPPING
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bsd/unistd.h>

#include "broker.h"
#include "echo.h"
#include "lobby.h"
#include "lockdown.h"
#include "log.h"
#include "namespaces.h"
#include "process_fds.h"
#include "sandbox.h"
#include "title.h"

static struct broker broker;

/* --- start --- */

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN); /* Ctrl-C reaches the whole terminal; the keeper tells us when to go */
	signal(SIGHUP, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void on_signal(struct source *source, uint32_t events)
{
	struct signalfd_siginfo info;

	(void)events;
	while (read(source->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		broker_stop(&broker);
}

static uint32_t fds_max(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 1024;
	return limit.rlim_cur > UINT32_MAX ? UINT32_MAX : (uint32_t)limit.rlim_cur;
}

void broker_on_site(struct broker *b, int directory)
{
	int error = site_load(&b->site, directory);

	if (error < 0)
		log_warn("no-page", "error=\"%s\"", strerror(-error));
}

/* Says which layers of the sandbox are in force in `who`, and which are missing. Returns whether we may go on so. */
static bool judge_sandbox(const struct broker *b, const char *who, uint32_t layers)
{
	char names[128];

	/* Where all is well, the one line of a start is "ready". */
	log_event(layers == SANDBOX_ALL ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, "sandbox", "process=%s layers=%s", who,
		  lockdown_names(layers, names, sizeof(names)));
	if (layers == SANDBOX_ALL)
		return true;
	lockdown_names(SANDBOX_ALL & ~layers, names, sizeof(names));
	if (b->settings.sandbox == SETTING_SANDBOX_REQUIRE) {
		log_error("sandbox", "process=%s missing=%s advice=\"use a kernel that has it, or set sandbox = auto\"",
			  who, names);
		return false;
	}
	log_warn("sandbox", "process=%s missing=%s", who, names);
	return true;
}

bool broker_accepts_sandbox(struct broker *b, uint32_t layers)
{
	const uint32_t before = b->pool.sandbox_layers;

	if (b->serving && (before & ~layers) != 0 && !judge_sandbox(b, "roomd", layers))
		return false;
	b->pool.sandbox_layers &= layers;
	return true;
}

void broker_on_equipped(struct broker *b)
{
	int error = lobby_init(b);

	if (error == 0)
		error = http_new(&b->http);
	if (error < 0) {
		log_error("start", "error=\"%s\"", strerror(-error));
		broker_stop(b);
		return;
	}
	log_debug("landlock", "version=%u", lockdown_landlock_abi());
	b->namespaces = namespaces_probe();
	/* All that is ever opened is open; no client has been seen yet. */
	b->sandbox_layers = sandbox_enter(SANDBOX_ALL);
	if (!judge_sandbox(b, "broker", b->sandbox_layers)) {
		broker_stop(b);
		return;
	}
	keeper_equipped(&b->keeper);
}

void broker_on_inherited(struct broker *b)
{
	b->inherited = true;
	control_serve(&b->control);
	metrics_serve(&b->metrics);
	pool_refill(&b->pool);
	broker_try_serve(b);
}

int broker_on_memory(struct broker *b, int file)
{
	off_t size = lseek(file, 0, SEEK_END);
	struct broker_memory *memory =
	    mmap(NULL, sizeof(struct broker_memory), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

	close(file);
	if (memory == MAP_FAILED || size < (off_t)sizeof(struct broker_memory))
		return -ENOMEM;
	b->memory = memory;
	if (memory->version == BROKER_MEMORY_VERSION) {
		if (memory->log_chosen && memory->log_setting == (uint32_t)b->settings.log_level) {
			b->settings.log_level = (int)memory->log_level;
			log_set_level((enum log_level)memory->log_level);
		}
		return 0;
	}
	uint8_t key[sizeof(memory->log_key)];
	memcpy(key, memory->log_key, sizeof(key));
	/* The first broker's; or another version's, of which only what never moves is known. */
	*memory = (struct broker_memory){
	    .version = BROKER_MEMORY_VERSION,
	    .clients = memory->clients,
	    .rooms = memory->rooms,
	    .started_ms = b->loop.now_ms,
	};
	memcpy(memory->log_key, key, sizeof(key));
	return 0;
}

void broker_try_serve(struct broker *b)
{
	if (!b->inherited || !b->pool.proven || b->serving)
		return;
	if (!judge_sandbox(b, "roomd", b->pool.sandbox_layers)) {
		broker_stop(b);
		return;
	}
	b->serving = true;
	handover_serve(&b->handover);
	acceptor_open(&b->acceptor);
	keeper_serving(&b->keeper);
	pool_settle(&b->pool);
	if (echo_is_on())
		log_warn("echo", "advice=\"this build echoes, and serves nobody: install another\"");
	log_info("ready", "version=" VIDEO_SIGNALING_VERSION " listeners=%u descriptors=%u", b->acceptor.count,
		 b->fds_max);
}

/* --- end --- */

void broker_leave(struct broker *b)
{
	b->stopping = true;
	b->stop_at_ms = b->loop.now_ms + LIMIT_GOODBYE_MS;
	loop_timer_set(&b->loop, &b->stop_timer, b->stop_at_ms);
}

void broker_stop(struct broker *b)
{
	struct client *c;

	if (b->stopping)
		return;
	broker_leave(b);
	acceptor_close(&b->acceptor);
	control_close(&b->control);
	metrics_close(&b->metrics);
	TAILQ_FOREACH (c, &b->clients.all, link) {
		if (c->state == CLIENT_WAITING)
			room_forget(c->room, c);
		if (c->state == CLIENT_LOBBY || c->state == CLIENT_WAITING)
			client_close(c, WS_CLOSE_GOING_AWAY, "the server stops");
		else if (c->state == CLIENT_REQUEST)
			client_end(c, false);
	}
}

static void on_stop_time(struct timer *timer)
{
	(void)timer;
}

/* Is anybody still being said goodbye to? Whoever stretches that does not stretch everyone's. */
static bool is_busy(const struct broker *b)
{
	const struct client *c;

	if (b->loop.now_ms >= b->stop_at_ms)
		return false;
	TAILQ_FOREACH (c, &b->clients.all, link)
		if (c->state == CLIENT_CLOSING || c->state == CLIENT_LINGERING)
			return true;
	return false;
}

int main(int argc, char *argv[], char *envp[])
{
	struct source signals = {.on = on_signal};
	struct stat channel;

	title_init(argc, argv, envp);
	if (fstat(BROKER_FD_KEEPER, &channel) < 0 || !S_ISSOCK(channel.st_mode)) {
		fputs("broker: this is started by video-signaling; it can't be run by hand\n", stderr);
		return 1;
	}
	/* One that is stopped must still notice that the keeper is gone. */
	prctl(PR_SET_PDEATHSIG, SIGCONT);
	prctl(PR_SET_NAME, "broker"); /* executed by descriptor, it would be called by that number */
	closefrom(BROKER_FD_KEEPER + 1);
	title_set("video-signaling: broker");
	clients_init(&broker.clients);
	registry_init(&broker.registry);
	resume_init(&broker);
	TAILQ_INIT(&broker.healing);
	pool_init(&broker.pool, &broker);
	acceptor_init(&broker.acceptor, &broker);
	broker.stop_timer.on = on_stop_time;
	handover_init(&broker.handover, &broker);
	control_init(&broker.control, &broker);
	metrics_init(&broker.metrics, &broker);
	RB_INIT(&broker.addresses);
	broker.fds_max = fds_max();
	signals.fd = open_signals();
	int error = loop_init(&broker.loop);
	if (error == 0)
		error = loop_watch(&broker.loop, &signals, EPOLLIN);

	if (error == 0)
		error = keeper_link_init(&broker.keeper, &broker);
	if (error < 0) {
		log_error("start", "error=\"%s\"", strerror(-error));
		return 1;
	}
	while (!broker.stopping || is_busy(&broker)) {
		loop_turn(&broker.loop);
		keeper_flush(&broker.keeper);
	}
	log_flush();
	return broker.serving ? 0 : 1;
}
