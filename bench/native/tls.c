// TLS of the clients with OpenSSL: see tls.h. OpenSSL never sees a socket, only the two buffers of
// records: so there is one read and one write a message whatever its number of records.
#include "tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

struct tls {
  SSL *ssl;               // NULL between connections
  SSL_SESSION *session;   // what the next connection resumes, if it may and there is one
  struct buffer received; // records still to be opened
  struct buffer sealed;   // records still to be written
  bool resumes;
  bool has_ended;
  const char *failure;
};

static SSL_CTX *context;
static BIO_METHOD *records;

static int take_received(BIO *bio, char *to, int length) {
  struct tls *tls = BIO_get_data(bio);
  size_t bytes = tls->received.end - tls->received.start;
  BIO_clear_retry_flags(bio);
  if (bytes == 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  if (bytes > (size_t)length) bytes = (size_t)length;
  memcpy(to, tls->received.bytes + tls->received.start, bytes);
  tls->received.start += bytes;
  return (int)bytes;
}

static int keep_sealed(BIO *bio, const char *from, int length) {
  struct tls *tls = BIO_get_data(bio);
  buffer_append(&tls->sealed, from, (size_t)length);
  return length;
}

static long control(BIO *bio, int command, long number, void *pointer) {
  (void)bio, (void)number, (void)pointer;
  return command == BIO_CTRL_FLUSH;
}

static int keep_session(SSL *ssl, SSL_SESSION *session) {
  struct tls *tls = SSL_get_app_data(ssl);
  if (!tls->resumes) return 0;
  SSL_SESSION_free(tls->session);
  tls->session = session;
  return 1; // it is ours now
}

// Without it OpenSSL builds and checks the chain before it ignores the result.
static int accept_any(X509_STORE_CTX *store, void *argument) {
  (void)store, (void)argument;
  return 1;
}

static void create_context(void) {
  static const unsigned char protocols[] = "\x08http/1.1";
  context = SSL_CTX_new(TLS_client_method());
  records = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "records in buffers");
  if (!context || !records || !SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) ||
      !SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256") ||
      !SSL_CTX_set1_groups_list(context, "X25519") ||
      SSL_CTX_set_alpn_protos(context, protocols, sizeof protocols - 1) != 0)
    fail("OpenSSL cannot be set up: %s", ERR_reason_error_string(ERR_get_error()));
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS); // 8,000 of them are idle at a time
  SSL_CTX_set_cert_verify_callback(context, accept_any, NULL);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, keep_session);
  BIO_meth_set_read(records, take_received);
  BIO_meth_set_write(records, keep_sealed);
  BIO_meth_set_ctrl(records, control);
}

struct tls *tls_create(bool resumes) {
  if (!context) create_context();
  struct tls *tls = calloc(1, sizeof *tls);
  if (!tls) fail("out of memory");
  tls->resumes = resumes;
  return tls;
}

// Sorts what an OpenSSL call that did not succeed means.
static void note_outcome(struct tls *tls, int result) {
  int outcome = SSL_get_error(tls->ssl, result);
  if (outcome == SSL_ERROR_WANT_READ) return;
  tls->has_ended = true;
  if (outcome == SSL_ERROR_ZERO_RETURN) return;
  const char *reason = ERR_reason_error_string(ERR_get_error());
  tls->failure = reason ? reason : "TLS failed";
  ERR_clear_error();
}

void tls_open(struct tls *tls) {
  BIO *bio = BIO_new(records);
  tls->ssl = SSL_new(context);
  if (!bio || !tls->ssl) fail("out of memory");
  BIO_set_data(bio, tls);
  BIO_set_init(bio, 1);
  SSL_set_bio(tls->ssl, bio, bio);
  SSL_set_app_data(tls->ssl, tls);
  SSL_set_tlsext_host_name(tls->ssl, "localhost");
  if (tls->session) SSL_set_session(tls->ssl, tls->session);
  note_outcome(tls, SSL_connect(tls->ssl));
}

void tls_close(struct tls *tls, int fd) {
  if (!tls->ssl) return;
  // OpenSSL also takes a session that was not shut down for one that must not be resumed.
  if (SSL_is_init_finished(tls->ssl) && !tls->failure) SSL_shutdown(tls->ssl);
  buffer_write(&tls->sealed, fd);
  SSL_free(tls->ssl);
  tls->ssl = NULL;
  tls->has_ended = false;
  tls->failure = NULL;
  buffer_drop(&tls->received);
  buffer_drop(&tls->sealed);
}

enum io tls_read(struct tls *tls, struct buffer *in, int fd) {
  enum io io = buffer_read(&tls->received, fd);
  if (io != IO_DONE) return io;
  size_t before = in->end - in->start;
  buffer_reserve(in, BUFFER_BYTES - before); // all there is: always fits
  for (;;) {
    int got = SSL_read(tls->ssl, in->bytes + in->end, (int)(BUFFER_BYTES - in->end));
    if (got <= 0) {
      note_outcome(tls, got);
      break;
    }
    in->end += (size_t)got;
  }
  bool is_more = in->end - in->start > before;
  buffer_settle(&tls->received);
  buffer_settle(in);
  if (is_more) return IO_DONE;
  return tls->has_ended ? IO_CLOSED : IO_BLOCKED;
}

enum io tls_write(struct tls *tls, struct buffer *out, int fd) {
  if (out->bytes && SSL_is_init_finished(tls->ssl)) {
    int wrote = SSL_write(tls->ssl, out->bytes + out->start, (int)(out->end - out->start));
    if (wrote <= 0) {
      note_outcome(tls, wrote);
      return IO_CLOSED;
    }
    buffer_drop(out); // without partial writes it takes all, and what it writes to has no end
  }
  return buffer_write(&tls->sealed, fd);
}

bool tls_is_secure(const struct tls *tls) { return SSL_is_init_finished(tls->ssl); }
bool tls_is_resumed(const struct tls *tls) { return SSL_session_reused(tls->ssl); }
bool tls_has_ended(const struct tls *tls) { return tls->has_ended; }
const char *tls_failure(const struct tls *tls) { return tls->failure; }
