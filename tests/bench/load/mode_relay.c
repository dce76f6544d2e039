/* Relays: latency of one room, throughput of many, and an open loop without coordinated omission. */
#include "modes.h"
#include "report.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>

static struct histogram times;

struct relay {
	struct load *load;
	struct message message;
	bool sending; /* credit is spent, not only gathered */
	uint64_t sent;
	uint64_t received;
	uint64_t began_ns;         /* an open loop's */
	struct histogram *windows; /* ... and its latencies, by when they were due */
	size_t window_count;
};

/* An open loop's percentiles are also those of its median window: whatever else the machine does now and then, for a
 * hundredth of a second, delays one in a hundred signals of the whole run, and is in few of the windows. */
#define WINDOW_NS 100000000U

/* Clients 2i and 2i + 1 are room i; even ones send, odd ones receive. */
static int relay_begin(struct load *l, struct relay *r)
{
	*r = (struct relay){.load = l};
	int error = message_init(&r->message, l->options.dialect, l->options.size);
	if (error == 0)
		error = crowd_init(&l->crowd, l->options.dialect, l->server.port, 2 * l->options.rooms);
	if (error == 0)
		error = load_fill(l, 0, l->crowd.count, 0, 2, 16);
	if (error == 0)
		error = load_settle(l);
	l->crowd.context = r;
	l->crowd.expected = &r->message;
	return error;
}

static void relay_report(const struct load *l, const char *mode)
{
	report_load(l, mode);
	report_number("rooms", (double)l->options.rooms);
	report_number("size", (double)l->options.size);
}

