/*
 * histogram - how long something took, each time.
 * Process: broker.  Pure.
 */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>

/* The buckets' upper bounds, in microseconds; one more has the rest. */
/* clang-format off */
#define HISTOGRAM_BOUNDS(X) \
	X(250) X(500) X(1000) X(2500) X(5000) X(10000) X(25000) X(50000) X(100000) X(250000) X(500000) X(1000000) \
	X(2500000) X(5000000) X(10000000) X(60000000)
/* clang-format on */

#define HISTOGRAM_ONE(bound) +1
enum { HISTOGRAM_BUCKETS = HISTOGRAM_BOUNDS(HISTOGRAM_ONE) };

struct histogram {
	uint64_t buckets[HISTOGRAM_BUCKETS + 1];
	uint64_t count;
	uint64_t sum_us;
};

void histogram_add(struct histogram *histogram, uint64_t us);

/* The upper bound of bucket i < HISTOGRAM_BUCKETS. */
uint64_t histogram_bound_us(unsigned i);

#endif
