/* histogram - how long something took, each time. */
#include "histogram.h"

#define BOUND(bound) bound,
static const uint64_t bounds[HISTOGRAM_BUCKETS] = {HISTOGRAM_BOUNDS(BOUND)};
#undef BOUND

void histogram_add(struct histogram *h, uint64_t us)
{
	unsigned i = 0;

	while (i < HISTOGRAM_BUCKETS && us > bounds[i])
		i++;
	h->buckets[i]++;
	h->count++;
	h->sum_us += us;
}

uint64_t histogram_bound_us(unsigned i)
{
	return bounds[i];
}
