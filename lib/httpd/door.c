#include "lib/httpd/door.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/httpd/httpd.h"
#include "lib/httpd/proxyv2.h"
#include "lib/io/sock.h"
#include "lib/io/timer.h"
#include "lib/io/watch.h"

enum {
	DOOR_FIXED = 16, /* bytes of the header before its variable part */
	DOOR_WAIT_MS = 5000,
	DOOR_MAX = 256 /* connections whose header is not there yet */
};

struct door_conn {
	LIST_ENTRY(door_conn) entry;
	struct door *f;
	int fd;
	struct watch *watch;
	struct timer *timer;
	size_t len;
	char buf[PROXYV2_MAX];
};

LIST_HEAD(door_conns, door_conn);

struct door {
	struct door_spec spec;
	struct listener *listener;
	struct door_conns conns;
	unsigned n;
};

static void
door_conn_free(struct door_conn *c, const char *reason)
{
	if (reason != NULL)
		log_warn("door refuse reason=%s", log_val(reason));
	LIST_REMOVE(c, entry);
	c->f->n--;
	watch_free(c->watch);
	timer_free(c->timer);
	if (c->fd >= 0)
		close(c->fd);
	free(c);
}

static void
door_on_timer(void *arg)
{
	door_conn_free(arg, "no PROXY header in time");
}

/* How many bytes the header has, as far as is known: never more is read, for
 * what follows is HTTP. */
static size_t
door_conn_want(const struct door_conn *c)
{
	if (c->len < DOOR_FIXED)
		return DOOR_FIXED;
	return DOOR_FIXED +
	    ((size_t)(unsigned char)c->buf[14] << 8 |
		(size_t)(unsigned char)c->buf[15]);
}

static void
door_conn_ready(struct door_conn *c)
{
	struct view in = { c->buf, c->len };
	struct proxyv2 h;
	struct err e = ERR_INIT;
	struct sock_addr peer = { .len = sizeof(struct sockaddr_in) };
	struct sockaddr_in sin = { .sin_family = AF_INET };
	uint64_t id;

	if (proxyv2_get(in, &h, &e) != (long)c->len) {
		door_conn_free(c, e.code != ERR_NONE ? e.msg : "bad header");
		return;
	}
	if (num_u64(h.project, 1, INT64_MAX, &id, &e) == -1) {
		door_conn_free(c, "the PROXY header names no project");
		return;
	}
	sin.sin_addr.s_addr = htonl(h.src_addr);
	sin.sin_port = htons(h.src_port);
	memcpy(&peer.ss, &sin, sizeof(sin));
	if (httpd_add_connection(c->f->spec.httpd, STEAL_FD(c->fd), &peer,
		h.project, &e) == -1) {
		door_conn_free(c, e.msg);
		return;
	}
	door_conn_free(c, NULL);
}

static void
door_on_ready(int fd, int what, void *arg)
{
	struct door_conn *c = arg;

	(void)what;
	for (;;) {
		size_t want = door_conn_want(c);
		ssize_t n;

		if (want > sizeof(c->buf)) {
			door_conn_free(c, "PROXY header is too long");
			return;
		}
		if (c->len == want && want >= DOOR_FIXED &&
		    door_conn_want(c) == c->len) {
			door_conn_ready(c);
			return;
		}
		n = read(fd, c->buf + c->len, want - c->len);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			door_conn_free(c, "closed before the PROXY header");
			return;
		}
		c->len += (size_t)n;
	}
}

static void
door_on_accept(int fd, const struct sock_addr *peer, void *arg)
{
	struct door *f = arg;
	struct door_conn *c;
	struct err e = ERR_INIT;
	uid_t uid = 0;

	(void)peer;
	if (sock_peer_uid(fd, &uid, &e) == -1 || uid != f->spec.router_uid ||
	    uid == 0 || f->n >= DOOR_MAX) {
		log_warn("door refuse uid=%u reason=%s", uid,
		    uid == f->spec.router_uid ? "too-many" : "not-the-router");
		close(fd);
		return;
	}
	c = xcalloc(1, sizeof(*c));
	c->f = f;
	c->fd = fd;
	c->watch = watch_new(f->spec.loop, fd, door_on_ready, c);
	c->timer = timer_new(f->spec.loop, door_on_timer, c);
	LIST_INSERT_HEAD(&f->conns, c, entry);
	f->n++;
	timer_set(c->timer, DOOR_WAIT_MS);
	watch_set(c->watch, WATCH_READ);
}

struct door *
door_new(const struct door_spec *spec, struct err *e)
{
	AUTO_FREE char *text = xasprintf("unix:%s", spec->path);
	struct door *f;
	struct sock_addr a;
	int fd = -1;

	if (sock_parse(text, &a, e) == -1 ||
	    sock_listen(&a, 0660, &fd, e) == -1)
		return NULL;
	f = xcalloc(1, sizeof(*f));
	f->spec = *spec;
	f->spec.path = NULL;
	LIST_INIT(&f->conns);
	f->listener = listener_new(spec->loop, fd, door_on_accept, f);
	return f;
}

void
door_stop(struct door *f)
{
	listener_free(f->listener);
	f->listener = NULL;
}

void
door_free(struct door *f)
{
	struct door_conn *c, *next;

	if (f == NULL)
		return;
	LIST_FOREACH_SAFE(c, &f->conns, entry, next)
		door_conn_free(c, NULL);
	listener_free(f->listener);
	free(f);
}
