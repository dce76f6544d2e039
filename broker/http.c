/* http - what a request says. */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libwebsockets.h>

#include "compiler.h"
#include "http.h"
#include "limits.h"

struct http {
	struct lws_context *context;
	struct lws_vhost *vhost;
	int nobody;                   /* a socket that is connected to nobody */
	struct http_request *request; /* the one that is being parsed; NULL once the callback has seen it */
};

static bool copy_header(struct lws *wsi, enum lws_token_indexes token, char *out, size_t size)
{
	*out = '\0';
	return lws_hdr_copy(wsi, out, (int)size, token) >= 0;
}

/* Is `word` one of the comma-separated words of the header? (RFC 9110, 5.6.1) */
static bool has_word(struct lws *wsi, enum lws_token_indexes token, const char *word)
{
	char value[256];
	size_t length = strlen(word);

	if (!copy_header(wsi, token, value, sizeof(value)))
		return false;
	for (char *rest = value, *part; (part = strsep(&rest, ",")) != NULL;) {
		part += strspn(part, " \t");
		size_t n = strcspn(part, " \t");
		if (n == length && strncasecmp(part, word, n) == 0)
			return true;
	}
	return false;
}

/* Method and path as they were sent: libwebsockets takes a method in any case, and decodes the path, in which a room's
 * name may hold an escaped slash. */
static bool copy_request_line(const char *head, size_t n, enum http_method *ret_method, char *out, size_t size)
{
	const char *end = memchr(head, '\r', n);
	const char *space = end ? memchr(head, ' ', (size_t)(end - head)) : NULL;

	if (!space)
		return false;
	*ret_method = strncmp(head, "GET ", 4) == 0    ? HTTP_GET
		      : strncmp(head, "HEAD ", 5) == 0 ? HTTP_HEAD
						       : HTTP_OTHER;
	size_t length = strcspn(space + 1, " ?#\r");
	if (length >= size)
		return false;
	memcpy(out, space + 1, length);
	out[length] = '\0';
	return true;
}

static bool copy_headers(struct lws *wsi, struct http_request *r)
{
	r->has_host = lws_hdr_total_length(wsi, WSI_TOKEN_HOST) > 0;
	r->upgrade = has_word(wsi, WSI_TOKEN_UPGRADE, "websocket") && has_word(wsi, WSI_TOKEN_CONNECTION, "upgrade");
	return copy_header(wsi, WSI_TOKEN_VERSION, r->version, sizeof(r->version)) &&
	       copy_header(wsi, WSI_TOKEN_KEY, r->key, sizeof(r->key));
}

static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
	struct http *http = lws_context_user(lws_get_context(wsi));

	(void)user;
	(void)in;
	(void)length;
	if (reason != LWS_CALLBACK_HTTP && reason != LWS_CALLBACK_HTTP_CONFIRM_UPGRADE)
		return 0;
	if (http->request && copy_headers(wsi, http->request))
		http->request = NULL;
	return -1; /* close: we have what we want */
}

/* For any upgrade but to websocket, 4.1.6 answers by itself and then goes on with memory that it has freed. Those
 * requests are served as if they had not asked (RFC 9110, 7.8): the header's name is made another one. */
static void hide_other_upgrades(char *head, size_t n)
{
	static const char name[] = "\r\nupgrade:";
	const size_t length = sizeof(name) - 1;

	for (size_t i = 0; i + length < n; i++) {
		if (head[i] != '\r' || strncasecmp(head + i, name, length) != 0)
			continue;
		const char *value = head + i + length;
		value += strspn(value, " \t");
		size_t value_length = strcspn(value, "\r\n");
		while (value_length && isspace((unsigned char)value[value_length - 1]))
			value_length--;
		if (value_length != 9 || strncasecmp(value, "websocket", 9) != 0)
			head[i + 2] = 'x';
	}
}

/* Lines end by CR and LF, and neither comes alone (RFC 9112, 2.2): what is in front of us may read it otherwise. */
static bool has_whole_line_ends(const char *head, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((head[i] == '\n' && (i == 0 || head[i - 1] != '\r')) ||
		    (head[i] == '\r' && (i + 1 == n || head[i + 1] != '\n')))
			return false;
	return true;
}

int http_parse(struct http *http, const char *head, size_t n, struct http_request *ret)
{
	char copy[LIMIT_REQUEST_BYTES + 1] UNINITIALIZED;

	if (n > LIMIT_REQUEST_BYTES || memchr(head, '\0', n) || !has_whole_line_ends(head, n))
		return -EBADMSG;
	memcpy(copy, head, n);
	copy[n] = '\0';
	hide_other_upgrades(copy, n);
	*ret = (struct http_request){0};
	if (!copy_request_line(copy, n, &ret->method, ret->path, sizeof(ret->path)))
		return -EBADMSG;
	int fd = fcntl(http->nobody, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	http->request = ret;
	/* Serves the bytes before it returns; whatever came of it, the connection to nobody ends there. */
	struct lws *wsi = lws_adopt_socket_vhost_readbuf(http->vhost, fd, copy, n);
	if (wsi)
		lws_set_timeout(wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_SYNC);
	bool parsed = http->request == NULL;
	http->request = NULL;
	return parsed ? 0 : -EBADMSG;
}

void http_accept_key(const char *key, char out[32])
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	unsigned char text[sizeof(((struct http_request *)0)->key) + sizeof(guid)];
	unsigned char hash[20];
	size_t n = strlen(key);

	memcpy(text, key, n);
	memcpy(text + n, guid, sizeof(guid) - 1);
	lws_SHA1(text, n + sizeof(guid) - 1, hash);
	int length = lws_b64_encode_string((const char *)hash, sizeof(hash), out, 32);
	assert(length == 28);
}

int http_new(struct http **ret)
{
	static const struct lws_protocols protocols[] = {{.name = "http", .callback = on_lws}, {.name = NULL}};
	struct http *http = calloc(1, sizeof(*http));

	if (!http)
		return -ENOMEM;
	struct lws_context_creation_info info = {
	    .port = CONTEXT_PORT_NO_LISTEN,
	    .protocols = protocols,
	    .user = http,
	    .gid = -1,
	    .uid = -1,
	    .fd_limit_per_thread = 16, /* it has one at a time */
	    .max_http_header_data = LIMIT_REQUEST_BYTES,
	    .max_http_header_pool = 2,
	    .pt_serv_buf_size = LIMIT_REQUEST_BYTES + 1024,
	};
	lws_set_log_level(0, NULL); /* it would show what clients send */
	http->nobody = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (http->nobody < 0) /* a machine, or a unit, without IPv4 */
		http->nobody = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	http->context = http->nobody >= 0 ? lws_create_context(&info) : NULL;
	http->vhost = http->context ? lws_get_vhost_by_name(http->context, "default") : NULL;
	if (!http->vhost) {
		http_free(http);
		return -ENOMEM;
	}
	*ret = http;
	return 0;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	if (http->context)
		lws_context_destroy(http->context);
	if (http->nobody >= 0)
		close(http->nobody);
	free(http);
}
