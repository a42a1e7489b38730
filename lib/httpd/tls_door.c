#include "lib/httpd/tls_door.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/httpd/httpd.h"
#include "lib/httpd/tls_keys.h"
#include "lib/io/sock.h"
#include "lib/io/timer.h"
#include "lib/io/watch.h"

enum {
	TLS_MAX_CONNS = 3072,
	TLS_HANDSHAKE_MS = 10000,
	TLS_HANDSHAKES = 512, /* under way; one more ends the oldest */
	TLS_STEPS = 4,        /* handshakes that go on in one turn */
	TLS_BUF = 16 << 10,
	TLS_ROUNDS = 16,      /* buffers moved each way in one turn */
	TLS_FLUSH_MS = 75000, /* a client that takes nothing */
	TLS_LINGER_MS = 1000, /* until the client has read a last reply */
	TLS_RECORD_HANDSHAKE = 0x16
};

enum tls_state {
	TLS_SHAKING,
	TLS_OPEN,
	TLS_LINGERING
};

/* One direction: what was read and could not be written yet. */
struct tls_way {
	char *buf;
	size_t off, len;
	bool eof;
};

struct tls_conn {
	TAILQ_ENTRY(tls_conn) entry; /* of shaking or open */
	TAILQ_ENTRY(tls_conn) turn;  /* of ready */
	struct tls_door *d;
	enum tls_state state;
	bool is_ready;
	bool peeked;
	struct sock_addr peer;
	int fd;   /* the client's */
	int pair; /* httpd's other end, -1 before the handshake */
	SSL *ssl;
	struct watch *watch;
	struct watch *pair_watch;
	struct timer *timer;
	struct tls_way in;  /* from the client */
	struct tls_way out; /* to the client */
	int in_wants;       /* WATCH_* that reading or writing waits for */
	int out_wants;
};

TAILQ_HEAD(tls_conns, tls_conn);

struct tls_door {
	struct tls_door_spec spec;
	struct listener *listener;
	struct timer *go; /* for `ready`, in the next turn */
	struct tls_conns shaking;
	struct tls_conns open;
	struct tls_conns ready;
	unsigned n_shaking;
	unsigned n;
};

static void tls_conn_move(struct tls_conn *c);

static void
tls_conn_free(struct tls_conn *c, const char *reason)
{
	struct tls_door *d = c->d;

	if (reason != NULL)
		log_debug("tls close reason=%s", log_val(reason));
	if (c->is_ready)
		TAILQ_REMOVE(&d->ready, c, turn);
	if (c->state == TLS_SHAKING) {
		TAILQ_REMOVE(&d->shaking, c, entry);
		d->n_shaking--;
	} else {
		TAILQ_REMOVE(&d->open, c, entry);
	}
	d->n--;
	watch_free(c->watch);
	watch_free(c->pair_watch);
	timer_free(c->timer);
	SSL_free(c->ssl);
	(void)close(c->fd);
	if (c->pair != -1)
		(void)close(c->pair);
	free(c->in.buf);
	free(c->out.buf);
	free(c);
	if (d->listener != NULL && d->n < d->spec.max_conns)
		listener_resume(d->listener);
}

static void
tls_conn_on_timer(void *arg)
{
	struct tls_conn *c = arg;

	tls_conn_free(c,
	    c->state == TLS_SHAKING    ? "no handshake in time"
		: c->state == TLS_OPEN ? "the client takes nothing"
				       : NULL);
}

/* To go on in the next turn. */
static void
tls_conn_queue(struct tls_conn *c)
{
	if (c->is_ready)
		return;
	c->is_ready = true;
	TAILQ_INSERT_TAIL(&c->d->ready, c, turn);
	if (!timer_pending(c->d->go))
		timer_set(c->d->go, 0);
}

