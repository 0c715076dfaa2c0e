// The clients of the load generator: see client.h.
#define _GNU_SOURCE
#include "client.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "upgrade.h"

enum { EVENTS_PER_POLL = 256 };

struct swarm swarm;

uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void *allocate(size_t count, size_t size) {
  void *memory = calloc(count, size);
  if (!memory) fail("out of memory");
  return memory;
}

void swarm_create(void) {
  swarm.epoll = epoll_create1(EPOLL_CLOEXEC);
  swarm.clients = allocate(swarm.count, sizeof *swarm.clients);
  uint64_t *sent_ns = allocate((size_t)swarm.count * swarm.in_flight, sizeof *sent_ns);
  for (uint32_t i = 0; i < swarm.count; i++) {
    swarm.clients[i].fd = -1;
    swarm.clients[i].sent_ns = sent_ns + (size_t)i * swarm.in_flight;
    if (swarm.tls != TLS_OFF) swarm.clients[i].tls = tls_create(swarm.tls == TLS_RESUMED);
  }
  upgrade_prepare();
}

static void watch(struct client *client, int operation, bool wants_write) {
  uint32_t direction = wants_write ? EPOLLIN | EPOLLOUT : EPOLLIN;
  struct epoll_event event = {.events = direction, .data.ptr = client};
  if (epoll_ctl(swarm.epoll, operation, client->fd, &event) != 0)
    fail("epoll_ctl: %s", strerror(errno));
  client->wants_write = wants_write;
}

static void drop(struct client *client) {
  if (client->tls) tls_close(client->tls, client->fd);
  if (client->fd >= 0) close(client->fd);
  client->fd = -1;
  client->state = CLIENT_CLOSED;
  client->close_received = false;
  swarm.in_flight_now -= client->sent - client->received;
  client->received = client->sent;
  buffer_drop(&client->in);
  buffer_drop(&client->out);
  fragments_clear(&client->fragments);
  swarm.closed(client);
}

void client_fail(struct client *client, const char *why) {
  uint32_t lost = client->sent - client->received;
  if (swarm.errors == 0)
    snprintf(swarm.first_error, sizeof swarm.first_error, "%s (%u in flight)", why, lost);
  swarm.errors += lost > 0 ? lost : 1;
  drop(client);
}

static void write_out(struct client *client) {
  enum io io = client->tls ? tls_write(client->tls, &client->out, client->fd)
                           : buffer_write(&client->out, client->fd);
  if (io == IO_CLOSED) client_fail(client, "the gateway closed while being written to");
  else if (client->wants_write != (io == IO_BLOCKED))
    watch(client, EPOLL_CTL_MOD, io == IO_BLOCKED);
}

void client_connect(struct client *client) {
  int one = 1;
  client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (client->fd < 0) fail("socket: %s", strerror(errno));
  setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  const struct sockaddr *to = (const struct sockaddr *)&swarm.gateway;
  if (connect(client->fd, to, sizeof swarm.gateway) != 0 && errno != EINPROGRESS)
    fail("connect: %s", strerror(errno));
  client->state = CLIENT_CONNECTING;
  client->began_ns = now_ns();
  watch(client, EPOLL_CTL_ADD, true);
}

static uint32_t index_of(const struct client *client) {
  return (uint32_t)(client - swarm.clients);
}

// One more message is under way to it.
static void expect(struct client *client, uint64_t at_ns) {
  client->sent_ns[client->sent % swarm.in_flight] = at_ns;
  client->sent++;
  swarm.in_flight_now++;
}

static void append_message(struct client *client) {
  uint32_t word = random_mask(), index = index_of(client);
  uint8_t mask[4];
  struct buffer *out = &client->out;
  size_t bytes = payload_bytes(index, client->sent);
  memcpy(mask, &word, sizeof mask);
  if (!buffer_reserve(out, FRAME_HEADER_BYTES_MAX + bytes)) fail("output is full");
  out->end += frame_header(out->bytes + out->end, payload_opcode(), bytes, mask);
  payload_write(out->bytes + out->end, index, client->sent, mask);
  out->end += bytes;
}

