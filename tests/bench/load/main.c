/*
 * bench_load - a load generator for signaling servers: epoll, one thread, its own WebSocket client.
 * Starts the server under test, measures one thing, prints JSON, stops the server, ends. Everything is on loopback and
 * bounded in count and time.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "modes.h"

#define DESCRIPTORS 262144

static const struct {
	const char *name;
	mode_run *run;
	const char *help;
} modes[] = {
    {"join", mode_join, "connect to joined, one at a time, each into a new room"},
    {"join-warm", mode_join_warm, "the same, into rooms with one member"},
    {"join-many", mode_join_many, "--concurrency joins under way, rooms of two"},
    {"join-many-warm", mode_join_many_warm, "the same, each into a room with one member"},
    {"rooms", mode_rooms, "rooms made and left, --concurrency at a time"},
    {"latency", mode_latency, "one room, one signal at a time, there and back"},
    {"throughput", mode_throughput, "--rooms rooms, --window signals under way in each"},
    {"open-loop", mode_open_loop, "--rate signals a second over --rooms rooms, latency from when each was due"},
    {"exact", mode_exact, "--count signals in one room, --batch in a write; the same work every time"},
    {"idle", mode_idle, "memory and CPU of --rooms idle rooms of two"},
    {"growth", mode_growth, "cost of a join and a signal beside 10 to --rooms rooms"},
    {"startup", mode_startup, "from start to address and to first joined, --count times"},
};

static void help(void)
{
	puts("bench_load [OPTION...] MODE -- SERVER ARGUMENT...\n"
	     "bench_load [OPTION...] MODE --port PORT --pid PID\n\n"
	     "SERVER prints http://HOST:PORT when it listens.\n");
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
		printf("  %-14s %s\n", modes[i].name, modes[i].help);
	puts("\n"
	     "  --dialect rooms|peerjs   --rooms N   --count N   --concurrency N   --size BYTES   --window N   --batch "
	     "N\n"
	     "  --rate PER_SECOND   --seconds S   --pause-ms MS   --patience-s S   --label TEXT\n"
	     "  --pin   the load generator on one CPU, the server on another: without it one wakes the other now on "
	     "its\n"
	     "          own CPU, now across, which is several times as slow, and a latency says mostly which");
}

/* Two descriptors a room here, and as many and more in the server, which inherits the limit. */
static void descriptors_raise(void)
{
	struct rlimit limit = {DESCRIPTORS, DESCRIPTORS};
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
		return;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static struct load load = {
    .options =
	{
	    .rooms = 100,
	    .count = 1000,
	    .concurrency = 64,
	    .size = 2048,
	    .window = 8,
	    .batch = 1,
	    .rate = 10000,
	    .duration_ns = 1000000000U,
	    .patience_ns = 30000000000U,
	    .server_cpu = -1,
	},
    .crowd = {.epoll_fd = -1},
};

static bool option_set(struct options *o, const char *name, const char *value)
{
	const struct {
		const char *name;
		size_t *at;
	} sizes[] = {
	    {"rooms", &o->rooms}, {"count", &o->count},   {"concurrency", &o->concurrency},
	    {"size", &o->size},   {"window", &o->window}, {"batch", &o->batch},
	};
	if (strcmp(name, "dialect") == 0) {
		o->dialect = strcmp(value, "peerjs") == 0 ? DIALECT_PEERJS : DIALECT_ROOMS;
		return o->dialect == DIALECT_PEERJS || strcmp(value, "rooms") == 0;
	}
	if (strcmp(name, "label") == 0) {
		o->label = value;
		return true;
	}
	char *end;
	double number = strtod(value, &end);
	if (end == value || *end != '\0' || number < 0 || number > 1e9)
		return false;
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		if (strcmp(name, sizes[i].name) == 0) {
			*sizes[i].at = (size_t)number;
			return number >= 1;
		}
	}
	if (strcmp(name, "rate") == 0)
		o->rate = (uint64_t)number;
	else if (strcmp(name, "seconds") == 0)
		o->duration_ns = (uint64_t)(number * 1e9);
	else if (strcmp(name, "pause-ms") == 0)
		o->pause_ns = (uint64_t)(number * 1e6);
	else if (strcmp(name, "patience-s") == 0)
		o->patience_ns = (uint64_t)(number * 1e9);
	else if (strcmp(name, "port") == 0)
		load.server.port = (uint16_t)number;
	else if (strcmp(name, "pid") == 0)
		load.server.pid = (pid_t)number;
	return number > 0 || strcmp(name, "pause-ms") == 0;
}

