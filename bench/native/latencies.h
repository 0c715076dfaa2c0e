// Round trips counted by latency: 32 steps to each power of two, so a quantile is within 3 %.
#ifndef BENCH_LATENCIES_H
#define BENCH_LATENCIES_H

#include <stdint.h>

enum { LATENCY_STEPS = 32, LATENCY_BUCKETS = 64 * LATENCY_STEPS };

struct latencies {
  uint64_t counts[LATENCY_BUCKETS];
};

void latencies_add(struct latencies *latencies, uint64_t ns);
// In microseconds; 0 if nothing was counted.
double latencies_quantile_us(const struct latencies *latencies, double quantile);

#endif
