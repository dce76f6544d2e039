/*
 * keepalive - when to ping a silent connection, and when to give it up (PROTOCOL, keepalive).
 * Process: broker (lobby), roomd.  Pure: the caller gives the time.
 */
#ifndef KEEPALIVE_H
#define KEEPALIVE_H

#include <stdint.h>

/* Times are monotonic milliseconds. */
struct keepalive {
	uint64_t heard_ms;  /* when the peer last sent anything */
	uint64_t pinged_ms; /* when it was last pinged, 0: never */
};

enum keepalive_due {
	KEEPALIVE_WAIT, /* nothing to do until *ret_next_ms */
	KEEPALIVE_PING, /* ping it now, and note it in pinged_ms */
	KEEPALIVE_DEAD, /* it answered nothing for timeout_ms */
};

/* What is due at now_ms. interval_ms 0: never ping; timeout_ms 0: never give up. *ret_next_ms is when to ask again,
 * UINT64_MAX for never. */
enum keepalive_due keepalive_due(const struct keepalive *k, uint64_t now_ms, uint32_t interval_ms, uint32_t timeout_ms,
				 uint64_t *ret_next_ms);

#endif