void client_send(struct client *client, uint32_t messages) {
  uint64_t at_ns = now_ns();
  for (uint32_t i = 0; i < messages && client->state == CLIENT_OPEN; i++) {
    append_message(client);
    expect(client, at_ns);
    if (!client->wants_write) write_out(client);
  }
}

void swarm_send_to_room(void) {
  uint64_t at_ns = now_ns();
  if (swarm.clients[0].state != CLIENT_OPEN) return;
  append_message(&swarm.clients[0]);
  for (uint32_t i = 0; i < swarm.count; i++)
    if (swarm.clients[i].state == CLIENT_OPEN) expect(&swarm.clients[i], at_ns);
  write_out(&swarm.clients[0]);
}

void client_close(struct client *client) {
  static const uint8_t normal_closure[2] = {0x03, 0xe8}, mask[4] = {0x12, 0x34, 0x56, 0x78};
  uint8_t frame[FRAME_HEADER_BYTES_MAX + 2];
  size_t header_bytes = frame_header(frame, OPCODE_CLOSE, 2, mask);
  mask_copy(frame + header_bytes, normal_closure, 2, mask);
  buffer_append(&client->out, frame, header_bytes + 2);
  client->state = CLIENT_CLOSING;
  write_out(client);
}

static void upgrade(struct client *client) {
  client->state = CLIENT_UPGRADING;
  size_t request_bytes;
  const char *request = upgrade_request(&request_bytes);
  buffer_append(&client->out, request, request_bytes);
  write_out(client);
}

// The request leaves in one write with the end of the handshake.
static void secure(struct client *client) {
  if (!tls_is_secure(client->tls)) write_out(client);
  else if (swarm.tls == TLS_RESUMED && client->sent > 0 && !tls_is_resumed(client->tls))
    client_fail(client, "the gateway did not resume the TLS session of the connection before");
  else upgrade(client);
}

static void finish_connect(struct client *client) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) {
    client_fail(client, strerror(error));
    return;
  }
  if (!client->tls) {
    upgrade(client);
    return;
  }
  client->state = CLIENT_SECURING;
  tls_open(client->tls);
  secure(client);
}

// NULL: upgraded, or the head is not complete yet (state tells). Otherwise what is wrong.
static const char *read_upgrade(struct client *client) {
  struct buffer *in = &client->in;
  const uint8_t *head = in->bytes + in->start;
  size_t head_bytes = head_length(head, in->end - in->start);
  if (head_bytes == 0) return NULL;
  const char *wrong = upgrade_check(head, head_bytes);
  if (wrong) return wrong;
  in->start += head_bytes;
  client->state = CLIENT_OPEN;
  return NULL;
}

// The length with its highest bit set for a compressed message, then the payload as it came.
static void record(const struct message *message) {
  uint32_t head = (uint32_t)message->length | (message->compressed ? 1u << 31 : 0);
  fwrite(&head, sizeof head, 1, swarm.record);
  fwrite(message->bytes, 1, message->length, swarm.record);
}

static const char *read_echo(struct client *client, const struct message *message, uint64_t at_ns) {
  uint32_t sender = swarm.is_in_room ? 0 : index_of(client);
  if (client->received == client->sent) return "an echo of nothing";
  if (message->compressed && swarm.deflate == DEFLATE_OFF) return "RSV1 without compression";
  if (!message->compressed &&
      !payload_matches(message->bytes, message->length, sender, client->received))
    return "an echo differs from what was sent, or is out of order";
  if (swarm.record) record(message);
  uint64_t sent_ns = client->sent_ns[client->received % swarm.in_flight];
  if (swarm.is_recording) latencies_add(&swarm.latencies, at_ns - sent_ns);
  client->received++;
  swarm.round_trips++;
  swarm.in_flight_now--;
  return NULL;
}