/* Closing a socket with unread bytes would take the reply from the client. */
static void
tls_conn_linger(struct tls_conn *c)
{
	if (c->state == TLS_SHAKING) {
		TAILQ_REMOVE(&c->d->shaking, c, entry);
		c->d->n_shaking--;
		TAILQ_INSERT_TAIL(&c->d->open, c, entry);
	}
	c->state = TLS_LINGERING;
	(void)shutdown(c->fd, SHUT_WR);
	if (c->pair_watch != NULL)
		watch_set(c->pair_watch, 0);
	watch_set(c->watch, WATCH_READ);
	timer_set(c->timer, TLS_LINGER_MS);
}

static void
tls_conn_discard(struct tls_conn *c)
{
	char buf[4096];
	ssize_t n = read(c->fd, buf, sizeof(buf));

	if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
		tls_conn_free(c, NULL);
}

/* The library's reason, or the system's. */
static const char *
tls_why(void)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	return why != NULL ? why : "closed";
}

/* What to wait for after a call that did not go through; -1: it is over. */
static int
tls_wants(SSL *ssl, int rc)
{
	switch (SSL_get_error(ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		return WATCH_READ;
	case SSL_ERROR_WANT_WRITE:
		return WATCH_WRITE;
	default:
		return -1;
	}
}

/* A client that speaks plain HTTP here, by its first byte. */
static void
tls_conn_refuse_plain(struct tls_conn *c, char first)
{
	static const char body[] = "this port speaks TLS: ask by https://\n";
	char reply[256];
	int n;

	if (first < 'A' || first > 'Z') {
		tls_conn_free(c, "no TLS");
		return;
	}
	n = snprintf(reply, sizeof(reply),
	    "HTTP/1.1 400 Bad Request\r\n"
	    "Content-Type: text/plain;charset=utf-8\r\n"
	    "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
	    sizeof(body) - 1, body);
	(void)send(c->fd, reply, (size_t)n, MSG_NOSIGNAL);
	tls_conn_linger(c);
}

static void
tls_on_pair(int fd, int what, void *arg)
{
	(void)fd;
	(void)what;
	tls_conn_move(arg);
}

/* The handshake is done: httpd takes it from here. */
static void
tls_conn_open(struct tls_conn *c)
{
	struct tls_door *d = c->d;
	struct err e = ERR_INIT;
	int fds[2];

	if (sock_pair(fds, &e) == -1) {
		log_warn("tls refuse reason=%s", log_val(e.msg));
		tls_conn_free(c, NULL);
		return;
	}
	c->pair = fds[0];
	TAILQ_REMOVE(&d->shaking, c, entry);
	d->n_shaking--;
	c->state = TLS_OPEN;
	TAILQ_INSERT_TAIL(&d->open, c, entry);
	timer_cancel(c->timer);
	c->pair_watch = watch_new(d->spec.loop, c->pair, tls_on_pair, c);
	if (httpd_add_connection(d->spec.httpd, fds[1], &c->peer, "", &e) ==
	    -1) {
		log_warn("tls refuse reason=%s", log_val(e.msg));
		tls_conn_free(c, NULL);
		return;
	}
	tls_conn_move(c);
}

/* One step of a handshake: at most one message is answered, so at most one
 * signature made. */
static void
tls_conn_shake(struct tls_conn *c)
{
	char first = 0;
	int rc, wants;

	if (!c->peeked) {
		ssize_t n = recv(c->fd, &first, 1, MSG_PEEK);

		if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
			watch_set(c->watch, WATCH_READ);
			return;
		}
		if (n <= 0) {
			tls_conn_free(c, "closed before a handshake");
			return;
		}
		if (first != TLS_RECORD_HANDSHAKE) {
			tls_conn_refuse_plain(c, first);
			return;
		}
		c->peeked = true;
		c->ssl = tls_keys_accept(c->d->spec.keys, c->fd);
	}
	ERR_clear_error();
	rc = SSL_do_handshake(c->ssl);
	if (rc == 1) {
		tls_conn_open(c);
		return;
	}
	wants = tls_wants(c->ssl, rc);
	if (wants == -1)
		tls_conn_free(c, tls_why());
	else
		watch_set(c->watch, wants);
}

