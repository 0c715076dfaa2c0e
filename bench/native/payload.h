// What messages carry: by default bytes that nobody looks into, or, for compression, messages of a
// corpus (bench/corpus.ts), as they are or compressed beforehand.
//
// Message n of client c is the same in every run. Clients begin at different places of the corpus,
// so that a gateway does not get the same message twice in a row from two of them.
#ifndef BENCH_PAYLOAD_H
#define BENCH_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// How a client speaks permessage-deflate: not at all, each message by itself, or with a window that
// reaches back over those before.
enum deflate { DEFLATE_OFF, DEFLATE_SINGLE, DEFLATE_TAKEOVER };

// One of the two once, before the others. Created: message n is n, followed by a pattern from place
// n mod 256 on; every message has this many bytes, eight or more.
void payload_create(size_t bytes);
void payload_load(const char *file, enum deflate deflate, uint32_t clients);

// The longest message.
size_t payload_bytes_max(void);
// The number of messages in the corpus.
uint32_t payload_count(void);
// How many messages a client has to send before each one is compressed with a full window.
uint32_t payload_warm_count(void);

// The opcode of all messages as they are sent, with RSV1 if they are compressed.
unsigned payload_opcode(void);
size_t payload_bytes(uint32_t client, uint32_t n);
void payload_write(uint8_t *to, uint32_t client, uint32_t n, const uint8_t mask[4]);
// Whether this is message n, not compressed and not masked.
bool payload_matches(const uint8_t *bytes, size_t length, uint32_t client, uint32_t n);

// Small and fast: masks must vary, nobody attacks this traffic.
uint32_t random_mask(void);

#endif
