/*
 * bucket - see bucket.h.
 */
#include "bucket.h"

bool bucket_take(struct bucket *b, uint64_t now_ms, uint32_t per_second, uint32_t burst, uint32_t cost)
{
	if (per_second == 0)
		return true;
	if (burst == 0)
		burst = 1; /* a bucket that holds nothing would be full always, and pay for anything */

	/* A thousandth of a token per ms is one token per second, so no division and no loss. */
	uint64_t size_milli = (uint64_t)burst * 1000;
	uint64_t elapsed_ms = now_ms > b->at_ms ? now_ms - b->at_ms : 0;
	uint64_t spent_milli = b->spent_milli < size_milli ? b->spent_milli : size_milli;

	if (elapsed_ms > spent_milli / per_second)
		spent_milli = 0;
	else
		spent_milli -= elapsed_ms * per_second;
	b->at_ms = now_ms;
	b->spent_milli = spent_milli;

	uint64_t cost_milli = (uint64_t)(cost < burst ? cost : burst) * 1000;
	if (cost_milli > size_milli - spent_milli)
		return false;
	b->spent_milli += cost_milli;
	return true;
}
