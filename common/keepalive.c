/* keepalive - when to ping a silent connection, and when to give it up. */
#include "keepalive.h"

enum keepalive_due keepalive_due(const struct keepalive *k, uint64_t now_ms, uint32_t interval_ms, uint32_t timeout_ms,
				 uint64_t *ret_next_ms)
{
	uint64_t dead_ms = timeout_ms ? k->heard_ms + timeout_ms : UINT64_MAX;
	uint64_t last_ms = k->pinged_ms > k->heard_ms ? k->pinged_ms : k->heard_ms;
	uint64_t ping_ms = interval_ms ? last_ms + interval_ms : UINT64_MAX;

	*ret_next_ms = dead_ms < ping_ms ? dead_ms : ping_ms;
	if (now_ms >= dead_ms)
		return KEEPALIVE_DEAD;
	return now_ms >= ping_ms ? KEEPALIVE_PING : KEEPALIVE_WAIT;
}
