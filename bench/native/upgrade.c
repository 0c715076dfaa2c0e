// The client's half of the opening handshake: see upgrade.h.
#define _GNU_SOURCE
#include "upgrade.h"

#include <stdio.h>
#include <string.h>

#include "client.h"

// The same key every time: it is the digest that is checked, not the randomness.
static const char key[] = "dGhlIHNhbXBsZSBub25jZQ==";

static char expected_accept[ACCEPT_BYTES];
static char request[384];
static size_t request_bytes;

void upgrade_prepare(void) {
  accept_of(key, sizeof key - 1, expected_accept);
  // What browsers offer.
  static const char offer[] =
      "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
  request_bytes = (size_t)snprintf(
      request, sizeof request,
      "GET /%s HTTP/1.1\r\nHost: localhost:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n%s\r\n",
      swarm.has_room ? "room" : "", ntohs(swarm.gateway.sin_port), key,
      swarm.offers_deflate ? offer : "");
}

const char *upgrade_request(size_t *bytes) {
  *bytes = request_bytes;
  return request;
}

// Whether the gateway has agreed to no more and no less than what its row is about.
static bool is_agreed(const char *head, size_t head_bytes) {
  static const char deflate[] = "permessage-deflate";
  size_t bytes;
  const char *chosen = header_value(head, head_bytes, "Sec-WebSocket-Extensions", &bytes);
  if (!chosen || swarm.deflate == DEFLATE_OFF) return !chosen && swarm.deflate == DEFLATE_OFF;
  if (bytes < sizeof deflate - 1 || memcmp(chosen, deflate, sizeof deflate - 1) != 0) return false;
  // Neither of the two directions with a window, or both.
  bool is_single = memmem(chosen, bytes, "server_no_context_takeover", 26);
  bool sends_single = memmem(chosen, bytes, "client_no_context_takeover", 26);
  return is_single == sends_single && is_single == (swarm.deflate == DEFLATE_SINGLE);
}

const char *upgrade_check(const uint8_t *bytes, size_t head_bytes) {
  const char *head = (const char *)bytes;
  size_t accept_bytes;
  if (memcmp(head, "HTTP/1.1 101 ", 13) != 0) return "the upgrade was refused";
  const char *accept = header_value(head, head_bytes, "Sec-WebSocket-Accept", &accept_bytes);
  if (!accept || accept_bytes != ACCEPT_BYTES - 1 ||
      memcmp(accept, expected_accept, accept_bytes) != 0)
    return "wrong Sec-WebSocket-Accept";
  if (!is_agreed(head, head_bytes)) return "the gateway agreed to other compression than expected";
  return NULL;
}