static const char *read_data(struct client *client, const struct frame *frame, uint64_t at_ns,
                             uint32_t *echoes) {
  const uint8_t *payload = client->in.bytes + client->in.start + frame->header_bytes;
  struct message message;
  enum joined joined = fragments_join(&client->fragments, frame, payload, &message);
  if (joined == JOINED_INVALID) return "fragments out of order";
  if (joined == JOINED_PART) return NULL;
  const char *wrong = read_echo(client, &message, at_ns);
  fragments_clear(&client->fragments);
  ++*echoes;
  return wrong;
}

// Takes every whole frame out of the input and counts the echoes. Returns what is wrong, or NULL.
static const char *read_frames(struct client *client, uint32_t *echoes) {
  struct buffer *in = &client->in;
  uint64_t at_ns = now_ns();
  struct frame frame;
  for (;;) {
    enum parsed parsed = frame_parse(in->bytes + in->start, in->end - in->start, &frame);
    if (parsed == PARSED_INCOMPLETE) return NULL;
    if (parsed == PARSED_INVALID || frame.masked) return "an invalid frame";
    const char *wrong = NULL;
    if (frame.opcode < OPCODE_CLOSE) wrong = read_data(client, &frame, at_ns, echoes);
    // A heartbeat's Ping is left without an answer: no phase lasts as long as one waits for it.
    else if (frame.opcode == OPCODE_CLOSE) client->close_received = true;
    else if (frame.opcode != OPCODE_PING) wrong = "an unexpected frame";
    if (wrong) return wrong;
    in->start += frame.header_bytes + frame.payload_bytes;
  }
}

static void finish_connection(struct client *client) {
  const char *failure = client->tls ? tls_failure(client->tls) : NULL;
  if (failure) client_fail(client, failure);
  else if (client->state != CLIENT_CLOSING || !client->close_received)
    client_fail(client, "the gateway closed the connection");
  // RFC 8446 §6.1. A gateway that leaves it out would be cheaper than one that does what it must.
  else if (client->tls && !tls_has_ended(client->tls))
    client_fail(client, "the gateway ended the connection without close_notify");
  else drop(client);
}

// Takes in what was read.
static void take(struct client *client) {
  const char *wrong = NULL;
  bool was_upgrading = client->state == CLIENT_UPGRADING;
  uint32_t echoes = 0;
  if (was_upgrading) wrong = read_upgrade(client);
  if (!wrong && client->state != CLIENT_UPGRADING) wrong = read_frames(client, &echoes);
  if (wrong) {
    client_fail(client, wrong);
    return;
  }
  buffer_settle(&client->in);
  if (was_upgrading && client->state == CLIENT_OPEN) swarm.opened(client);
  if (echoes > 0) swarm.echoed(client, echoes);
}

static void read_in(struct client *client) {
  size_t before = client->in.end - client->in.start;
  enum io io = client->tls ? tls_read(client->tls, &client->in, client->fd)
                           : buffer_read(&client->in, client->fd);
  if (io == IO_CLOSED) {
    finish_connection(client);
    return;
  }
  if (io == IO_DONE) swarm.bytes_read += client->in.end - client->in.start - before;
  if (client->state == CLIENT_SECURING) secure(client);
  else if (io == IO_DONE) take(client);
  // The end may have come in the same read as what was before it.
  if (client->tls && tls_has_ended(client->tls)) finish_connection(client);
}

void swarm_poll(int timeout_ms) {
  struct epoll_event events[EVENTS_PER_POLL];
  int count = epoll_wait(swarm.epoll, events, EVENTS_PER_POLL, timeout_ms);
  for (int i = 0; i < count; i++) {
    struct client *client = events[i].data.ptr;
    if (client->state == CLIENT_CONNECTING) {
      finish_connect(client);
      continue;
    }
    if (events[i].events & EPOLLOUT) write_out(client);
    if (client->fd >= 0 && events[i].events & ~(uint32_t)EPOLLOUT) read_in(client);
  }
}