static int usage_error(const char *what, const char *which)
{
	fprintf(stderr, "bench_load: %s%s; see bench_load --help\n", what, which);
	return 2;
}

/* The server under test goes with us: it is told to by the kernel (PR_SET_PDEATHSIG), or here. */
static void on_signal(int signal_number)
{
	if (load.options.command != NULL && load.server.pid > 0)
		kill(load.server.pid, SIGTERM);
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

static int run(mode_run *mode)
{
	int error = 0, status = 0;
	load.server.output = -1;
	if (load.options.command != NULL)
		error = server_start(&load.server, (char *const *)load.options.command, load.options.server_cpu,
				     load.options.patience_ns);
	if (error != 0) {
		fprintf(stderr, "bench_load: %s did not start: %s\n", load.options.command[0], strerror(-error));
		return 1;
	}
	error = mode(&load);
	if (error != 0)
		fprintf(stderr, "bench_load: %s (%s)\n", load.crowd.what != NULL ? load.crowd.what : "failed",
			strerror(-error));
	crowd_fini(&load.crowd);
	if (load.options.command != NULL)
		status = server_stop(&load.server, load.options.patience_ns);
	if (status < 0 || (status != 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL))
		error = -ETIMEDOUT;
	return error != 0;
}

int main(int argc, char *argv[])
{
	static const struct option longs[] = {
	    {"dialect", 1, NULL, 'o'},
	    {"label", 1, NULL, 'o'},
	    {"rooms", 1, NULL, 'o'},
	    {"count", 1, NULL, 'o'},
	    {"concurrency", 1, NULL, 'o'},
	    {"size", 1, NULL, 'o'},
	    {"window", 1, NULL, 'o'},
	    {"batch", 1, NULL, 'o'},
	    {"rate", 1, NULL, 'o'},
	    {"seconds", 1, NULL, 'o'},
	    {"pause-ms", 1, NULL, 'o'},
	    {"patience-s", 1, NULL, 'o'},
	    {"port", 1, NULL, 'o'},
	    {"pid", 1, NULL, 'o'},
	    {"pin", 0, NULL, 'p'},
	    {"help", 0, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	int which, option;
	while ((option = getopt_long(argc, argv, "h", longs, &which)) != -1) {
		if (option == 'h') {
			help();
			return 0;
		}
		if (option == 'p') {
			cpu_bind(0);
			load.options.server_cpu = 1;
			continue;
		}
		if (option != 'o')
			return 2;
		if (!option_set(&load.options, longs[which].name, optarg))
			return usage_error("a value that makes no sense: --", longs[which].name);
	}
	/* getopt has moved the mode behind the options, and what follows "--" behind the mode. */
	if (optind >= argc)
		return usage_error("which mode?", "");
	const char *name = argv[optind++];
	if (optind < argc)
		load.options.command = &argv[optind];
	else if (load.server.port == 0 || load.server.pid == 0)
		return usage_error("which server?", "");

	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	prctl(PR_SET_TIMERSLACK, 1UL);
	prctl(PR_SET_CHILD_SUBREAPER, 1UL);
	descriptors_raise();
	message_mask_choose();
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
		if (strcmp(name, modes[i].name) == 0)
			return run(modes[i].run);
	}
	return usage_error("no such mode: ", name);
}
