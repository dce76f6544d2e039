/*
 * http - what a request says: libwebsockets parses it, and never holds a client's connection.
 * Process: broker.  Owns: the libwebsockets context (this is the only file that includes its header).
 * Never:   reads or writes a socket of a client.
 * Fails:   -EBADMSG for a request that libwebsockets does not take.
 *
 * libwebsockets wants a socket; it gets one that is connected to nobody, and the bytes of the request's head with it.
 * All that it gets wrong with slow, kept-alive or pipelined requests needs a connection, and is out of reach.
 */
#ifndef HTTP_H
#define HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "client_message.h"

#define HTTP_PATH_BYTES 1024

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_OTHER };

/* What matters of a request. Texts are NUL-terminated. */
struct http_request {
	enum http_method method;
	char path[HTTP_PATH_BYTES]; /* as sent, without the query */
	bool upgrade;               /* to websocket, with `Connection: upgrade` */
	bool has_host;
	char version[16]; /* Sec-WebSocket-Version */
	char key[64];     /* Sec-WebSocket-Key */
};

struct http;

/* Makes the parser. Returns 0 or -errno. */
int http_new(struct http **ret);
void http_free(struct http *http);

/* Parses the head of a request, head[0..n), which ends with its empty line. Returns 0 and fills *ret, or -EBADMSG. */
int http_parse(struct http *http, const char *head, size_t n, struct http_request *ret);

/* Writes the Sec-WebSocket-Accept for a key (RFC 6455, 4.2.2) to out, NUL-terminated; 28 characters. */
void http_accept_key(const char *key, char out[32]);

#endif
