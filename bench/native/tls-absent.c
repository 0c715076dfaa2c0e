// What the load generator has in the place of tls.c where OpenSSL's headers are not installed:
// nothing but a refusal. None of the others is reached without tls_create().
#include "tls.h"

struct tls *tls_create(bool resumes) {
  (void)resumes;
  fail("this load generator was compiled without TLS");
}

void tls_open(struct tls *tls) { (void)tls; }

void tls_close(struct tls *tls, int fd) { (void)tls, (void)fd; }

enum io tls_read(struct tls *tls, struct buffer *in, int fd) {
  (void)tls, (void)in, (void)fd;
  return IO_CLOSED;
}

enum io tls_write(struct tls *tls, struct buffer *out, int fd) {
  (void)tls, (void)out, (void)fd;
  return IO_CLOSED;
}

bool tls_is_secure(const struct tls *tls) { return tls; }
bool tls_is_resumed(const struct tls *tls) { return tls; }
bool tls_has_ended(const struct tls *tls) { return tls; }
const char *tls_failure(const struct tls *tls) {
  (void)tls;
  return "no TLS";
}