/* Bytes of the client towards httpd; true when something moved. */
static bool
tls_conn_take(struct tls_conn *c)
{
	struct tls_way *w = &c->in;
	ssize_t n;
	int rc;

	c->in_wants = 0;
	if (w->len == 0 && !w->eof) {
		if (w->buf == NULL)
			w->buf = xmalloc(TLS_BUF);
		ERR_clear_error();
		rc = SSL_read(c->ssl, w->buf, TLS_BUF);
		if (rc > 0) {
			w->off = 0;
			w->len = (size_t)rc;
		} else {
			c->in_wants = tls_wants(c->ssl, rc);
			if (c->in_wants != -1)
				return false;
			/* An end without a word is as good as one with it:
			 * HTTP knows where a request ends. */
			c->in_wants = 0;
			w->eof = true;
			(void)shutdown(c->pair, SHUT_WR);
			return true;
		}
	}
	if (w->len == 0)
		return false;
	n = send(c->pair, w->buf + w->off, w->len, MSG_NOSIGNAL);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n == -1) {
		/* httpd wants no more of this client. */
		w->eof = true;
		w->len = 0;
		return false;
	}
	w->off += (size_t)n;
	w->len -= (size_t)n;
	return true;
}

/* Bytes of httpd towards the client; true when something moved. */
static bool
tls_conn_give(struct tls_conn *c)
{
	struct tls_way *w = &c->out;
	ssize_t n;
	int rc;

	c->out_wants = 0;
	if (w->len == 0 && !w->eof) {
		if (w->buf == NULL)
			w->buf = xmalloc(TLS_BUF);
		n = read(c->pair, w->buf, TLS_BUF);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			return false;
		if (n <= 0) {
			w->eof = true;
			return true;
		}
		w->off = 0;
		w->len = (size_t)n;
	}
	if (w->len == 0)
		return false;
	ERR_clear_error();
	rc = SSL_write(c->ssl, w->buf + w->off, (int)w->len);
	if (rc <= 0) {
		c->out_wants = tls_wants(c->ssl, rc);
		if (c->out_wants == -1) {
			/* The client is gone: there is nobody to flush to. */
			c->out_wants = 0;
			w->eof = true;
			w->len = 0;
			c->in.eof = true;
			c->in.len = 0;
			(void)shutdown(c->pair, SHUT_RDWR);
		}
		return false;
	}
	w->off += (size_t)rc;
	w->len -= (size_t)rc;
	timer_cancel(c->timer);
	return true;
}

/* Everything of httpd is with the client, or lost. */
static void
tls_conn_end(struct tls_conn *c)
{
	ERR_clear_error();
	(void)SSL_shutdown(c->ssl);
	if (c->in.eof && c->in.len == 0)
		tls_conn_free(c, NULL);
	else
		tls_conn_linger(c);
}

static void
tls_way_rest(struct tls_way *w)
{
	if (w->len > 0)
		return;
	free(w->buf);
	w->buf = NULL;
}

static void
tls_conn_move(struct tls_conn *c)
{
	int rounds = 0, pair = 0;
	bool moved;

	do {
		moved = tls_conn_take(c);
		moved |= tls_conn_give(c);
	} while (moved && ++rounds < TLS_ROUNDS);
	if (c->out.eof && c->out.len == 0) {
		tls_conn_end(c);
		return;
	}
	if (moved)
		tls_conn_queue(c);
	/* httpd may have given this client up: that is seen behind what it
	 * said last. */
	if (c->out.len > 0 && !timer_pending(c->timer))
		timer_set(c->timer, TLS_FLUSH_MS);
	if (!c->out.eof && c->out.len == 0)
		pair |= WATCH_READ;
	if (c->in.len > 0)
		pair |= WATCH_WRITE;
	watch_set(c->watch, c->in_wants | c->out_wants);
	watch_set(c->pair_watch, pair);
	tls_way_rest(&c->in);
	tls_way_rest(&c->out);
}

