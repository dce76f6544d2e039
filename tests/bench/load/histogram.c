#include "histogram.h"

#include <math.h>
#include <string.h>

static unsigned bucket_of(uint64_t value)
{
	if (value < HISTOGRAM_SUB)
		return (unsigned)value;
	unsigned octave = 63U - (unsigned)__builtin_clzll(value) - HISTOGRAM_SUB_BITS;
	if (octave >= HISTOGRAM_OCTAVES)
		return (HISTOGRAM_OCTAVES + 1) * HISTOGRAM_SUB - 1;
	return (octave + 1) * HISTOGRAM_SUB + (unsigned)((value >> octave) & (HISTOGRAM_SUB - 1));
}

static double middle_of(unsigned bucket)
{
	if (bucket < HISTOGRAM_SUB)
		return bucket;
	unsigned octave = bucket / HISTOGRAM_SUB - 1;
	return ldexp(HISTOGRAM_SUB + bucket % HISTOGRAM_SUB + 0.5, (int)octave);
}

void histogram_reset(struct histogram *h)
{
	memset(h, 0, sizeof *h);
}

void histogram_add(struct histogram *h, uint64_t value)
{
	h->counts[bucket_of(value)]++;
	h->count++;
	h->sum += value;
	if (value > h->max)
		h->max = value;
}

double histogram_percentile(const struct histogram *h, double percent)
{
	if (h->count == 0)
		return 0;
	uint64_t wanted = (uint64_t)ceil((double)h->count * percent / 100);
	uint64_t seen = 0;
	for (unsigned i = 0; i < sizeof h->counts / sizeof h->counts[0]; i++) {
		seen += h->counts[i];
		if (seen >= wanted && seen > 0)
			return fmin(middle_of(i), (double)h->max);
	}
	return (double)h->max;
}

double histogram_mean(const struct histogram *h)
{
	return h->count == 0 ? 0 : (double)h->sum / (double)h->count;
}
