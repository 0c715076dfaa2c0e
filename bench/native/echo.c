// A WebSocket echo server in one thread, the upstream of every gateway that is measured.
//
// Clients of the path /room are in a room: what one of them sends goes to all of them. Only its first
// message comes back to itself alone, which tells a client that it is in.
//
// It prints its port and then stops by itself when its standard input closes, so that it never
// outlives the benchmark. All messages that arrive in one read leave in one write; while a write is
// blocked nothing more is read from that connection, so one buffer each way is the bound.
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "websocket.h"

// One past the largest descriptor the process may get; more than the gateways' limit of 8,000.
enum { CONNECTIONS_MAX = 65536, EVENTS_PER_POLL = 256, HEAD_BYTES_MAX = 16 * 1024 };

struct connection {
  bool upgraded;
  bool closing; // Close was answered: closed as soon as everything is written
  bool blocked;
  bool wants_room; // asked for /room; in it from the first message on
  bool is_in_room;
  struct fragments fragments;
  struct buffer in;
  struct buffer out;
};

static struct connection connections[CONNECTIONS_MAX]; // by descriptor
static int descriptors; // one past the largest in use so far
static int epoll;

static void close_connection(int fd) {
  buffer_drop(&connections[fd].in);
  buffer_drop(&connections[fd].out);
  fragments_clear(&connections[fd].fragments);
  connections[fd] = (struct connection){0};
  close(fd);
}

static void watch(int fd, int operation, uint32_t events) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  if (epoll_ctl(epoll, operation, fd, &event) != 0) fail("epoll_ctl: %s", strerror(errno));
}

// Answers the upgrade once its head is there. False: refused.
static bool upgrade(struct connection *connection) {
  struct buffer *in = &connection->in;
  const char *head = (const char *)in->bytes + in->start;
  size_t head_bytes = head_length(in->bytes + in->start, in->end - in->start);
  if (head_bytes == 0) return in->end - in->start < HEAD_BYTES_MAX;
  size_t key_bytes;
  const char *key = header_value(head, head_bytes, "Sec-WebSocket-Key", &key_bytes);
  if (!key) {
    static const char refusal[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    buffer_append(&connection->out, refusal, sizeof refusal - 1);
    return false;
  }
  char accept[ACCEPT_BYTES], answer[256];
  accept_of(key, key_bytes, accept);
  int size = snprintf(answer, sizeof answer,
                      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                      "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                      accept);
  buffer_append(&connection->out, answer, (size_t)size);
  static const char room[] = "GET /room ";
  connection->wants_room = head_bytes > sizeof room && memcmp(head, room, sizeof room - 1) == 0;
  connection->upgraded = true;
  in->start += head_bytes;
  return true;
}

static void append_frame(struct connection *connection, const struct message *message) {
  struct buffer *out = &connection->out;
  if (!buffer_reserve(out, FRAME_HEADER_BYTES_MAX + message->length)) fail("output is full");
  out->end += frame_header(out->bytes + out->end, message->opcode, message->length, NULL);
  mask_copy(out->bytes + out->end, message->bytes, message->length, message->mask);
  out->end += message->length;
}

static void write_out(int fd) {
  struct connection *connection = &connections[fd];
  enum io io = buffer_write(&connection->out, fd);
  if (io == IO_CLOSED || (io == IO_DONE && connection->closing)) {
    close_connection(fd);
    return;
  }
  if ((io == IO_BLOCKED) == connection->blocked) return;
  connection->blocked = io == IO_BLOCKED;
  watch(fd, EPOLL_CTL_MOD, connection->blocked ? EPOLLOUT : EPOLLIN);
}

// The sender's own is written with all else that it gets.
static void send_to_room(const struct connection *sender, const struct message *message) {
  for (int fd = 0; fd < descriptors; fd++) {
    struct connection *member = &connections[fd];
    if (!member->is_in_room || member->closing) continue;
    append_frame(member, message);
    if (member != sender && !member->blocked) write_out(fd);
  }
}

static void answer_message(struct connection *connection, const struct message *message) {
  if (connection->is_in_room) send_to_room(connection, message);
  else append_frame(connection, message);
  connection->is_in_room = connection->wants_room;
}

static void answer_control(struct connection *connection, const struct frame *frame,
                           const uint8_t *payload) {
  if (frame->opcode == OPCODE_PONG) return;
  enum opcode opcode = frame->opcode == OPCODE_PING ? OPCODE_PONG : frame->opcode;
  struct message answer = {opcode, false, payload, frame->payload_bytes, {0}};
  memcpy(answer.mask, frame->mask, sizeof answer.mask);
  append_frame(connection, &answer);
  connection->closing |= frame->opcode == OPCODE_CLOSE;
}

// Answers every whole message that was read. False: not what a client may send, and nothing here
// has agreed to compression.
static bool answer_frames(struct connection *connection) {
  struct buffer *in = &connection->in;
  struct frame frame;
  struct message message;
  while (!connection->closing) {
    enum parsed parsed = frame_parse(in->bytes + in->start, in->end - in->start, &frame);
    if (parsed == PARSED_INCOMPLETE) return true;
    if (parsed == PARSED_INVALID || !frame.masked || frame.compressed) return false;
    const uint8_t *payload = in->bytes + in->start + frame.header_bytes;
    in->start += frame.header_bytes + frame.payload_bytes;
    if (frame.opcode >= OPCODE_CLOSE) {
      answer_control(connection, &frame, payload);
      continue;
    }
    enum joined joined = fragments_join(&connection->fragments, &frame, payload, &message);
    if (joined == JOINED_INVALID) return false;
    if (joined == JOINED_PART) continue;
    answer_message(connection, &message);
    fragments_clear(&connection->fragments);
  }
  return true;
}

static void read_in(int fd) {
  struct connection *connection = &connections[fd];
  enum io io = buffer_read(&connection->in, fd);
  if (io == IO_BLOCKED) return;
  if (io == IO_CLOSED) {
    close_connection(fd);
    return;
  }
  bool fine = connection->upgraded || upgrade(connection);
  if (fine && connection->upgraded) fine = answer_frames(connection);
  connection->closing |= !fine;
  buffer_settle(&connection->in);
  write_out(fd);
}

static void accept_one(int listener) {
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), one = 1;
  if (fd < 0) return;
  if (fd >= CONNECTIONS_MAX) {
    close(fd);
    return;
  }
  if (fd >= descriptors) descriptors = fd + 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  watch(fd, EPOLL_CTL_ADD, EPOLLIN);
}

static int listen_on_loopback(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 4096) != 0 ||
      getsockname(fd, (struct sockaddr *)&address, &size) != 0)
    fail("cannot listen: %s", strerror(errno));
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  epoll = epoll_create1(EPOLL_CLOEXEC);
  int listener = listen_on_loopback();
  watch(listener, EPOLL_CTL_ADD, EPOLLIN);
  watch(STDIN_FILENO, EPOLL_CTL_ADD, EPOLLIN);
  for (;;) {
    struct epoll_event events[EVENTS_PER_POLL];
    int count = epoll_wait(epoll, events, EVENTS_PER_POLL, -1);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd == STDIN_FILENO) return 0;
      if (fd == listener) accept_one(listener);
      else if (connections[fd].blocked) write_out(fd);
      else read_in(fd);
    }
  }
}
