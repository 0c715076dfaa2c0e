// What messages carry: message n of a client is n, followed by a pattern from place n mod 256 on, so
// that two messages of a client never look alike and no payload has to be kept.
#ifndef BENCH_PAYLOAD_H
#define BENCH_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Once, before the others: every message has this many bytes, eight or more.
void payload_create(size_t bytes);
// Writes message n, masked.
void payload_write(uint8_t *to, uint64_t n, const uint8_t mask[4]);
// Whether this is message n, unmasked.
bool payload_matches(const uint8_t *bytes, uint64_t n);

// Small and fast: masks must vary, nobody attacks this traffic.
uint32_t random_mask(void);

#endif
