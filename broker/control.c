/* control - the Unix socket at which operators ask and act. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker.h"
#include "log.h"

/* When accepting has failed for want of something. */
#define RETRY_MS 100

/* --- whose turn it is --- */

void control_enqueue(struct control_client *c)
{
	struct control *control = c->control;

	if (c->is_ready)
		return;
	c->is_ready = true;
	TAILQ_INSERT_TAIL(&control->ready, c, ready_link);
	loop_timer_set(&control->broker->loop, &control->ready_timer, control->broker->loop.now_ms);
}

static void on_ready(struct timer *timer)
{
	struct control *control = container_of(timer, struct control, ready_timer);
	struct control_client *c;

	for (int i = 0; i < LIMIT_CONTROL_BATCH && (c = TAILQ_FIRST(&control->ready)) != NULL; i++) {
		TAILQ_REMOVE(&control->ready, c, ready_link);
		c->is_ready = false;
		control_client_work(c);
	}
	/* The rest has its turn when the sockets of clients have had theirs. */
	if (!TAILQ_EMPTY(&control->ready))
		loop_timer_set(&control->broker->loop, &control->ready_timer, control->broker->loop.now_ms + 1);
}

/* --- who comes in --- */

static void on_listener(struct source *source, uint32_t events)
{
	struct control *control = container_of(source, struct control, listener);

	(void)events;
	for (int i = 0; i < LIMIT_ACCEPT_BATCH; i++) {
		int fd = accept4(source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			control_client_new(control, fd);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
			loop_watch(&control->broker->loop, source, 0);
			loop_timer_set(&control->broker->loop, &control->accept_timer,
				       control->broker->loop.now_ms + RETRY_MS);
		}
		return;
	}
}

static void on_accept_again(struct timer *timer)
{
	struct control *control = container_of(timer, struct control, accept_timer);

	loop_watch(&control->broker->loop, &control->listener, EPOLLIN);
}

void control_init(struct control *control, struct broker *broker)
{
	*control = (struct control){.broker = broker,
				    .listener = {.fd = -1, .on = on_listener},
				    .accept_timer.on = on_accept_again,
				    .ready_timer.on = on_ready,
				    .own_pid = getpid(),
				    .keeper_pid = getppid()};
	TAILQ_INIT(&control->clients);
	TAILQ_INIT(&control->ready);
}

void control_open(struct control *control, int listener, const struct ipc_control *rights)
{
	control->listener.fd = listener;
	control->rights = *rights;
}

void control_serve(struct control *control)
{
	if (control->listener.fd >= 0 && loop_watch(&control->broker->loop, &control->listener, EPOLLIN) < 0)
		log_error("control", "error=\"the control socket can't be waited for\"");
}

void control_close(struct control *control)
{
	struct control_client *c;

	loop_timer_cancel(&control->broker->loop, &control->accept_timer);
	if (control->listener.fd >= 0) {
		loop_watch(&control->broker->loop, &control->listener, 0);
		close(control->listener.fd);
		control->listener.fd = -1;
	}
	while ((c = TAILQ_FIRST(&control->clients)) != NULL)
		control_client_end(c);
}

/* --- what they are told --- */

bool control_listens(const struct control *control, const struct room *room)
{
	const struct control_client *c;

	if (control->watchers > 0)
		return true;
	if (control->tracers == 0 || !room)
		return false;
	TAILQ_FOREACH (c, &control->clients, link)
		if (c->traced == room->number)
			return true;
	return false;
}

static void tell(struct control_client *c, const char *id, const struct text *event)
{
	if (c->output.length - c->output_at + event->length > LIMIT_CONTROL_EVENT_BYTES) {
		c->missed++;
		return;
	}
	text_format(&c->output, "{\"v\":%d,\"id\":%s,", CONTROL_VERSION, id);
	text_bytes(&c->output, event->at, event->length);
	text_add(&c->output, "}\n");
	control_client_flush(c);
}

void control_publish(struct control *control, uint64_t room, bool only_traced, const struct text *event)
{
	struct control_client *c, *next;

	for (c = TAILQ_FIRST(&control->clients); c; c = next) {
		next = TAILQ_NEXT(c, link);
		if (room != 0 && c->traced == room)
			tell(c, c->trace_id, event);
		else if (c->watching && !only_traced)
			tell(c, c->watch_id, event);
	}
}
