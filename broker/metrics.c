/* metrics - the listener that Prometheus asks. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker.h"
#include "log.h"

static void end(struct metrics_connection *c)
{
	struct loop *loop = &c->metrics->broker->loop;

	loop_timer_cancel(loop, &c->timer);
	loop_watch(loop, &c->source, 0);
	close(c->source.fd);
	text_free(&c->answer);
	c->metrics->count--;
	if (c->metrics->listener.fd >= 0)
		loop_watch(loop, &c->metrics->listener, EPOLLIN);
	c->metrics = NULL;
}

/* --- the answer --- */

static void answer(struct metrics_connection *c, const char *status, const char *type, const struct text *body)
{
	text_format(&c->answer,
		    "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n"
		    "Cache-Control: no-store\r\n\r\n",
		    status, type, body->length);
	if (strncmp(c->head, "HEAD ", 5) != 0)
		text_bytes(&c->answer, body->at, body->length);
}

static void serve(struct metrics_connection *c)
{
	static const char version[] = "text/plain; version=0.0.4; charset=utf-8";
	static const char plain[] = "text/plain; charset=utf-8";
	size_t verb = strcspn(c->head, " ");
	const char *path = c->head + verb + (c->head[verb] == ' ');
	size_t path_length = strcspn(path, " ?");
	struct text body = {0};

	if (strncmp(c->head, "GET ", 4) != 0 && strncmp(c->head, "HEAD ", 5) != 0) {
		text_add(&body, "Only GET and HEAD are answered here.\n");
		answer(c, "405 Method Not Allowed", plain, &body);
	} else if (path_length != strlen("/metrics") || memcmp(path, "/metrics", path_length) != 0) {
		text_add(&body, "There is nothing here but /metrics.\n");
		answer(c, "404 Not Found", plain, &body);
	} else {
		metrics_write(&body, c->metrics);
		answer(c, "200 OK", version, &body);
	}
	text_free(&body);
}

static void on_writable(struct metrics_connection *c)
{
	ssize_t n =
	    send(c->source.fd, c->answer.at + c->answered, c->answer.length - c->answered, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	c->answered += n < 0 ? 0 : (size_t)n;
	if (n >= 0 && c->answered < c->answer.length)
		return;
	if (n >= 0)
		shutdown(c->source.fd, SHUT_WR);
	end(c);
}

/* --- the question --- */

static void on_readable(struct metrics_connection *c)
{
	ssize_t n = recv(c->source.fd, c->head + c->head_length, sizeof(c->head) - 1 - c->head_length, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		end(c);
		return;
	}
	c->head_length += (size_t)n;
	c->head[c->head_length] = '\0';
	/* The first line is all that matters; of the rest, no more is read than fits. */
	bool whole = memmem(c->head, c->head_length, "\r\n\r\n", 4) != NULL;
	if (!whole && c->head_length < sizeof(c->head) - 1)
		return;
	if (!memchr(c->head, '\n', c->head_length)) {
		end(c);
		return;
	}
	serve(c);
	loop_watch(&c->metrics->broker->loop, &c->source, EPOLLOUT);
}

static void on_connection(struct source *source, uint32_t events)
{
	struct metrics_connection *c = container_of(source, struct metrics_connection, source);

	if (c->answer.length > 0 || c->answer.failed)
		on_writable(c);
	else if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		on_readable(c);
}

static void on_late(struct timer *timer)
{
	end(container_of(timer, struct metrics_connection, timer));
}

static void on_listener(struct source *source, uint32_t events)
{
	struct metrics *m = container_of(source, struct metrics, listener);
	struct metrics_connection *c = m->connections;

	(void)events;
	while (c < m->connections + METRICS_CONNECTIONS && c->metrics)
		c++;
	if (c == m->connections + METRICS_CONNECTIONS) {
		loop_watch(&m->broker->loop, source, 0); /* until one has ended */
		return;
	}
	int fd = accept4(source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0) {
		/* Without descriptors this would come back at once: better no metrics for good than a busy broker. */
		if (errno == EMFILE || errno == ENFILE) {
			log_warn("metrics", "error=\"%s\"", strerror(errno));
			loop_watch(&m->broker->loop, source, 0);
		}
		return;
	}
	*c = (struct metrics_connection){.source = {.fd = fd, .on = on_connection}, .timer.on = on_late, .metrics = m};
	m->count++;
	loop_timer_set(&m->broker->loop, &c->timer, m->broker->loop.now_ms + METRICS_MS);
	if (loop_watch(&m->broker->loop, &c->source, EPOLLIN) < 0)
		end(c);
}

/* The memory of the control group that we run in (cgroups(7), version 2); the root group has none. */
static int open_cgroup(void)
{
	char group[256];
	char path[512];
	int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, group, sizeof(group) - 1) : -1;

	if (fd >= 0)
		close(fd);
	group[n > 0 ? n : 0] = '\0';
	group[strcspn(group, "\n")] = '\0';
	if (strncmp(group, "0::/", 4) != 0)
		return -1;
	snprintf(path, sizeof(path), "/sys/fs/cgroup%s/memory.current", group + 3);
	return open(path, O_RDONLY | O_CLOEXEC);
}

void metrics_init(struct metrics *m, struct broker *broker)
{
	char path[64];

	*m = (struct metrics){
	    .broker = broker, .listener = {.fd = -1, .on = on_listener}, .page_bytes = (uint64_t)sysconf(_SC_PAGESIZE)};
	snprintf(path, sizeof(path), "/proc/%d/statm", getppid());
	m->own_statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	m->keeper_statm = open(path, O_RDONLY | O_CLOEXEC);
	m->cgroup_memory = open_cgroup();
}

void metrics_open(struct metrics *m, int listener)
{
	m->listener.fd = listener;
}

void metrics_serve(struct metrics *m)
{
	if (m->listener.fd >= 0 && loop_watch(&m->broker->loop, &m->listener, EPOLLIN) < 0)
		log_error("metrics", "error=\"the listener can't be waited for\"");
}

void metrics_close(struct metrics *m)
{
	int listener = m->listener.fd;

	if (listener < 0)
		return;
	loop_watch(&m->broker->loop, &m->listener, 0);
	close(listener);
	m->listener.fd = -1;
	for (int i = 0; i < METRICS_CONNECTIONS; i++)
		if (m->connections[i].metrics)
			end(&m->connections[i]);
}
