// What the load generator and the echo server share: the framing and the handshake digest of
// RFC 6455, and byte buffers. It does what the benchmark's own traffic needs and no more.
#ifndef BENCH_WEBSOCKET_H
#define BENCH_WEBSOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum opcode {
  OPCODE_CONTINUATION = 0x0,
  OPCODE_TEXT = 0x1,
  OPCODE_BINARY = 0x2,
  OPCODE_CLOSE = 0x8,
  OPCODE_PING = 0x9,
  OPCODE_PONG = 0xa
};

// Two bytes, eight of extended length, four of mask (RFC 6455 §5.2).
enum { FRAME_HEADER_BYTES_MAX = 14 };
// The digest of 20 bytes in base64, and a terminating zero.
enum { ACCEPT_BYTES = 29 };
// Holds everything the largest scenario has in flight on one connection: 4 × 64 KB and headers.
enum { BUFFER_BYTES = 512 * 1024 };

// Unread bytes lie in [start, end). `bytes` is NULL while the buffer is empty, so that an idle
// connection costs the benchmark's own processes next to nothing.
struct buffer {
  uint8_t *bytes;
  size_t start;
  size_t end;
};

struct frame {
  enum opcode opcode;
  bool final;
  bool compressed; // RSV1 (RFC 7692 §6)
  bool masked;
  uint8_t mask[4]; // zeros if it is not
  size_t header_bytes;
  size_t payload_bytes;
};

enum parsed { PARSED_FRAME, PARSED_INCOMPLETE, PARSED_INVALID };

// PARSED_FRAME once header and payload are all there.
enum parsed frame_parse(const uint8_t *bytes, size_t length, struct frame *frame);
// Writes a final frame's header, masked if `mask` is not NULL; returns its size. A compressed
// message's opcode is OPCODE_… | RSV1.
enum { RSV1 = 0x40 };
size_t frame_header(uint8_t *to, unsigned opcode, size_t payload_bytes, const uint8_t *mask);

// A whole message, still masked.
struct message {
  enum opcode opcode;
  bool compressed;
  const uint8_t *bytes;
  size_t length;
  uint8_t mask[4];
};

// What has arrived of a message in fragments, unmasked: a gateway may make some of what was sent in
// one frame. Zeros between messages.
struct fragments {
  bool is_open;
  enum opcode opcode;
  bool compressed;
  struct buffer payload;
};

enum joined { JOINED_MESSAGE, JOINED_PART, JOINED_INVALID };
// Takes in a data frame and its payload. JOINED_MESSAGE: `message` is whole, for as long as
// fragments_clear() is not called and the payload stays where it is.
enum joined fragments_join(struct fragments *fragments, const struct frame *frame,
                           const uint8_t *payload, struct message *message);
void fragments_clear(struct fragments *fragments);

// Copies while masking or unmasking.
void mask_copy(uint8_t *to, const uint8_t *from, size_t length, const uint8_t mask[4]);
// Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455 §4.2.2).
void accept_of(const char *key, size_t key_bytes, char accept[ACCEPT_BYTES]);
// The value of a header in a request or response head; NULL if it is not there.
const char *header_value(const char *head, size_t head_bytes, const char *name, size_t *bytes);
// The size of a head with its empty line; 0 while that has not arrived.
size_t head_length(const uint8_t *bytes, size_t length);

// Makes room for `bytes` more behind `end`; false if they cannot fit.
bool buffer_reserve(struct buffer *buffer, size_t bytes);
void buffer_append(struct buffer *buffer, const void *bytes, size_t length);
// Gives the memory back if nothing is left in it.
void buffer_settle(struct buffer *buffer);
void buffer_drop(struct buffer *buffer);

enum io { IO_DONE, IO_BLOCKED, IO_CLOSED };
// One read into the free room. IO_BLOCKED: nothing there.
enum io buffer_read(struct buffer *buffer, int fd);
// Writes what it can. IO_BLOCKED: the rest has to wait until `fd` is writable.
enum io buffer_write(struct buffer *buffer, int fd);

// Raises the descriptor limit to what the system allows.
void raise_descriptor_limit(void);
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
