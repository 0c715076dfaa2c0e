// The payloads of messages: see payload.h.
#include "payload.h"

#include <stdlib.h>
#include <string.h>

#include "websocket.h"

enum { SEQUENCE_BYTES = 8, PATTERN_SHIFTS = 256 };

static uint8_t *pattern;
static size_t pattern_bytes; // of one message

uint32_t random_mask(void) {
  static uint32_t state = 2463534242; // xorshift
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

void payload_create(size_t bytes) {
  pattern_bytes = bytes - SEQUENCE_BYTES;
  pattern = malloc(pattern_bytes + PATTERN_SHIFTS);
  if (!pattern) fail("out of memory");
  for (size_t i = 0; i < pattern_bytes + PATTERN_SHIFTS; i++)
    pattern[i] = (uint8_t)(random_mask() >> 8);
}

void payload_write(uint8_t *to, uint64_t n, const uint8_t mask[4]) {
  mask_copy(to, (const uint8_t *)&n, SEQUENCE_BYTES, mask);
  mask_copy(to + SEQUENCE_BYTES, pattern + n % PATTERN_SHIFTS, pattern_bytes, mask);
}

bool payload_matches(const uint8_t *bytes, uint64_t n) {
  return memcmp(bytes, &n, SEQUENCE_BYTES) == 0 &&
         memcmp(bytes + SEQUENCE_BYTES, pattern + n % PATTERN_SHIFTS, pattern_bytes) == 0;
}
