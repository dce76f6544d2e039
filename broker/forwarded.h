/*
 * forwarded - for whom a proxy speaks: X-Forwarded-For, and Forwarded (RFC 7239).
 * Process: broker.  Pure.
 *
 * Each proxy adds, at the end, from whom it got the request. So they are read from the end: as long as it is a trusted
 * proxy that says so, it is believed. What stands before the first address that is none of theirs, anybody may have
 * made up, and it is not even looked at.
 */
#ifndef FORWARDED_H
#define FORWARDED_H

#include "peer.h"
#include "settings.h"

/* Reads head[0..n), which came from *from, one that is believed. Sets *ret to the client's address, which is *from if
 * none of the headers is there. Returns NULL, or the sentence that says why the request is refused. */
const char *forwarded_read(const char *head, size_t n, enum proxy_header_setting which, const struct networks *trusted,
			   const struct peer *from, struct peer *ret);

#endif
