// The client's half of the opening handshake (RFC 6455 §4.1) and what it expects of compression.
#ifndef BENCH_UPGRADE_H
#define BENCH_UPGRADE_H

#include <stddef.h>
#include <stdint.h>

// Once, before the others, when the swarm knows its gateway, its room and its compression.
void upgrade_prepare(void);
const char *upgrade_request(size_t *bytes);
// NULL: this is the answer that was expected. Otherwise what is wrong with it.
const char *upgrade_check(const uint8_t *bytes, size_t head_bytes);

#endif
