// The load generator: closed loop, one thread, in one of three modes.
//
//   messages    every client keeps --in-flight messages under way for --seconds
//   handshakes  --clients at a time connect, upgrade, exchange one message, close, over and over
//   idle        --clients connect, exchange one message each and then stay silent
//
// Each mode prepares (connects, warms up), comes to rest and prints "ready". On a line from standard
// input it runs, comes to rest again and prints one line of JSON. The gateway is at rest at both
// ends of what is measured, so its CPU time can be read then without a race; for idle clients the
// time in between is when memory is read. If standard input closes it stops.
//
// --tls full or --tls resumed: over TLS, each connection with a handshake of that kind.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"

enum {
  OPENING_AT_ONCE = 64,    // well under any listen backlog
  ERRORS_MAX = 100,        // then the run is worthless: stop
  OPEN_TIMEOUT_MS = 40000, // 8,000 clients at 200/s
  REST_TIMEOUT_MS = 5000,  // what is still in flight then is lost
};

static const char *mode = "messages";
static double run_seconds = 1.5, warm_seconds = 0.4;
static bool is_running;
static uint32_t opened, next_to_open, active, completed;
static uint64_t go_ns;

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
  go_ns = now_ns();
}

// Opening: a few at a time, each counts as open once its first message has come back.

static void open_next(void) {
  if (next_to_open < swarm.count) client_connect(&swarm.clients[next_to_open++]);
}

static void opening_opened(struct client *client) { client_send(client, 1); }

static void opening_echoed(struct client *client, uint32_t messages) {
  (void)client;
  opened += messages;
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

static uint64_t run_messages(void) {
  open_all();
  swarm.echoed = messages_echoed;
  send_to_all(swarm.in_flight);
  run_for(warm_seconds);
  come_to_rest();
  wait_for_go();
  uint64_t before = swarm.round_trips;
  swarm.is_recording = true;
  send_to_all(swarm.in_flight);
  run_for(run_seconds);
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

static uint64_t run_handshakes(void) {
  swarm.opened = opening_opened;
  swarm.echoed = handshakes_echoed;
  swarm.closed = handshakes_closed;
  cycle_for(warm_seconds);
  wait_for_go();
  uint32_t before = completed;
  swarm.latencies = (struct latencies){0};
  cycle_for(run_seconds);
  return completed - before;
}

// Idle: at the end each client sends once more, which proves that all were still there.

static uint64_t run_idle(void) {
  open_all();
  swarm.echoed = ignore_echoes;
  wait_for_go();
  uint64_t before = swarm.round_trips;
  swarm.is_recording = true;
  send_to_all(1);
  come_to_rest();
  return swarm.round_trips - before;
}

static double number(const char *text, double least, double most) {
  char *end;
  double value = strtod(text, &end);
  if (*end != 0 || value < least || value > most)
    fail("%s: expected a number from %g to %g", text, least, most);
  return value;
}

static int tls_kind(const char *text) {
  if (strcmp(text, "off") == 0) return TLS_OFF;
  if (strcmp(text, "full") == 0) return TLS_FULL;
  if (strcmp(text, "resumed") == 0) return TLS_RESUMED;
  fail("--tls %s: expected off, full or resumed", text);
}

static void read_options(int count, char **arguments) {
  static const struct option options[] = {
      {"mode", required_argument, NULL, 'm'},    {"port", required_argument, NULL, 'p'},
      {"clients", required_argument, NULL, 'c'}, {"in-flight", required_argument, NULL, 'f'},
      {"bytes", required_argument, NULL, 'b'},   {"seconds", required_argument, NULL, 's'},
      {"warm", required_argument, NULL, 'w'},    {"tls", required_argument, NULL, 't'},
      {NULL, 0, NULL, 0},
  };
  for (int option; (option = getopt_long(count, arguments, "", options, NULL)) != -1;) {
    if (option == 'm') mode = optarg;
    else if (option == 'p') swarm.gateway.sin_port = htons((uint16_t)number(optarg, 1, 65535));
    else if (option == 'c') swarm.count = (uint32_t)number(optarg, 1, 20000);
    else if (option == 'f') swarm.in_flight = (uint32_t)number(optarg, 1, 1024);
    else if (option == 'b') swarm.message_bytes = (size_t)number(optarg, 8, BUFFER_BYTES - 14);
    else if (option == 's') run_seconds = number(optarg, 0.1, 60);
    else if (option == 'w') warm_seconds = number(optarg, 0.1, 60);
    else if (option == 't') swarm.tls = tls_kind(optarg);
    else exit(2);
  }
  size_t frame_bytes = swarm.message_bytes + FRAME_HEADER_BYTES_MAX;
  size_t record_bytes = (frame_bytes / TLS_RECORD_BYTES_MAX + 1) * TLS_RECORD_EXTRA_BYTES;
  if (swarm.in_flight * (frame_bytes + record_bytes) > BUFFER_BYTES)
    fail("more than %d bytes in flight on one connection", BUFFER_BYTES);
}

int main(int count, char **arguments) {
  signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  swarm = (struct swarm){.count = 1, .in_flight = 1, .message_bytes = 64};
  swarm.gateway.sin_family = AF_INET;
  swarm.gateway.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  read_options(count, arguments);
  swarm_create();

  uint64_t done = 0;
  if (strcmp(mode, "messages") == 0) done = run_messages();
  else if (strcmp(mode, "handshakes") == 0) done = run_handshakes();
  else if (strcmp(mode, "idle") == 0) done = run_idle();
  else fail("unknown mode: %s", mode);

  double seconds = (double)(now_ns() - go_ns) / 1e9;
  printf("{\"done\":%llu,\"seconds\":%.3f,", (unsigned long long)done, seconds);
  printf("\"p50Us\":%.1f,", latencies_quantile_us(&swarm.latencies, 0.5));
  printf("\"p99Us\":%.1f,", latencies_quantile_us(&swarm.latencies, 0.99));
  printf("\"errors\":%llu,", (unsigned long long)swarm.errors);
  printf("\"firstError\":\"%s\"}\n", swarm.first_error);
  return 0;
}