static void
tls_on_ready(int fd, int what, void *arg)
{
	struct tls_conn *c = arg;

	(void)fd;
	(void)what;
	if (c->state == TLS_LINGERING) {
		tls_conn_discard(c);
	} else if (c->state == TLS_SHAKING) {
		watch_set(c->watch, 0);
		tls_conn_queue(c);
	} else {
		tls_conn_move(c);
	}
}

static void
tls_door_on_go(void *arg)
{
	struct tls_door *d = arg;
	struct tls_conn *c;

	for (int i = 0; i < TLS_STEPS; i++) {
		c = TAILQ_FIRST(&d->ready);
		if (c == NULL)
			break;
		TAILQ_REMOVE(&d->ready, c, turn);
		c->is_ready = false;
		if (c->state == TLS_SHAKING)
			tls_conn_shake(c);
		else if (c->state == TLS_OPEN)
			tls_conn_move(c);
	}
	if (!TAILQ_EMPTY(&d->ready))
		timer_set(d->go, 0);
}

static void
tls_door_on_accept(int fd, const struct sock_addr *peer, void *arg)
{
	struct tls_door *d = arg;
	struct tls_conn *c = xcalloc(1, sizeof(*c));

	/* An honest handshake is over long before it is the oldest. */
	if (d->n_shaking >= TLS_HANDSHAKES)
		tls_conn_free(TAILQ_FIRST(&d->shaking), "too many handshakes");
	(void)setsockopt(
	    fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	c->d = d;
	c->state = TLS_SHAKING;
	c->fd = fd;
	c->pair = -1;
	c->peer = *peer;
	c->watch = watch_new(d->spec.loop, fd, tls_on_ready, c);
	c->timer = timer_new(d->spec.loop, tls_conn_on_timer, c);
	TAILQ_INSERT_TAIL(&d->shaking, c, entry);
	d->n_shaking++;
	d->n++;
	timer_set(c->timer, d->spec.handshake_ms);
	watch_set(c->watch, WATCH_READ);
	if (d->n >= d->spec.max_conns)
		listener_pause(d->listener);
}

struct tls_door *
tls_door_new(const struct tls_door_spec *spec)
{
	struct tls_door *d = xcalloc(1, sizeof(*d));

	d->spec = *spec;
	if (d->spec.max_conns == 0)
		d->spec.max_conns = TLS_MAX_CONNS;
	if (d->spec.handshake_ms == 0)
		d->spec.handshake_ms = TLS_HANDSHAKE_MS;
	TAILQ_INIT(&d->shaking);
	TAILQ_INIT(&d->open);
	TAILQ_INIT(&d->ready);
	d->go = timer_new(spec->loop, tls_door_on_go, d);
	d->listener = listener_new(
	    spec->loop, spec->listen_fd, tls_door_on_accept, d);
	return d;
}

void
tls_door_use(struct tls_door *d, struct tls_keys *keys)
{
	tls_keys_free(d->spec.keys);
	d->spec.keys = keys;
}

const struct tls_keys *
tls_door_keys(const struct tls_door *d)
{
	return d->spec.keys;
}

void
tls_door_stop(struct tls_door *d)
{
	if (d == NULL)
		return;
	listener_free(d->listener);
	d->listener = NULL;
}

void
tls_door_free(struct tls_door *d)
{
	struct tls_conn *c, *next;

	if (d == NULL)
		return;
	tls_door_stop(d);
	TAILQ_FOREACH_SAFE(c, &d->shaking, entry, next)
	tls_conn_free(c, NULL);
	TAILQ_FOREACH_SAFE(c, &d->open, entry, next)
	tls_conn_free(c, NULL);
	timer_free(d->go);
	tls_keys_free(d->spec.keys);
	free(d);
}
