/* request - a connection before it speaks WebSocket. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "broker.h"
#include "clock.h"
#include "forwarded.h"
#include "head.h"
#include "lobby.h"
#include "log.h"
#include "offer.h"
#include "origin.h"
#include "proxy_header.h"
#include "request.h"

/* --- answers --- */

#define HTTP_STATUSES(X)                                                                                               \
	X(200, "OK")                                                                                                   \
	X(400, "Bad Request")                                                                                          \
	X(401, "Unauthorized")                                                                                         \
	X(403, "Forbidden")                                                                                            \
	X(404, "Not Found")                                                                                            \
	X(405, "Method Not Allowed")                                                                                   \
	X(408, "Request Timeout")                                                                                      \
	X(426, "Upgrade Required")                                                                                     \
	X(431, "Request Header Fields Too Large")                                                                      \
	X(503, "Service Unavailable")

static const char *status_text(unsigned status)
{
	switch (status) {
#define X(number, text)                                                                                                \
	case number:                                                                                                   \
		return text;
		HTTP_STATUSES(X)
#undef X
	default:
		return "";
	}
}

struct answer {
	unsigned status;
	const char *type;
	const char *headers; /* whole lines */
	const void *body;
	size_t length;
	bool head_only;
};

static void answer(struct client *c, const struct answer *a)
{
	char head[2048];
	int n = snprintf(head, sizeof(head),
			 "HTTP/1.1 %u %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
			 "Connection: %s\r\nX-Content-Type-Options: nosniff\r\n%s\r\n",
			 a->status, status_text(a->status), a->type, a->length,
			 a->status == 426 ? "upgrade, close" : "close", a->headers ? a->headers : "");
	struct iovec parts[2] = {{head, (size_t)n}, {(void *)(uintptr_t)a->body, a->length}};

	c->broker->memory->stats.requests_refused += a->status >= 400;
	client_send(c, parts, a->head_only ? 1 : 2);
	client_finish(c);
}

/* An answer that is a sentence, for whoever looks at it. */
static void answer_text(struct client *c, unsigned status, const char *headers, const char *text)
{
	log_debug("request-refused", "client=%llu status=%u", (unsigned long long)c->number, status);
	answer(c, &(struct answer){status, "text/plain; charset=utf-8", headers, text, strlen(text), false});
}

static void refuse_full(struct client *c)
{
	answer_text(c, 503, "Retry-After: 5\r\n",
		    "The server has as many connections as it may have: try again later.\n");
}

void request_on_timeout(struct client *c)
{
	answer_text(c, 408, NULL, "The request was not complete in time.\n");
}

/* --- the endpoints --- */

static void serve_health(struct client *c, const struct http_request *r)
{
	bool draining = c->broker->memory->draining;
	char body[128];
	int n = snprintf(body, sizeof(body),
			 "{\"status\":\"%s\",\"service\":\"video-signaling-server\",\"version\":\"%s\"}",
			 draining ? "draining" : "ok", VIDEO_SIGNALING_VERSION);

	answer(c, &(struct answer){draining ? 503 : 200, "application/json",
				   "Access-Control-Allow-Origin: *\r\nCache-Control: no-store\r\n", body, (size_t)n,
				   r->method == HTTP_HEAD});
}

static void serve_live(struct client *c, const struct http_request *r)
{
	static const char body[] = "{\"status\":\"ok\"}";

	answer(c, &(struct answer){200, "application/json",
				   "Access-Control-Allow-Origin: *\r\nCache-Control: no-store\r\n", body,
				   sizeof(body) - 1, r->method == HTTP_HEAD});
}

