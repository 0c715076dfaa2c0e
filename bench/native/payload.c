// The payloads of messages: see payload.h.
#include "payload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "websocket.h"

enum { SEQUENCE_BYTES = 8, PATTERN_SHIFTS = 256 };

static uint8_t *pattern;
static size_t pattern_bytes; // of one message

struct bytes {
  const uint8_t *at;
  uint32_t length;
};

// A message of the corpus in three forms: `single` is compressed by itself, `window` with the messages
// before it, the last ones before the first.
struct entry {
  struct bytes plain, single, window;
};

static struct {
  struct entry *entries;
  uint32_t count;
  uint32_t opcode;
  uint32_t warm_count;
  uint32_t clients;
  enum deflate deflate;
  size_t bytes_max;
} corpus;

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

static void read_all(FILE *file, void *to, size_t bytes) {
  if (fread(to, 1, bytes, file) != bytes) fail("the corpus is cut short");
}

static struct bytes read_bytes(FILE *file) {
  struct bytes bytes;
  read_all(file, &bytes.length, sizeof bytes.length);
  uint8_t *at = malloc(bytes.length);
  if (!at) fail("out of memory");
  read_all(file, at, bytes.length);
  if (bytes.length > corpus.bytes_max) corpus.bytes_max = bytes.length;
  bytes.at = at;
  return bytes;
}

void payload_load(const char *name, enum deflate deflate, uint32_t clients) {
  FILE *file = fopen(name, "rb");
  if (!file) fail("cannot read %s", name);
  uint32_t head[3];
  read_all(file, head, sizeof head);
  corpus.count = head[0], corpus.opcode = head[1], corpus.warm_count = head[2];
  corpus.deflate = deflate;
  corpus.clients = clients;
  corpus.entries = calloc(corpus.count, sizeof *corpus.entries);
  if (!corpus.entries) fail("out of memory");
  for (uint32_t i = 0; i < corpus.count; i++) {
    struct entry *entry = &corpus.entries[i];
    entry->plain = read_bytes(file);
    entry->single = read_bytes(file);
    entry->window = read_bytes(file);
  }
  fclose(file);
}

size_t payload_bytes_max(void) {
  return corpus.count ? corpus.bytes_max : SEQUENCE_BYTES + pattern_bytes;
}

uint32_t payload_count(void) { return corpus.count; }

uint32_t payload_warm_count(void) {
  return corpus.deflate == DEFLATE_TAKEOVER ? corpus.warm_count : 1;
}

static const struct entry *entry_of(uint32_t client, uint32_t n) {
  uint64_t first = (uint64_t)client * corpus.count / corpus.clients;
  return &corpus.entries[(first + n) % corpus.count];
}

static const struct bytes *sent_form(uint32_t client, uint32_t n) {
  const struct entry *entry = entry_of(client, n);
  if (corpus.deflate == DEFLATE_OFF) return &entry->plain;
  // Until the window of the connection is full of what `window` refers to; a message compressed by
  // itself fits any window.
  bool is_single = corpus.deflate == DEFLATE_SINGLE || n < corpus.warm_count;
  return is_single ? &entry->single : &entry->window;
}

unsigned payload_opcode(void) {
  if (!corpus.count) return OPCODE_BINARY;
  return corpus.deflate == DEFLATE_OFF ? corpus.opcode : corpus.opcode | RSV1;
}

size_t payload_bytes(uint32_t client, uint32_t n) {
  return corpus.count ? sent_form(client, n)->length : SEQUENCE_BYTES + pattern_bytes;
}

void payload_write(uint8_t *to, uint32_t client, uint32_t n, const uint8_t mask[4]) {
  if (corpus.count) {
    const struct bytes *form = sent_form(client, n);
    mask_copy(to, form->at, form->length, mask);
    return;
  }
  uint64_t sequence = n;
  mask_copy(to, (const uint8_t *)&sequence, SEQUENCE_BYTES, mask);
  mask_copy(to + SEQUENCE_BYTES, pattern + n % PATTERN_SHIFTS, pattern_bytes, mask);
}

bool payload_matches(const uint8_t *bytes, size_t length, uint32_t client, uint32_t n) {
  if (corpus.count) {
    const struct bytes *plain = &entry_of(client, n)->plain;
    return length == plain->length && memcmp(bytes, plain->at, length) == 0;
  }
  uint64_t sequence = n;
  return length == SEQUENCE_BYTES + pattern_bytes && memcmp(bytes, &sequence, SEQUENCE_BYTES) == 0 &&
         memcmp(bytes + SEQUENCE_BYTES, pattern + n % PATTERN_SHIFTS, pattern_bytes) == 0;
}
