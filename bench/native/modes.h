// What the clients of the load generator do: see load.c for the modes.
#ifndef BENCH_MODES_H
#define BENCH_MODES_H

#include "client.h"

struct run {
  double seconds;
  double warm_seconds;
  uint32_t opening; // messages each client exchanges before it counts as open
  uint64_t go_ns;   // when the word to run came
};

extern struct run run;

// Each returns how many messages or handshakes were done.
uint64_t run_messages(void);
uint64_t run_handshakes(void);
uint64_t run_idle(void);
uint64_t run_broadcast(void);
uint64_t run_check(void);

#endif
