/*
 * origin - whose pages may open a connection: the setting `origins` against a request's Origin (RFC 6454).
 * Process: keeper (checks the setting), broker.  Pure.
 *
 * A browser says of every WebSocket which page opened it, and lets no page lie. Whoever is no browser can say anything,
 * or nothing: this keeps other sites' pages from using a visitor's browser, and nobody else.
 */
#ifndef ORIGIN_H
#define ORIGIN_H

#include <stdbool.h>

/* Can the setting be read? */
bool origins_are_good(const char *list);

/* May a page of this origin connect to a server that was called `host` (the Host header)? Without an Origin ("") it is
 * no page. `loopback`: the listener that it came to can't be reached from elsewhere. */
bool origin_may(const char *list, const char *origin, const char *host, bool loopback);

#endif