static uint64_t own_cpu_ns(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000000U +
	       (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1000U;
}

/* One signal there, one back, one at a time. */
int mode_latency(struct load *l)
{
	struct relay r;
	struct usage before, after;
	l->options.rooms = 1;
	int error = relay_begin(l, &r);
	struct client *a = l->crowd.clients, *b = a + 1;
	for (size_t i = 0; error == 0 && i < l->options.count / 10; i++)
		error = load_relay_one(l, &r.message, a, b);
	server_usage(&l->server, &before);
	for (size_t i = 0; error == 0 && i < l->options.count; i++) {
		uint64_t began = now_ns();
		error = load_relay_one(l, &r.message, i % 2 == 0 ? a : b, i % 2 == 0 ? b : a);
		histogram_add(&times, now_ns() - began);
	}
	if (error == 0) {
		server_usage(&l->server, &after);
		relay_report(l, "latency");
		report_durations("relay", &times);
		report_number("cpu_us_each", (double)(after.cpu_ns - before.cpu_ns) / 1000 / (double)times.count);
		report_end();
	}
	message_fini(&r.message);
	return error;
}

static void throughput_on_signal(struct crowd *c, struct client *client, const struct frame *f)
{
	(void)f;
	((struct relay *)c->context)->received++;
	client->credit++;
}

/* What has been received may be sent anew. */
static void throughput_on_batch(struct crowd *c, struct client *client)
{
	struct relay *r = c->context;
	if (!r->sending || client->credit == 0)
		return;
	struct client *sender = client - 1; /* receivers are the odd ones */
	r->sent += client->credit;
	load_send(r->load, &r->message, sender, client->credit, 0, client->number);
	client->credit = 0;
}

/* Every room has a window of signals under way, for so long; until all have come. */
static int throughput_run(struct load *l, struct relay *r, uint64_t duration_ns)
{
	struct crowd *c = &l->crowd;
	uint64_t end = now_ns() + duration_ns;
	r->sending = true;
	r->sent = r->received = 0;
	for (size_t i = 0; i < c->count && c->error == 0; i += 2) {
		c->clients[i + 1].credit = 0;
		r->sent += l->options.window;
		load_send(l, &r->message, &c->clients[i], l->options.window, 0, c->clients[i + 1].number);
	}
	for (uint64_t now; (now = now_ns()) < end && c->error == 0;)
		crowd_turn(c, end - now);
	r->sending = false;
	uint64_t deadline = now_ns() + l->options.patience_ns;
	while (c->error == 0 && r->received < r->sent) {
		if (now_ns() > deadline)
			return crowd_fail(c, -ETIMEDOUT, "signals were lost");
		crowd_turn(c, 100000000U);
	}
	return c->error;
}

int mode_throughput(struct load *l)
{
	struct relay r;
	struct usage before, after;
	int error = relay_begin(l, &r);
	l->crowd.on_signal = throughput_on_signal;
	l->crowd.on_batch = throughput_on_batch;
	if (error == 0)
		error = throughput_run(l, &r, l->options.duration_ns / 5); /* warm up */
	if (error == 0)
		error = server_usage(&l->server, &before);
	uint64_t began = now_ns(), own = own_cpu_ns();
	if (error == 0)
		error = throughput_run(l, &r, l->options.duration_ns);
	double took = (double)(now_ns() - began);
	own = own_cpu_ns() - own;
	if (error == 0)
		error = server_usage(&l->server, &after);
	if (error == 0) {
		relay_report(l, "throughput");
		report_number("window", (double)l->options.window);
		report_number("per_second", (double)r.received * 1e9 / took);
		report_number("cpu_us_each", (double)(after.cpu_ns - before.cpu_ns) / 1000 / (double)r.received);
		report_number("load_cpu_us_each", (double)own / 1000 / (double)r.received);
		report_end();
	}
	message_fini(&r.message);
	return error;
}

static void open_loop_on_signal(struct crowd *c, struct client *client, const struct frame *f)
{
	uint64_t stamp;
	struct relay *r = c->context;
	(void)client;
	r->received++;
	if (!frame_stamp(f, &stamp)) {
		crowd_fail(c, -EBADMSG, "a signal without its stamp");
	} else if (stamp != 1) {
		uint64_t took = now_ns() - stamp, window = (stamp - r->began_ns) / WINDOW_NS;
		histogram_add(&times, took);
		if (window < r->window_count)
			histogram_add(&r->windows[window], took);
	}
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Signal i is due at i / rate, whatever became of those before; its latency counts from when it was due. The room is
 * chosen at random, with the same seed every time. */
static int open_loop_run(struct load *l, struct relay *r, uint64_t duration_ns, bool measured)
{
	struct crowd *c = &l->crowd;
	uint64_t seed = 88172645463325252U, total = l->options.rate * duration_ns / 1000000000U;
	r->began_ns = now_ns();
	r->sent = r->received = 0;
	while (r->sent < total && c->error == 0) {
		uint64_t now = now_ns(), due = r->began_ns + r->sent * 1000000000U / l->options.rate;
		if (now < due) {
			crowd_turn(c, due - now);
			continue;
		}
		struct client *sender = &c->clients[next_random(&seed) % l->options.rooms * 2];
		load_send(l, &r->message, sender, 1, measured ? due : 1, sender[1].number);
		/* Receive now and then even when late: a client on a machine of its own would. */
		if (++r->sent % 8 == 0)
			crowd_turn(c, 0);
	}
	uint64_t deadline = now_ns() + l->options.patience_ns;
	while (c->error == 0 && r->received < r->sent) {
		if (now_ns() > deadline)
			return crowd_fail(c, -ETIMEDOUT, "signals were lost");
		crowd_turn(c, 100000000U);
	}
	return c->error;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* The median of the windows' p99; `p99` has place for one of each. */
static double usual_p99_us(const struct relay *r, double *p99)
{
	size_t n = 0;
	for (size_t i = 0; i < r->window_count; i++)
		if (r->windows[i].count > 0)
			p99[n++] = histogram_percentile(&r->windows[i], 99) / 1000;
	qsort(p99, n, sizeof *p99, by_value);
	return p99[n / 2];
}

int mode_open_loop(struct load *l)
{
	struct relay r;
	struct usage before, after;
	int error = relay_begin(l, &r);
	r.window_count = (size_t)(l->options.duration_ns / WINDOW_NS) + 1;
	r.windows = calloc(r.window_count, sizeof *r.windows);
	double *p99 = calloc(r.window_count, sizeof *p99);
	if (!r.windows || !p99)
		error = -ENOMEM;
	l->crowd.on_signal = open_loop_on_signal;
	if (error == 0)
		error = open_loop_run(l, &r, l->options.duration_ns / 5, false);
	if (error == 0)
		error = server_usage(&l->server, &before);
	if (error == 0)
		error = open_loop_run(l, &r, l->options.duration_ns, true);
	if (error == 0)
		error = server_usage(&l->server, &after);
	if (error == 0) {
		relay_report(l, "open-loop");
		report_number("rate", (double)l->options.rate);
		report_durations("relay", &times);
		report_number("relay_usual_p99_us", usual_p99_us(&r, p99));
		report_number("cpu_us_each", (double)(after.cpu_ns - before.cpu_ns) / 1000 / (double)r.received);
		report_end();
	}
	free(p99);
	free(r.windows);
	message_fini(&r.message);
	return error;
}

/* Exactly `count` signals, `batch` in one write and the next when all are there: the same work every time, for
 * counting instructions. Batch 0: only the joins. */
int mode_exact(struct load *l)
{
	struct relay r;
	l->options.rooms = 1;
	int error = relay_begin(l, &r);
	struct crowd *c = &l->crowd;
	struct client *a = c->clients, *b = a + 1;
	for (size_t sent = 0; error == 0 && sent < l->options.count;) {
		size_t batch = l->options.count - sent < l->options.batch ? l->options.count - sent : l->options.batch;
		uint64_t wanted = b->received + batch, deadline = now_ns() + l->options.patience_ns;
		error = load_send(l, &r.message, a, batch, 0, b->number);
		while (error == 0 && b->received < wanted)
			error = now_ns() > deadline ? crowd_fail(c, -ETIMEDOUT, "signals were lost")
						    : crowd_turn(c, 100000000U);
		sent += batch;
	}
	if (error == 0) {
		relay_report(l, "exact");
		report_number("count", (double)l->options.count);
		report_number("batch", (double)l->options.batch);
		report_end();
	}
	message_fini(&r.message);
	return error;
}
