// The load generator: closed loop, one thread, in one of five modes.
//
//   messages    every client keeps --in-flight messages under way for --seconds
//   handshakes  --clients at a time connect, upgrade, exchange one message, close, over and over
//   idle        --clients connect, exchange --opening messages each and then stay silent
//   broadcast   one of --clients sends, all of them receive, and then it sends the next
//   check       one client sends each message of the corpus; what comes back goes to --record
//
// Each mode prepares (connects, warms up), comes to rest and prints "ready". On a line from standard
// input it runs, comes to rest again and prints one line of JSON. The gateway is at rest at both
// ends of what is measured, so its CPU time can be read then without a race; for idle clients the
// time in between is when memory is read. If standard input closes it stops.
//
// --tls full or --tls resumed: over TLS, each connection with a handshake of that kind.
// --corpus FILE: messages of the file (payload.h) instead of --bytes each. Clients offer
// permessage-deflate then, and --deflate says what has to come of it: off, single or takeover.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modes.h"

static const char *mode = "messages", *corpus;
static size_t message_bytes = 64;

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

static enum deflate deflate_kind(const char *text) {
  if (strcmp(text, "off") == 0) return DEFLATE_OFF;
  if (strcmp(text, "single") == 0) return DEFLATE_SINGLE;
  if (strcmp(text, "takeover") == 0) return DEFLATE_TAKEOVER;
  fail("--deflate %s: expected off, single or takeover", text);
}

static void read_options(int count, char **arguments) {
  static const struct option options[] = {
      {"mode", required_argument, NULL, 'm'},    {"port", required_argument, NULL, 'p'},
      {"clients", required_argument, NULL, 'c'}, {"in-flight", required_argument, NULL, 'f'},
      {"bytes", required_argument, NULL, 'b'},   {"seconds", required_argument, NULL, 's'},
      {"warm", required_argument, NULL, 'w'},    {"tls", required_argument, NULL, 't'},
      {"corpus", required_argument, NULL, 'C'},  {"deflate", required_argument, NULL, 'd'},
      {"opening", required_argument, NULL, 'o'}, {"record", required_argument, NULL, 'r'},
      {NULL, 0, NULL, 0},
  };
  for (int option; (option = getopt_long(count, arguments, "", options, NULL)) != -1;) {
    if (option == 'm') mode = optarg;
    else if (option == 'p') swarm.gateway.sin_port = htons((uint16_t)number(optarg, 1, 65535));
    else if (option == 'c') swarm.count = (uint32_t)number(optarg, 1, 20000);
    else if (option == 'f') swarm.in_flight = (uint32_t)number(optarg, 1, 1024);
    else if (option == 'b') message_bytes = (size_t)number(optarg, 8, BUFFER_BYTES - 14);
    else if (option == 's') run.seconds = number(optarg, 0.1, 60);
    else if (option == 'w') run.warm_seconds = number(optarg, 0.1, 60);
    else if (option == 't') swarm.tls = tls_kind(optarg);
    else if (option == 'C') corpus = optarg;
    else if (option == 'd') swarm.deflate = deflate_kind(optarg);
    else if (option == 'o') run.opening = (uint32_t)number(optarg, 1, 10000);
    else if (option == 'r') swarm.record = fopen(optarg, "wb");
    else exit(2);
  }
}

static void prepare_payload(void) {
  if (corpus) payload_load(corpus, swarm.deflate, swarm.count);
  else payload_create(message_bytes);
  swarm.offers_deflate = corpus;
  swarm.has_room = strcmp(mode, "broadcast") == 0;
  // In a room a client's first message comes back to it alone, and the second would not.
  if (!swarm.has_room && run.opening < payload_warm_count()) run.opening = payload_warm_count();
  size_t frame_bytes = payload_bytes_max() + FRAME_HEADER_BYTES_MAX;
  size_t record_bytes = (frame_bytes / TLS_RECORD_BYTES_MAX + 1) * TLS_RECORD_EXTRA_BYTES;
  if (swarm.in_flight * (frame_bytes + record_bytes) > BUFFER_BYTES)
    fail("more than %d bytes in flight on one connection", BUFFER_BYTES);
}

int main(int count, char **arguments) {
  signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  swarm = (struct swarm){.count = 1, .in_flight = 1};
  swarm.gateway.sin_family = AF_INET;
  swarm.gateway.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  read_options(count, arguments);
  prepare_payload();
  swarm_create();

  uint64_t done = 0;
  if (strcmp(mode, "messages") == 0) done = run_messages();
  else if (strcmp(mode, "handshakes") == 0) done = run_handshakes();
  else if (strcmp(mode, "idle") == 0) done = run_idle();
  else if (strcmp(mode, "broadcast") == 0) done = run_broadcast();
  else if (strcmp(mode, "check") == 0) done = run_check();
  else fail("unknown mode: %s", mode);
  if (swarm.record && fclose(swarm.record) != 0) fail("the record was not written");

  double seconds = (double)(now_ns() - run.go_ns) / 1e9;
  printf("{\"done\":%llu,\"seconds\":%.3f,", (unsigned long long)done, seconds);
  printf("\"p50Us\":%.1f,", latencies_quantile_us(&swarm.latencies, 0.5));
  printf("\"p99Us\":%.1f,", latencies_quantile_us(&swarm.latencies, 0.99));
  printf("\"roundTrips\":%llu,", (unsigned long long)swarm.round_trips);
  printf("\"bytesRead\":%llu,", (unsigned long long)swarm.bytes_read);
  printf("\"errors\":%llu,", (unsigned long long)swarm.errors);
  printf("\"firstError\":\"%s\"}\n", swarm.first_error);
  return 0;
}
