// Framing, handshake digest and buffers: see websocket.h for what each function promises.
#define _GNU_SOURCE
#include "websocket.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <unistd.h>

static uint64_t read_big_endian(const uint8_t *from, unsigned bytes) {
  uint64_t value = 0;
  for (unsigned i = 0; i < bytes; i++) value = value << 8 | from[i];
  return value;
}

static void write_big_endian(uint8_t *to, uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; i++) to[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
}

enum parsed frame_parse(const uint8_t *bytes, size_t length, struct frame *frame) {
  if (length < 2) return PARSED_INCOMPLETE;
  // No reserved bit but RSV1: anything else was not sent by the other end of this benchmark.
  if ((bytes[0] & 0x30) != 0) return PARSED_INVALID;
  unsigned short_length = bytes[1] & 0x7f;
  unsigned length_bytes = short_length == 126 ? 2 : short_length == 127 ? 8 : 0;
  frame->opcode = bytes[0] & 0x0f;
  frame->final = bytes[0] & 0x80;
  frame->compressed = bytes[0] & RSV1;
  frame->masked = bytes[1] & 0x80;
  frame->header_bytes = 2 + length_bytes + (frame->masked ? 4 : 0);
  if (length < frame->header_bytes) return PARSED_INCOMPLETE;
  uint64_t payload = length_bytes ? read_big_endian(bytes + 2, length_bytes) : short_length;
  if (payload > BUFFER_BYTES - FRAME_HEADER_BYTES_MAX) return PARSED_INVALID;
  frame->payload_bytes = payload;
  if (frame->masked) memcpy(frame->mask, bytes + 2 + length_bytes, 4);
  else memset(frame->mask, 0, 4);
  return length < frame->header_bytes + payload ? PARSED_INCOMPLETE : PARSED_FRAME;
}

size_t frame_header(uint8_t *to, unsigned opcode, size_t payload_bytes, const uint8_t *mask) {
  size_t size = 2;
  uint8_t mask_bit = mask ? 0x80 : 0;
  to[0] = (uint8_t)(0x80 | opcode);
  if (payload_bytes < 126) {
    to[1] = mask_bit | (uint8_t)payload_bytes;
  } else if (payload_bytes < 65536) {
    to[1] = mask_bit | 126;
    write_big_endian(to + 2, payload_bytes, 2);
    size = 4;
  } else {
    to[1] = mask_bit | 127;
    write_big_endian(to + 2, payload_bytes, 8);
    size = 10;
  }
  if (mask) memcpy(to + size, mask, 4);
  return mask ? size + 4 : size;
}

void mask_copy(uint8_t *to, const uint8_t *from, size_t length, const uint8_t mask[4]) {
  uint64_t wide_mask, word;
  memcpy(&wide_mask, mask, 4);
  memcpy((uint8_t *)&wide_mask + 4, mask, 4);
  size_t i = 0;
  for (; i + 8 <= length; i += 8) {
    memcpy(&word, from + i, 8);
    word ^= wide_mask;
    memcpy(to + i, &word, 8);
  }
  for (; i < length; i++) to[i] = from[i] ^ mask[i & 3];
}

static uint32_t rotate_left(uint32_t value, unsigned bits) {
  return value << bits | value >> (32 - bits);
}

