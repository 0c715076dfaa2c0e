// The modes of the load generator. All begin and end at rest: nothing is in flight when the word to
// run is waited for, nor when a mode returns.
#include "modes.h"

#include <stdlib.h>
#include <unistd.h>

enum {
  OPENING_AT_ONCE = 64,    // well under any listen backlog
  ERRORS_MAX = 100,        // then the run is worthless: stop
  OPEN_TIMEOUT_MS = 40000, // 8,000 clients at 200/s
  REST_TIMEOUT_MS = 5000,  // what is still in flight then is lost
};

struct run run = {.seconds = 1.5, .warm_seconds = 0.4, .opening = 1};

static bool is_running;
static uint32_t opened, next_to_open, active, completed;

static void ignore_client(struct client *client) { (void)client; }
static void ignore_echoes(struct client *client, uint32_t messages) {
  (void)client;
  (void)messages;
}

static bool gave_up(void) { return swarm.errors >= ERRORS_MAX; }

static void run_for(double seconds) {
  uint64_t end_ns = now_ns() + (uint64_t)(seconds * 1e9);
  is_running = true;
  while (now_ns() < end_ns && !gave_up()) swarm_poll(10);
  is_running = false;
}

static void report_lost(const char *why) {
  for (uint32_t i = 0; i < swarm.count; i++) {
    struct client *client = &swarm.clients[i];
    bool is_at_rest = client->state == CLIENT_OPEN && client->sent == client->received;
    if (client->state != CLIENT_CLOSED && !is_at_rest) client_fail(client, why);
  }
}

// Until nothing is in flight; in the handshake mode, until every cycle is complete.
static void come_to_rest(void) {
  uint64_t end_ns = now_ns() + (uint64_t)REST_TIMEOUT_MS * 1000000;
  while ((swarm.in_flight_now > 0 || active > 0) && now_ns() < end_ns && !gave_up()) swarm_poll(10);
  report_lost("no echo or no end within 5 s");
}

static void wait_for_go(void) {
  char byte;
  puts("ready");
  fflush(stdout);
  if (read(STDIN_FILENO, &byte, 1) != 1) exit(0);
  run.go_ns = now_ns();
  swarm.bytes_read = 0;
}

// Opening: a few at a time, each counts as open once its first messages have come back.

static void open_next(void) {
  if (next_to_open < swarm.count) client_connect(&swarm.clients[next_to_open++]);
}

static void opening_opened(struct client *client) { client_send(client, 1); }

static void opening_echoed(struct client *client, uint32_t messages) {
  (void)messages; // one at a time
  if (client->received < run.opening) {
    client_send(client, 1);
    return;
  }
  opened++;
  open_next();
}

static void open_all(void) {
  swarm.opened = opening_opened;
  swarm.echoed = opening_echoed;
  swarm.closed = ignore_client;
  uint64_t end_ns = now_ns() + (uint64_t)OPEN_TIMEOUT_MS * 1000000;
  for (int i = 0; i < OPENING_AT_ONCE; i++) open_next();
  while (opened < swarm.count && swarm.errors == 0 && now_ns() < end_ns) swarm_poll(10);
  if (opened < swarm.count)
    fail("%u of %u clients opened; first error: %s", opened, swarm.count,
         swarm.errors ? swarm.first_error : "out of time");
}

// Messages: an echo is answered by the next message.

static void send_to_all(uint32_t messages) {
  for (uint32_t i = 0; i < swarm.count; i++)
    if (swarm.clients[i].state == CLIENT_OPEN) client_send(&swarm.clients[i], messages);
}

static void messages_echoed(struct client *client, uint32_t messages) {
  if (is_running) client_send(client, messages);
}

uint64_t run_messages(void) {
  open_all();
  swarm.echoed = messages_echoed;
  send_to_all(swarm.in_flight);
  run_for(run.warm_seconds);
  come_to_rest();
  wait_for_go();
  uint64_t before = swarm.round_trips;
  swarm.is_recording = true;
  send_to_all(swarm.in_flight);
  run_for(run.seconds);
  come_to_rest();
  return swarm.round_trips - before;
}

// Handshakes: a connection that ended is opened again. Latency is from connect to the first echo.

static void handshakes_echoed(struct client *client, uint32_t messages) {
  (void)messages;
  latencies_add(&swarm.latencies, now_ns() - client->began_ns);
  client_close(client);
}

static void handshakes_closed(struct client *client) {
  active--;
  completed++;
  if (!is_running || gave_up()) return;
  active++;
  client_connect(client);
}

static void cycle_for(double seconds) {
  for (uint32_t i = 0; i < swarm.count; i++) {
    active++;
    client_connect(&swarm.clients[i]);
  }
  run_for(seconds);
  come_to_rest();
}

uint64_t run_handshakes(void) {
  swarm.opened = opening_opened;
  swarm.echoed = handshakes_echoed;
  swarm.closed = handshakes_closed;
  cycle_for(run.warm_seconds);
  wait_for_go();
  uint32_t before = completed;
  swarm.latencies = (struct latencies){0};
  cycle_for(run.seconds);
  return completed - before;
}

// Idle: at the end each client sends once more, which proves that all were still there.

uint64_t run_idle(void) {
  open_all();
  swarm.echoed = ignore_echoes;
  wait_for_go();
  uint64_t before = swarm.round_trips;
  swarm.is_recording = true;
  send_to_all(1);
  come_to_rest();
  return swarm.round_trips - before;
}

// Broadcast: the next message once everybody has the one before.

static void broadcast_echoed(struct client *client, uint32_t messages) {
  (void)client, (void)messages;
  if (is_running && swarm.in_flight_now == 0) swarm_send_to_room();
}

static void broadcast_for(double seconds) {
  swarm_send_to_room();
  run_for(seconds);
  come_to_rest();
}

uint64_t run_broadcast(void) {
  open_all();
  swarm.is_in_room = true;
  swarm.echoed = broadcast_echoed;
  broadcast_for(run.warm_seconds);
  wait_for_go();
  uint64_t before = swarm.round_trips;
  swarm.is_recording = true;
  broadcast_for(run.seconds);
  return swarm.round_trips - before;
}

// Check: every message of the corpus twice around, so that the first ones come with a window too.

static void check_echoed(struct client *client, uint32_t messages) {
  for (uint32_t i = 0; i < messages && client->sent < 2 * payload_count(); i++)
    client_send(client, 1);
}

uint64_t run_check(void) {
  open_all();
  wait_for_go();
  swarm.echoed = check_echoed;
  client_send(&swarm.clients[0], swarm.in_flight);
  uint64_t end_ns = now_ns() + (uint64_t)(run.seconds * 1e9);
  while (swarm.in_flight_now > 0 && now_ns() < end_ns && !gave_up()) swarm_poll(10);
  report_lost("the check took too long");
  return swarm.round_trips;
}
