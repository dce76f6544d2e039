/* lobby - clients that speak WebSocket and are in no room. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "allowance.h"
#include "broker.h"
#include "echo.h"
#include "event.h"
#include "lobby.h"
#include "log.h"

int lobby_init(struct broker *b)
{
	b->lobby_input = malloc(ws_buffer_size(b->limits.message_bytes_max));
	return b->lobby_input ? 0 : -ENOMEM;
}

/* --- out --- */

static void send_frame(struct client *c, enum ws_opcode opcode, const struct iovec *payload, int part_count)
{
	uint8_t header[WS_SERVER_HEADER_MAX];
	struct iovec parts[4];
	size_t length = 0;

	assert(part_count <= 3);
	for (int i = 0; i < part_count; i++) {
		length += payload[i].iov_len;
		parts[1 + i] = payload[i];
	}
	parts[0] = (struct iovec){header, ws_header_write(header, opcode, length)};
	client_send(c, parts, 1 + part_count);
}

static void send_error(struct client *c, const struct complaint *complaint)
{
	char text[LIMIT_SERVER_MESSAGE_BYTES];
	struct out o = out_init(text, sizeof(text));

	server_message_error(&o, complaint);
	log_debug("error", "client=%llu code=%s", (unsigned long long)c->number, error_code_text(complaint->code));
	event_refused(c->broker, c, complaint);
	send_frame(c, WS_OP_TEXT, &(struct iovec){o.at, o.length}, 1);
}

static void send_pong(struct client *c, struct span data)
{
	char text[64];
	struct out o = out_init(text, sizeof(text));

	server_message_pong_begin(&o, data.length > 0);
	struct iovec parts[3] = {
	    {o.at, o.length}, {(void *)(uintptr_t)data.at, data.length}, {(void *)(uintptr_t) "}", 1}};
	send_frame(c, WS_OP_TEXT, parts, 3);
}

/* --- in --- */

static void refuse(struct client *c, const struct complaint *complaint)
{
	send_error(c, complaint);
	if (!allowance_note_refusal(&c->allowance, &c->broker->limits, complaint->code) && c->state == CLIENT_LOBBY)
		client_close(c, WS_CLOSE_POLICY, "too many bad messages");
}

/* Enters the room that the message names, or says why not. */
static void join(struct client *c, const struct client_message *m)
{
	struct complaint complaint = {.code = ERROR_NONE};
	struct name sender;

	c->resume.wanted = m->resumable;
	if (c->bound_room.length && !name_equal(&c->bound_room, &m->room_id))
		complain(&complaint, ERROR_ROOM_MISMATCH,
			 "\"room_id\" must be the room in the path that this connection was opened with.");
	else if (!c->peer.local && !address_take_join(c->address))
		complain(&complaint, ERROR_RATE_LIMITED, "Your address joins too often: try again in a second.");
	else if (access_may_join(c, m, &sender, &complaint))
		room_join(c, &m->room_id, &sender, &complaint);
	if (c->state == CLIENT_WAITING)
		histogram_add(&c->broker->memory->stats.lobby, (c->broker->loop.now_ms - c->entered_ms) * 1000);
	if (complaint.code != ERROR_NONE)
		refuse(c, &complaint);
}

/* Goes back to the seat that the message has the secret of, or says why not. */
static void resume(struct client *c, const struct client_message *m)
{
	struct complaint complaint = {.code = ERROR_NONE};

	resume_claim(c, m, &complaint);
	if (complaint.code != ERROR_NONE)
		refuse(c, &complaint);
}

static void on_text(struct client *c, const struct ws_event *event)
{
	struct client_message m;
	struct complaint complaint;

	if (client_message_parse((const char *)event->data, event->length, &m, &complaint) < 0) {
		refuse(c, &complaint);
		return;
	}
	switch (m.action) {
	case ACTION_JOIN:
		join(c, &m);
		return;
	case ACTION_RESUME:
		resume(c, &m);
		return;
	case ACTION_PING:
		send_pong(c, m.data);
		return;
	case ACTION_ACK:
	case ACTION_LEAVE:
	case ACTION_OFFER:
	case ACTION_ANSWER:
	case ACTION_ICE_CANDIDATE:
	case ACTION_ICE_SERVERS:
		complain(&complaint, ERROR_NOT_IN_ROOM, "Send \"join\" first, and wait for \"joined\".");
		refuse(c, &complaint);
		return;
	}
}

/* Is the frame within what the client may send? If not, it has been answered. */
static bool within_rate(struct client *c, const struct ws_event *event)
{
	struct complaint complaint;

	switch (allowance_take(&c->allowance, &c->broker->limits, c->broker->loop.now_ms, event)) {
	case ALLOWANCE_GRANTED:
		return true;
	case ALLOWANCE_FLOOD:
		client_close(c, WS_CLOSE_POLICY, "sending too fast");
		return false;
	case ALLOWANCE_REFUSED:
		break;
	}
	if (event->kind == WS_TEXT || event->kind == WS_BINARY) {
		allowance_complain(&complaint, &c->broker->limits);
		send_error(c, &complaint);
	}
	return false;
}

