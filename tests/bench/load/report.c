#include "report.h"

#include <stdio.h>

void report_begin(const char *mode)
{
	printf("{\"mode\":\"%s\"", mode);
}

void report_text(const char *key, const char *value)
{
	printf(",\"%s\":\"%s\"", key, value);
}

void report_number(const char *key, double value)
{
	printf(",\"%s\":%.10g", key, value);
}

void report_durations(const char *prefix, const struct histogram *h)
{
	static const struct {
		const char *name;
		double percent;
	} points[] = {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"p999", 99.9}};

	printf(",\"%s_count\":%llu", prefix, (unsigned long long)h->count);
	for (unsigned i = 0; i < sizeof points / sizeof points[0]; i++)
		printf(",\"%s_%s_us\":%.2f", prefix, points[i].name, histogram_percentile(h, points[i].percent) / 1000);
	printf(",\"%s_mean_us\":%.2f,\"%s_max_us\":%.2f", prefix, histogram_mean(h) / 1000, prefix,
	       (double)h->max / 1000);
}

void report_end(void)
{
	puts("}");
	fflush(stdout);
}
