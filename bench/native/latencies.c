// Round trips counted by latency: see latencies.h.
#include "latencies.h"

// Below 32 ns a bucket is a nanosecond; above, a 32nd of the power of two the value lies in.
static unsigned bucket_of(uint64_t ns) {
  if (ns < LATENCY_STEPS) return (unsigned)ns;
  unsigned power = 63 - (unsigned)__builtin_clzll(ns);
  return (power - 4) * LATENCY_STEPS + (unsigned)(ns >> (power - 5)) % LATENCY_STEPS;
}

static uint64_t least_ns_of(unsigned bucket) {
  if (bucket < LATENCY_STEPS) return bucket;
  return (LATENCY_STEPS + (uint64_t)bucket % LATENCY_STEPS) << (bucket / LATENCY_STEPS - 1);
}

void latencies_add(struct latencies *latencies, uint64_t ns) { latencies->counts[bucket_of(ns)]++; }

double latencies_quantile_us(const struct latencies *latencies, double quantile) {
  uint64_t total = 0, seen = 0;
  for (unsigned i = 0; i < LATENCY_BUCKETS; i++) total += latencies->counts[i];
  uint64_t rank = (uint64_t)(quantile * (double)total);
  for (unsigned i = 0; i < LATENCY_BUCKETS; i++) {
    seen += latencies->counts[i];
    if (seen > rank) return (double)least_ns_of(i) / 1e3;
  }
  return 0;
}
