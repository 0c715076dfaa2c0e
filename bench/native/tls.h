// TLS of one client, between its plain buffers and its socket. All clients speak the same TLS: 1.3
// with what browsers offer first (X25519, AES-128-GCM, ALPN http/1.1), asking for `localhost` and
// verifying nothing. Gateways choose nothing, so each of them does the same cryptography.
//
// Implemented by tls.c with OpenSSL, and by tls-absent.c where its headers are not installed.
#ifndef BENCH_TLS_H
#define BENCH_TLS_H

#include "websocket.h"

// What a record of at most 16 KB adds: its header, type and tag (RFC 8446 §5.2).
enum { TLS_RECORD_BYTES_MAX = 16 * 1024, TLS_RECORD_EXTRA_BYTES = 22 };

struct tls;

// One for each client, for all the connections it has one after the other. `resumes`: from the
// second on each resumes the session of the one before; otherwise each is a full handshake.
struct tls *tls_create(bool resumes);

// Begins the handshake; tls_write() sends what it has to say.
void tls_open(struct tls *tls);
// Says goodbye (close_notify) and forgets the connection; the caller closes `fd`.
void tls_close(struct tls *tls, int fd);

// One read from `fd`, handshake or messages, into `in`. IO_BLOCKED: no plaintext came out of it.
// IO_CLOSED: the connection has ended, or failed: tls_failure() tells.
enum io tls_read(struct tls *tls, struct buffer *in, int fd);
// Takes all of `out` once the handshake is done; one write, as without TLS. IO_BLOCKED as there.
enum io tls_write(struct tls *tls, struct buffer *out, int fd);

bool tls_is_secure(const struct tls *tls);
bool tls_is_resumed(const struct tls *tls);
// Whether close_notify was received: nothing follows what tls_read() gave.
bool tls_has_ended(const struct tls *tls);
// NULL: nothing is wrong.
const char *tls_failure(const struct tls *tls);

#endif
