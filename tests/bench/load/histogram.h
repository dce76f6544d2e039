/*
 * histogram - durations counted in log-linear buckets, as HdrHistogram does it: 128 to a power of two, so that a
 * percentile is at most 0.8 % off.
 * Pure.
 */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_SUB_BITS 7
#define HISTOGRAM_SUB (1U << HISTOGRAM_SUB_BITS)
#define HISTOGRAM_OCTAVES 40 /* up to 2^46 ns, some twenty hours */

struct histogram {
	uint64_t counts[(HISTOGRAM_OCTAVES + 1) * HISTOGRAM_SUB];
	uint64_t count;
	uint64_t sum;
	uint64_t max;
};

void histogram_reset(struct histogram *h);
void histogram_add(struct histogram *h, uint64_t value);

/* The middle of the bucket below which `percent` of the values lie; 0 of an empty histogram. */
double histogram_percentile(const struct histogram *h, double percent);

double histogram_mean(const struct histogram *h);

#endif