static void sha1_block(uint32_t state[5], const uint8_t block[64]) {
  uint32_t w[80];
  for (int i = 0; i < 16; i++) w[i] = (uint32_t)read_big_endian(block + 4 * i, 4);
  for (int i = 16; i < 80; i++) w[i] = rotate_left(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
  for (int i = 0; i < 80; i++) {
    uint32_t f, k;
    if (i < 20) f = (b & c) | (~b & d), k = 0x5a827999;
    else if (i < 40) f = b ^ c ^ d, k = 0x6ed9eba1;
    else if (i < 60) f = (b & c) | (b & d) | (c & d), k = 0x8f1bbcdc;
    else f = b ^ c ^ d, k = 0xca62c1d6;
    uint32_t next = rotate_left(a, 5) + f + e + k + w[i];
    e = d, d = c, c = rotate_left(b, 30), b = a, a = next;
  }
  state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
}

// Of at most 119 bytes, that is two blocks with padding and length: a key is 24, the GUID 36.
static void sha1(const uint8_t *message, size_t length, uint8_t digest[20]) {
  uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  uint8_t padded[128] = {0};
  size_t blocks = length + 9 > 64 ? 2 : 1;
  memcpy(padded, message, length);
  padded[length] = 0x80;
  write_big_endian(padded + 64 * blocks - 8, 8 * length, 8);
  for (size_t i = 0; i < blocks; i++) sha1_block(state, padded + 64 * i);
  for (int i = 0; i < 5; i++) write_big_endian(digest + 4 * i, state[i], 4);
}

void accept_of(const char *key, size_t key_bytes, char accept[ACCEPT_BYTES]) {
  static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  uint8_t text[119], digest[21] = {0};
  if (key_bytes > sizeof text - (sizeof guid - 1)) key_bytes = sizeof text - (sizeof guid - 1);
  memcpy(text, key, key_bytes);
  memcpy(text + key_bytes, guid, sizeof guid - 1);
  sha1(text, key_bytes + sizeof guid - 1, digest);
  for (int i = 0; i < 28; i++) {
    uint32_t group = (uint32_t)read_big_endian(digest + i / 4 * 3, 3);
    accept[i] = alphabet[group >> 6 * (3 - i % 4) & 63];
  }
  memcpy(accept + 27, "=", 2); // 20 bytes leave one place of the last group empty
}

size_t head_length(const uint8_t *bytes, size_t length) {
  const uint8_t *end = memmem(bytes, length, "\r\n\r\n", 4);
  return end ? (size_t)(end - bytes) + 4 : 0;
}

const char *header_value(const char *head, size_t head_bytes, const char *name, size_t *bytes) {
  size_t name_bytes = strlen(name);
  const char *end = head + head_bytes, *line = head, *next;
  for (; (next = memmem(line, (size_t)(end - line), "\r\n", 2)); line = next + 2) {
    if ((size_t)(next - line) <= name_bytes || line[name_bytes] != ':') continue;
    if (strncasecmp(line, name, name_bytes) != 0) continue;
    const char *value = line + name_bytes + 1;
    while (value < next && *value == ' ') value++;
    *bytes = (size_t)(next - value);
    return value;
  }
  return NULL;
}

// Buffers that were given back, last in first out so that the next one is still in the cache.
static void *spare_buffers;

static uint8_t *take_spare(void) {
  void **spare = spare_buffers;
  if (!spare) {
    spare = malloc(BUFFER_BYTES);
    if (!spare) fail("out of memory");
    return (uint8_t *)spare;
  }
  spare_buffers = *spare;
  return (uint8_t *)spare;
}

bool buffer_reserve(struct buffer *buffer, size_t bytes) {
  if (!buffer->bytes) buffer->bytes = take_spare();
  if (buffer->end + bytes <= BUFFER_BYTES) return true;
  memmove(buffer->bytes, buffer->bytes + buffer->start, buffer->end - buffer->start);
  buffer->end -= buffer->start;
  buffer->start = 0;
  return buffer->end + bytes <= BUFFER_BYTES;
}

void buffer_append(struct buffer *buffer, const void *bytes, size_t length) {
  if (!buffer_reserve(buffer, length)) fail("a buffer of %d bytes is too small", BUFFER_BYTES);
  memcpy(buffer->bytes + buffer->end, bytes, length);
  buffer->end += length;
}

void buffer_drop(struct buffer *buffer) {
  if (buffer->bytes) {
    *(void **)buffer->bytes = spare_buffers;
    spare_buffers = buffer->bytes;
  }
  *buffer = (struct buffer){0};
}

void buffer_settle(struct buffer *buffer) {
  if (buffer->start == buffer->end) buffer_drop(buffer);
}

enum io buffer_read(struct buffer *buffer, int fd) {
  buffer_reserve(buffer, BUFFER_BYTES - (buffer->end - buffer->start)); // all there is: always fits
  ssize_t got = read(fd, buffer->bytes + buffer->end, BUFFER_BYTES - buffer->end);
  if (got > 0) {
    buffer->end += (size_t)got;
    return IO_DONE;
  }
  buffer_settle(buffer);
  return got < 0 && (errno == EAGAIN || errno == EINTR) ? IO_BLOCKED : IO_CLOSED;
}

enum io buffer_write(struct buffer *buffer, int fd) {
  if (!buffer->bytes) return IO_DONE;
  ssize_t put = write(fd, buffer->bytes + buffer->start, buffer->end - buffer->start);
  if (put < 0) return errno == EAGAIN || errno == EINTR ? IO_BLOCKED : IO_CLOSED;
  buffer->start += (size_t)put;
  if (buffer->start < buffer->end) return IO_BLOCKED;
  buffer_drop(buffer);
  return IO_DONE;
}

enum joined fragments_join(struct fragments *fragments, const struct frame *frame,
                           const uint8_t *payload, struct message *message) {
  struct buffer *joined = &fragments->payload;
  bool is_first = frame->opcode != OPCODE_CONTINUATION;
  if (is_first == fragments->is_open) return JOINED_INVALID;
  if (is_first && frame->final) {
    *message = (struct message){frame->opcode, frame->compressed, payload, frame->payload_bytes, {0}};
    memcpy(message->mask, frame->mask, sizeof message->mask);
    return JOINED_MESSAGE;
  }
  if (is_first) {
    fragments->is_open = true;
    fragments->opcode = frame->opcode;
    fragments->compressed = frame->compressed;
  }
  if (!buffer_reserve(joined, frame->payload_bytes)) return JOINED_INVALID;
  mask_copy(joined->bytes + joined->end, payload, frame->payload_bytes, frame->mask);
  joined->end += frame->payload_bytes;
  if (!frame->final) return JOINED_PART;
  *message = (struct message){fragments->opcode, fragments->compressed, joined->bytes, joined->end, {0}};
  return JOINED_MESSAGE;
}

void fragments_clear(struct fragments *fragments) {
  buffer_drop(&fragments->payload);
  *fragments = (struct fragments){0};
}

void raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) perror("descriptor limit");
}

void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  exit(1);
}
