/*
 * bucket - a token bucket, for rates.
 * Process: broker, roomd.  Pure: the caller gives the time.
 */
#ifndef BUCKET_H
#define BUCKET_H

#include <stdbool.h>
#include <stdint.h>

/* What is left, in thousandths of a token, and when it was last reckoned; all zero is a full bucket never used. */
struct bucket {
	uint64_t spent_milli; /* 0: full */
	uint64_t at_ms;       /* monotonic */
};

/* Takes `cost` tokens at time now_ms from a bucket that holds `burst` and gains `per_second`. Returns false, and takes
 * nothing, if there are too few; a cost above `burst` is paid by a full bucket. per_second 0 is no limit. */
bool bucket_take(struct bucket *b, uint64_t now_ms, uint32_t per_second, uint32_t burst, uint32_t cost);

#endif
