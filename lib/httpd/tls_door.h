/*
 * tls_door: a listener for TLS before an httpd.  It takes TLS off and hands
 * httpd a socket of plain HTTP with the peer's address; what httpd does, and
 * how, is the same.  A handshake ends within ten seconds; when too many are
 * under way the oldest ends.  Who speaks HTTP here is told so in HTTP.
 * Cryptography of new connections is done a few at a time, so that a flood of
 * them leaves the loop to others.
 */
#ifndef LIB_HTTPD_TLS_DOOR_H
#define LIB_HTTPD_TLS_DOOR_H

struct httpd;
struct loop;
struct tls_door;
struct tls_keys;

struct tls_door_spec {
	struct loop *loop;
	struct httpd *httpd;
	int listen_fd;         /* taken */
	struct tls_keys *keys; /* taken */
	unsigned max_conns;    /* default 3072, so that httpd has some left */
	unsigned handshake_ms; /* default 10 s */
};

struct tls_door *tls_door_new(const struct tls_door_spec *spec)
    __attribute__((returns_nonnull));
/* Takes keys: for connections from now on. */
void tls_door_use(struct tls_door *d, struct tls_keys *keys);
const struct tls_keys *tls_door_keys(const struct tls_door *d);
void tls_door_stop(struct tls_door *d); /* no new connections */
void tls_door_free(struct tls_door *d); /* NULL is fine */

#endif