/* Is the request a WebSocket handshake that we take? (RFC 6455, 4.2.1) If not, it has been answered. */
static bool is_handshake(struct client *c, const struct http_request *r)
{
	if (!r->upgrade) {
		answer_text(c, 426, "Upgrade: websocket\r\n",
			    "This address speaks WebSocket: connect with ws:// or wss://.\n");
	} else if (r->method != HTTP_GET) {
		answer_text(c, 405, "Allow: GET\r\n", "A WebSocket handshake is a GET.\n");
	} else if (strcmp(r->version, "13") != 0) {
		answer_text(c, 426, "Sec-WebSocket-Version: 13\r\n", "The version of WebSocket spoken here is 13.\n");
	} else if (!r->has_host) {
		answer_text(c, 400, NULL, "A WebSocket handshake needs a Host header.\n");
	} else if (strlen(r->key) != 24 ||
		   strspn(r->key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") != 22 ||
		   strcmp(r->key + 22, "==") != 0) {
		answer_text(c, 400, NULL, "A WebSocket handshake needs a Sec-WebSocket-Key of 16 bytes in base64.\n");
	} else {
		return true;
	}
	return false;
}

/* May the page that asks connect at all? If not, it has been answered. */
static bool is_from_a_good_place(struct client *c, const struct span *head)
{
	const struct settings *s = &c->broker->settings;
	char host[HTTP_PATH_BYTES];
	char origin[HTTP_PATH_BYTES];

	if (!head_one(head, "host", host, sizeof(host)) || !head_one(head, "origin", origin, sizeof(origin))) {
		answer_text(c, 400, NULL, "Host and Origin may each be there once.\n");
		return false;
	}
	if (origin_may(s->origins, origin, host, c->listener_kind & IPC_LISTENER_LOOPBACK))
		return true;
	answer_text(c, 403, NULL, "Pages of this origin may not connect to this server.\n");
	return false;
}

/* Is the token good that came along, if one did? If not, that has been answered. */
static bool has_no_bad_token(struct client *c, const struct offer *offer)
{
	char text[256];

	if (!offer->token.at)
		return true;
	if (!c->peer.local && !address_take_join(c->address)) {
		answer_text(c, 503, "Retry-After: 1\r\n", "Your address joins too often: try again in a second.\n");
		return false;
	}
	enum token_verdict verdict = access_on_request(c, offer->token);
	if (verdict == TOKEN_GOOD)
		return true;
	snprintf(text, sizeof(text), "%s\n", token_verdict_sentence(verdict));
	answer_text(c, 401, "WWW-Authenticate: Bearer error=\"invalid_token\"\r\n", text);
	return false;
}

/* Takes what the path and the headers say. If that may not be, it has been answered. */
static bool take_wishes(struct client *c, const struct http_request *r, const struct span *head,
			struct offer *ret_offer)
{
	const char *room = r->path + strlen("/ws");
	char text[256];
	const char *problem = offer_read(head->at, head->length, ret_offer);

	if (!problem && room[0] == '/' && room[1]) {
		const char *bad = name_from_path(&c->bound_room, room + 1, strlen(room + 1));
		if (bad) {
			snprintf(text, sizeof(text), "The room in the path %s.\n", bad);
			problem = text;
		}
	}
	if (problem)
		answer_text(c, 400, NULL, problem);
	return !problem && has_no_bad_token(c, ret_offer);
}

static void upgrade(struct client *c, const struct http_request *r, const struct span *from)
{
	struct offer offer;
	char head[512];
	char accept[32];

	if (!is_handshake(c, r) || !is_from_a_good_place(c, from))
		return;
	if (c->past_bound) {
		refuse_full(c);
		return;
	}
	if (!take_wishes(c, r, from, &offer))
		return;
	http_accept_key(r->key, accept);
	bool confirms = offer.protocol.length > 0;
	int n = snprintf(head, sizeof(head),
			 "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
			 "Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s%.*s%s\r\n",
			 accept, confirms ? "Sec-WebSocket-Protocol: " : "", (int)offer.protocol.length,
			 confirms ? offer.protocol.at : "", confirms ? "\r\n" : "");
	struct iovec part = {head, (size_t)n};
	client_send(c, &part, 1);
	c->broker->memory->stats.upgrades++;
	histogram_add(&c->broker->memory->stats.handshake, clock_us() - c->since_us);
	if (c->state == CLIENT_REQUEST)
		lobby_enter(c);
}

static void serve_page(struct client *c, const struct http_request *r)
{
	const struct site_file *file = site_find(&c->broker->site, r->path);

	if (!file)
		answer_text(c, 404, NULL,
			    "There is nothing here: /, /health, /live and /ws are what this server has.\n");
	else
		answer(c, &(struct answer){200, file->type, site_headers, file->bytes, file->length,
					   r->method == HTTP_HEAD});
}

/* Finds out who is behind a proxy that is believed. Returns false if the request was answered, or the client is gone.
 */
static bool find_who(struct client *c, const struct span *head)
{
	const struct broker *b = c->broker;
	struct peer peer;

	if (!access_is_trusted(b, &c->peer))
		return true;
	const char *problem =
	    forwarded_read(head->at, head->length, (enum proxy_header_setting)b->settings.proxy_header,
			   &b->access.trusted, &c->peer, &peer);
	if (problem)
		answer_text(c, 400, NULL, problem);
	return !problem && (peer_equal(&peer, &c->peer) || client_comes_from(c, &peer));
}

static void serve(struct client *c, const char *bytes, size_t n)
{
	const struct span head = {bytes, n};
	struct http_request r;

	if (http_parse(c->broker->http, bytes, n, &r) < 0)
		answer_text(c, 400, NULL, "This is not an HTTP request that this server understands.\n");
	else if (!find_who(c, &head))
		return;
	else if (strcmp(r.path, "/ws") == 0 || strncmp(r.path, "/ws/", 4) == 0)
		upgrade(c, &r, &head);
	else if (r.method == HTTP_OTHER)
		answer_text(c, 405, "Allow: GET, HEAD\r\n", "Only GET and HEAD are answered here.\n");
	else if (strcmp(r.path, "/health") == 0)
		serve_health(c, &r);
	else if (strcmp(r.path, "/live") == 0)
		serve_live(c, &r);
	else
		serve_page(c, &r);
}

/* --- waiting for it --- */

void request_begin(struct client *c)
{
	const struct broker *b = c->broker;

	if (b->settings.request_timeout_ms)
		loop_timer_set(&c->broker->loop, &c->timer, b->loop.now_ms + b->settings.request_timeout_ms);
	/* Edge-triggered: what has come stays in the socket until the head is whole, and must not wake us again. */
	client_watch(c, EPOLLIN | EPOLLRDHUP | EPOLLET);
}

/* Takes the PROXY header off the front. Returns false if it is not all there yet, or the client is gone: whoever can't
 * speak the protocol is told nothing (that is what the protocol wants). */
static bool take_proxy_header(struct client *c, const uint8_t *bytes, size_t n)
{
	static char nowhere[PROXY_HEADER_BYTES_MAX];
	struct peer peer = c->peer;
	int length = proxy_header_read(bytes, n, &peer);

	if (length == 0)
		return false;
	if (length < 0 || recv(c->source.fd, nowhere, (size_t)length, MSG_DONTWAIT) != length) {
		log_debug("proxy-refused", "client=%llu why=\"bad PROXY header\"", (unsigned long long)c->number);
		client_end(c, false);
		return false;
	}
	c->proxy_due = false;
	c->in_bytes += (uint64_t)length;
	return peer_equal(&peer, &c->peer) || client_comes_from(c, &peer);
}

static const char *why_not_http(const char *head, size_t n)
{
	if (n >= 6 && memcmp(head, "PROXY ", 6) == 0)
		return "A PROXY header came to a listener that is not for it: `listen` says which are.\n";
	if (head[0] < 'A' || head[0] > 'Z')
		return "This is not HTTP. (TLS ends at the proxy in front of this server.)\n";
	return NULL;
}

/* Looks at what has come, without taking it. Returns false if the client is gone. */
static ssize_t peek(struct client *c, char head[LIMIT_REQUEST_BYTES])
{
	ssize_t n = recv(c->source.fd, head, LIMIT_REQUEST_BYTES, MSG_PEEK | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return -1;
	if (n <= 0) {
		client_end(c, false);
		return -1;
	}
	return n;
}

void request_on_readable(struct client *c, uint32_t events)
{
	char head[LIMIT_REQUEST_BYTES];
	bool closed = events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
	ssize_t n = peek(c, head);

	if (n > 0 && c->proxy_due) {
		if (take_proxy_header(c, (const uint8_t *)head, (size_t)n))
			n = peek(c, head);
		else if (closed && c->state != CLIENT_GONE)
			client_end(c, false);
		if (c->proxy_due || c->state == CLIENT_GONE)
			return;
	}
	if (n <= 0)
		return;
	const char *end = memmem(head, (size_t)n, "\r\n\r\n", 4);
	const char *why = why_not_http(head, (size_t)n);
	if (why && (!end || head[0] == 'P')) {
		answer_text(c, 400, NULL, why);
	} else if (!end && (size_t)n == sizeof(head)) {
		answer_text(c, 431, NULL, "The request's head is longer than 8192 bytes.\n");
	} else if (!end) {
		if (closed)
			client_end(c, false);
	} else {
		size_t length = (size_t)(end - head) + 4;
		if (recv(c->source.fd, head, length, MSG_DONTWAIT) != (ssize_t)length) {
			client_end(c, false);
			return;
		}
		c->in_bytes += length;
		serve(c, head, length);
	}
}
