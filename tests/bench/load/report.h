/*
 * report - one result as one line of JSON on standard output.
 * Never: escapes; keys and texts are the program's own.
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdint.h>

#include "histogram.h"

void report_begin(const char *mode);
void report_text(const char *key, const char *value);
void report_number(const char *key, double value);
/* count, p50, p90, p99, p99.9, mean and max, in microseconds, of a histogram of nanoseconds. */
void report_durations(const char *prefix, const struct histogram *h);
void report_end(void);

#endif
