/*
 * tls_keys: a certificate with its chain and its private key, from two PEM
 * files, ready for TLS 1.2 and later.  Loaded anew for a new certificate:
 * connections keep what they began with.
 */
#ifndef LIB_HTTPD_TLS_KEYS_H
#define LIB_HTTPD_TLS_KEYS_H

#include <stdint.h>

struct err;
struct ssl_st;
struct str;
struct tls_keys;

/* NULL and why: a file that cannot be read, is no PEM or asks for a password,
 * a key that is not the certificate's. */
struct tls_keys *tls_keys_load(
    const char *cert_file, const char *key_file, struct err *e);
void tls_keys_free(struct tls_keys *k); /* NULL is fine */

/* The end of the certificate, seconds since 1970. */
int64_t tls_keys_expires_s(const struct tls_keys *k);
/* What is doubtful about it at that time, a sentence; nothing when it is not.
 */
void tls_keys_doubt(const struct tls_keys *k, int64_t now_s, struct str *out);

/* A server's end of a connection over fd, which stays the caller's. */
struct ssl_st *tls_keys_accept(struct tls_keys *k, int fd);

#endif
