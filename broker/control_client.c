/* control_client - one connection to the control socket: lines in, lines out. */
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker.h"
#include "log.h"

/* A buffer that a long reply has left is not kept. */
#define OUTPUT_KEPT_BYTES 16384

/* Supplementary groups that are looked at; Linux has at most so many. */
#define GROUPS_MAX 65536

/* --- who it is --- */

/* Reads the groups that the peer is in beside its first; *ret is to be freed. Returns how many. */
static size_t read_groups(int fd, gid_t **ret)
{
	socklen_t length = 0;

	*ret = NULL;
	getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &length); /* fails, and says how long it is */
	if (length == 0 || length > GROUPS_MAX * sizeof(gid_t))
		return 0;
	*ret = malloc(length);
	if (!*ret || getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, *ret, &length) < 0)
		return 0;
	return length / sizeof(gid_t);
}

static bool is_in_group(const struct ucred *peer, const gid_t *groups, size_t count, uint32_t group)
{
	bool found = peer->gid == group;

	for (size_t i = 0; i < count; i++)
		found |= groups[i] == group;
	return found && group != IPC_CONTROL_NOBODY;
}

/* The mode of the file has let it in; that is not enough. */
static void identify(struct control_client *c)
{
	const struct ipc_control *rights = &c->control->rights;
	struct ucred peer = {.uid = IPC_CONTROL_NOBODY, .gid = IPC_CONTROL_NOBODY};
	socklen_t length = sizeof(peer);
	gid_t *groups;
	size_t count;

	if (getsockopt(c->source.fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
		return;
	count = read_groups(c->source.fd, &groups);
	c->uid = peer.uid;
	c->pid = peer.pid;
	c->may_act = peer.uid == 0 || (peer.uid == rights->owner && rights->owner != IPC_CONTROL_NOBODY) ||
		     is_in_group(&peer, groups, count, rights->admins);
	c->may_look = c->may_act || is_in_group(&peer, groups, count, rights->readers);
	free(groups);
}

static bool is_one_too_many(const struct control_client *c)
{
	const struct control_client *other;
	unsigned of_user = 0;

	TAILQ_FOREACH (other, &c->control->clients, link)
		of_user += other->uid == c->uid;
	return c->control->count > LIMIT_CONTROL_CLIENTS || of_user > LIMIT_CONTROL_CLIENTS_OF_USER;
}

/* --- out --- */

static const char *end_of_line(const struct control_client *c)
{
	return memchr(c->input, '\n', c->input_length);
}

/* What is waited for, and whose turn it is, after anything has changed. */
static void update(struct control_client *c)
{
	struct loop *loop = &c->control->broker->loop;
	bool owed = c->output_at < c->output.length;
	bool line = end_of_line(c) != NULL;
	bool work = !c->closing && !owed && (c->listing || line || c->missed > 0);
	bool reads = !c->closing && !c->input_ended && !line && !c->listing;

	/* One that has said all it will, and watches, is still waited for: for its end. */
	loop_watch(loop, &c->source, (owed ? EPOLLOUT : 0U) | (reads ? EPOLLIN : 0U) | (owed || reads ? 0U : EPOLLET));
	if (work)
		control_enqueue(c);
	bool late = reads && c->input_length > 0;
	if (!c->closing && late != c->late)
		loop_timer_set(loop, &c->timer, late ? loop->now_ms + LIMIT_CONTROL_LINE_MS : UINT64_MAX);
	c->late = late;
}

static bool is_done(const struct control_client *c)
{
	return c->closing || (c->input_ended && !c->listing && !c->watching && !c->traced && !end_of_line(c));
}

void control_client_flush(struct control_client *c)
{
	while (c->output_at < c->output.length) {
		ssize_t n = send(c->source.fd, c->output.at + c->output_at, c->output.length - c->output_at,
				 MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			update(c);
			return;
		}
		if (n < 0) {
			c->closing = true; /* whoever called may still hold it: the timer ends it */
			c->output.length = c->output_at = 0;
			break;
		}
		c->output_at += (size_t)n;
	}
	c->output.length = c->output_at = 0;
	if (c->output.size > OUTPUT_KEPT_BYTES)
		text_free(&c->output);
	if (c->output.failed || is_done(c)) {
		c->closing = true;
		loop_timer_set(&c->control->broker->loop, &c->timer, c->control->broker->loop.now_ms);
	}
	update(c);
}

void control_reply_begin(struct control_client *c, const char *id)
{
	text_format(&c->output, "{\"v\":%d,\"id\":%s,\"ok\":true", CONTROL_VERSION, id);
}

void control_reply_end(struct control_client *c)
{
	text_add(&c->output, "}\n");
}

void control_reply_refusal(struct control_client *c, const char *id, const struct control_refusal *refusal)
{
	text_format(&c->output, "{\"v\":%d,\"id\":%s,\"ok\":false", CONTROL_VERSION, id);
	text_field(&c->output, "code", control_code_text(refusal->code));
	text_field(&c->output, "error", refusal->sentence);
	control_reply_end(c);
}

/* Says why, and ends it as soon as that is out. */
static void dismiss(struct control_client *c, enum control_code code, const char *sentence)
{
	struct control_refusal refusal;

	control_refuse(&refusal, code, "%s", sentence);
	control_reply_refusal(c, "null", &refusal);
	c->closing = true;
	c->input_length = 0;
	loop_timer_set(&c->control->broker->loop, &c->timer, c->control->broker->loop.now_ms + LIMIT_GOODBYE_MS);
	control_client_flush(c);
}

/* --- in --- */

void control_client_work(struct control_client *c)
{
	const char *end = end_of_line(c);

	if (c->closing || c->output_at < c->output.length)
		return;
	if (c->missed > 0) {
		text_format(&c->output, "{\"v\":%d,\"id\":%s,\"event\":\"missed\",\"count\":%llu}\n", CONTROL_VERSION,
			    c->watching ? c->watch_id : c->trace_id, (unsigned long long)c->missed);
		c->missed = 0;
	} else if (c->listing) {
		control_list_more(c);
	} else if (end) {
		size_t length = (size_t)(end - c->input);
		control_execute(c, c->input, length);
		c->input_length -= length + 1;
		memmove(c->input, end + 1, c->input_length);
	}
	control_client_flush(c);
}

static void on_readable(struct control_client *c)
{
	ssize_t n = recv(c->source.fd, c->input + c->input_length, sizeof(c->input) - c->input_length, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		control_client_end(c);
		return;
	}
	c->input_ended = n == 0;
	c->input_length += (size_t)n;
	if (n == 0 && c->input_length > 0 && !end_of_line(c) && c->input_length < sizeof(c->input))
		c->input[c->input_length++] = '\n'; /* the last line needs none */
	if (c->input_length == sizeof(c->input) && !end_of_line(c)) {
		dismiss(c, CONTROL_TOO_LONG, "A request is a line of at most 4095 bytes.");
		return;
	}
	control_client_flush(c);
}

static void on_socket(struct source *source, uint32_t events)
{
	struct control_client *c = container_of(source, struct control_client, source);

	if (events & (EPOLLERR | EPOLLHUP) && !(events & EPOLLIN)) {
		control_client_end(c);
		return;
	}
	if (events & EPOLLIN && source->interest & EPOLLIN)
		on_readable(c);
	else if (events & EPOLLOUT)
		control_client_flush(c);
}

static void on_timer(struct timer *timer)
{
	struct control_client *c = container_of(timer, struct control_client, timer);

	if (c->closing)
		control_client_end(c);
	else if (c->late)
		dismiss(c, CONTROL_TOO_SLOW, "The rest of the line did not come in ten seconds.");
}

/* --- from its beginning to its end --- */

struct control_client *control_client_new(struct control *control, int fd)
{
	struct control_client *c = calloc(1, sizeof(*c));

	if (!c) {
		close(fd);
		return NULL;
	}
	c->source = (struct source){.fd = fd, .on = on_socket};
	c->timer.on = on_timer;
	c->control = control;
	TAILQ_INSERT_TAIL(&control->clients, c, link);
	control->count++;
	identify(c);
	if (loop_watch(&control->broker->loop, &c->source, EPOLLIN) < 0) {
		control_client_end(c);
		return NULL;
	}
	if (is_one_too_many(c))
		dismiss(c, CONTROL_TOO_MANY, "There are as many connections to the control socket as there may be.");
	return c;
}

void control_client_end(struct control_client *c)
{
	struct control *control = c->control;

	control_stop_streams(c);
	if (c->is_ready)
		TAILQ_REMOVE(&control->ready, c, ready_link);
	loop_timer_cancel(&control->broker->loop, &c->timer);
	loop_watch(&control->broker->loop, &c->source, 0);
	close(c->source.fd);
	TAILQ_REMOVE(&control->clients, c, link);
	control->count--;
	text_free(&c->output);
	free(c);
}
