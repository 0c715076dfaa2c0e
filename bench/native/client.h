// WebSocket clients by the thousand on one epoll: they connect, upgrade, send messages (payload.h) and
// check every echo, byte for byte and in order; of a compressed one only that it is there, since
// inflating would cost what is not to be measured. What they do when is up to the hooks (modes.c).
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <netinet/in.h>

#include <stdio.h>

#include "latencies.h"
#include "payload.h"
#include "tls.h"
#include "websocket.h"

enum client_state {
  CLIENT_CLOSED,
  CLIENT_CONNECTING,
  CLIENT_SECURING, // the TLS handshake, if there is one
  CLIENT_UPGRADING,
  CLIENT_OPEN,
  CLIENT_CLOSING // Close was sent
};

struct client {
  int fd;
  enum client_state state;
  bool wants_write;
  bool close_received;
  // Messages over all its connections, also the next sequence number; in a room, those of the first
  // client, which all of them get.
  uint32_t sent;
  uint32_t received; // echoes; sent - received are in flight
  uint64_t began_ns; // when its connection was begun
  uint64_t *sent_ns; // when each message in flight was sent: a ring of swarm.in_flight
  struct tls *tls; // NULL: plain
  struct buffer in;  // without TLS
  struct buffer out;
  struct fragments fragments;
};

struct swarm {
  struct sockaddr_in gateway;
  enum { TLS_OFF, TLS_FULL, TLS_RESUMED } tls;
  int epoll;
  uint32_t count;
  uint32_t in_flight; // at most, a client
  bool offers_deflate;
  enum deflate deflate; // what the gateway has to agree to
  bool has_room;   // clients ask for /room: see echo.c
  bool is_in_room; // all of them are in it: what they get is of the first client
  FILE *record;         // NULL, or where every message received is written: see `record` in client.c
  struct client *clients;

  bool is_recording; // whether latencies are kept
  struct latencies latencies;
  uint64_t round_trips; // echoes received, all clients, recorded or not
  uint64_t bytes_read;  // without TLS, that is
  uint64_t in_flight_now;
  uint64_t errors;
  char first_error[160];

  // `opened`: upgraded. `echoed`: `messages` echoes came in one read, all correct. `closed`: the
  // socket is gone, after a failure too, and the client may connect again.
  void (*opened)(struct client *client);
  void (*echoed)(struct client *client, uint32_t messages);
  void (*closed)(struct client *client);
};

extern struct swarm swarm;

// Expects gateway, tls, deflate, has_room, count and in_flight to be set, and a payload.
void swarm_create(void);
// Waits up to `timeout_ms` for events and handles them.
void swarm_poll(int timeout_ms);

void client_connect(struct client *client);
// One write for each, as WebSocket libraries do: put together they would spare the gateway most of
// its reads. At most swarm.in_flight may be under way.
void client_send(struct client *client, uint32_t messages);
// The first client sends one message to the room, and all of them have to get it.
void swarm_send_to_room(void);
// Sends Close; the server closes the connection (RFC 6455 §7.1.1).
void client_close(struct client *client);
// Counts an error and drops the connection.
void client_fail(struct client *client, const char *why);

uint64_t now_ns(void);

#endif