static void on_event(struct client *c, const struct ws_event *event)
{
	struct complaint complaint;

	if (event->kind != WS_CLOSE && event->kind != WS_FAIL && !within_rate(c, event))
		return;
	if (echo_is_on() && (event->kind == WS_TEXT || event->kind == WS_BINARY)) {
		send_frame(c, event->kind == WS_TEXT ? WS_OP_TEXT : WS_OP_BINARY,
			   &(struct iovec){event->data, event->length}, 1);
		return;
	}
	switch (event->kind) {
	case WS_TEXT:
		on_text(c, event);
		return;
	case WS_BINARY:
		complain(&complaint, ERROR_NOT_TEXT, "Send one JSON object in each text message.");
		refuse(c, &complaint);
		return;
	case WS_PING:
		send_frame(c, WS_OP_PONG, &(struct iovec){event->data, event->length}, 1);
		return;
	case WS_CLOSE:
		client_close(c, event->code, "");
		return;
	case WS_FAIL:
		client_close(c, event->code, event->why);
		return;
	case WS_PONG:
	case WS_MORE:
		return;
	}
}

/* Serves what lies in `buffer`, as long as the client is here and reads its answers. */
static void parse(struct client *c, uint8_t *buffer)
{
	struct ws_event event = {.kind = WS_PONG};

	while (c->state == CLIENT_LOBBY && event.kind != WS_MORE) {
		ws_stream_next(&c->in, buffer, c->broker->limits.message_bytes_max, &event);
		on_event(c, &event);
	}
	if (c->state != CLIENT_LOBBY && c->state != CLIENT_WAITING)
		return;
	ws_stream_compact(&c->in, buffer);
	if (!client_keep_input(c, buffer, c->in.end))
		return;
	if (c->input && c->in.end == 0) {
		free(c->input);
		c->input = NULL;
	}
	if (c->state == CLIENT_WAITING)
		room_seat(c->room);
}

/* Sets the timer to what is due first: the end of the time to join, a ping, or giving up. */
void lobby_on_timer(struct client *c)
{
	struct broker *b = c->broker;
	uint64_t now_ms = b->loop.now_ms;
	uint64_t join_ms =
	    c->was_seated || !b->settings.join_timeout_ms ? UINT64_MAX : c->entered_ms + b->settings.join_timeout_ms;
	uint64_t next_ms;

	if (c->input_due) {
		c->input_due = false;
		if (c->input)
			parse(c, c->input);
		if (c->state != CLIENT_LOBBY)
			return;
	}
	if (now_ms >= join_ms) {
		client_close(c, WS_CLOSE_POLICY, "no join in time");
		return;
	}
	switch (keepalive_due(&c->keepalive, now_ms, b->limits.ping_interval_ms, b->limits.ping_timeout_ms, &next_ms)) {
	case KEEPALIVE_WAIT:
		loop_timer_set(&b->loop, &c->timer, join_ms < next_ms ? join_ms : next_ms);
		return;
	case KEEPALIVE_DEAD:
		client_end(c, true);
		return;
	case KEEPALIVE_PING:
		c->keepalive.pinged_ms = now_ms;
		send_frame(c, WS_OP_PING, NULL, 0);
		if (c->state == CLIENT_LOBBY)
			lobby_on_timer(c);
		return;
	}
}

void lobby_on_readable(struct client *c)
{
	struct broker *b = c->broker;
	uint8_t *buffer = c->input ? c->input : b->lobby_input;
	ssize_t n = recv(c->source.fd, buffer + c->in.end, LIMIT_LOBBY_READ_BYTES, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_end(c, false);
		return;
	}
	c->in.end += (uint32_t)n;
	c->in_bytes += (uint64_t)n;
	c->keepalive.heard_ms = b->loop.now_ms;
	parse(c, buffer);
}

/* --- coming in --- */

/* Begins, or begins again. What the client had sent before is looked at when this turn is over: another client's input
 * may be in work. */
static void begin(struct client *c)
{
	uint64_t now_ms = c->broker->loop.now_ms;

	c->entered_ms = c->keepalive.heard_ms = now_ms;
	client_enter(c, CLIENT_LOBBY);
	if (c->broker->stopping)
		client_close(c, WS_CLOSE_GOING_AWAY, "the server stops");
	else
		lobby_take(c);
}

void lobby_take(struct client *c)
{
	client_watch(c, EPOLLIN);
	if (c->state != CLIENT_LOBBY)
		return;
	c->input_due = c->input != NULL;
	loop_timer_set(&c->broker->loop, &c->timer, c->broker->loop.now_ms);
}

void lobby_enter(struct client *c)
{
	struct complaint complaint = {.code = ERROR_NONE};

	begin(c);
	if (echo_is_on() && c->bound_room.length > 0 && c->state == CLIENT_LOBBY) {
		room_join(c, &c->bound_room, &c->bound_room, &complaint);
		if (c->state == CLIENT_WAITING)
			room_seat(c->room);
	}
}

void lobby_return(struct client *c, const struct ipc_return *body, const void *rest, size_t length)
{
	free(c->input);
	c->input = NULL;
	c->was_seated = true;
	c->allowance = body->allowance;
	c->in_bytes = body->in_bytes;
	c->out_bytes = body->out_bytes;
	c->in = (struct ws_stream){.end = (uint32_t)length};
	begin(c);
	if (c->state == CLIENT_LOBBY && length > 0)
		c->input_due = client_keep_input(c, rest, length);
}

void lobby_refuse(struct client *c, const struct complaint *complaint)
{
	begin(c);
	if (c->state == CLIENT_LOBBY)
		refuse(c, complaint);
}
