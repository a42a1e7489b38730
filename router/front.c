#include "router/front.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/httpd/proxyv2.h"
#include "lib/io/pump.h"
#include "lib/io/sock.h"
#include "lib/io/stream.h"
#include "lib/io/timer.h"

enum {
	FRONT_IDLE_MS = 10 * 60 * 1000,
	FRONT_REFUSE_MS = 5000,
	FRONT_RETRY_MS = 20, /* while the service's queue is full */
	FRONT_TRIES = 100
};

/* Waiting for a place in the service's queue (fd), then passed on (pump). */
struct front_conn {
	LIST_ENTRY(front_conn) entry;
	struct front *front;
	uint32_t client;
	struct sockaddr_in from;
	int fd;
	int tries;
	struct timer *retry;
	struct pump *pump;
};

struct front {
	struct loop *loop;
	struct front_spec spec;
	struct sock_addr target;
	struct listener *listener;
	LIST_HEAD(, front_conn) conns;
	unsigned long n;
	uint64_t refused; /* since the service was reached last */
};

static void
front_conn_free(struct front_conn *k)
{
	struct front *f = k->front;
	struct client *c = clients_find(f->spec.clients, k->client);

	if (c != NULL && c->front_conns > 0)
		c->front_conns--;
	f->n--;
	LIST_REMOVE(k, entry);
	timer_free(k->retry);
	if (k->fd != -1)
		(void)close(k->fd);
	free(k);
}

static void
front_on_done(const struct pump_end *end, void *arg)
{
	struct front_conn *k = arg;

	log_debug("front end project=%u up=%llu down=%llu why=%s", k->client,
	    (unsigned long long)end->a_to_b, (unsigned long long)end->b_to_a,
	    log_val(end->reason));
	front_conn_free(k);
}

static void
front_refuse_on_data(struct stream *s, struct view in, void *arg)
{
	(void)arg;
	stream_take(s, in.len);
}

static void
front_refuse_on_close(struct stream *s, const char *reason, void *arg)
{
	(void)s;
	(void)reason;
	(void)arg;
}

/* Answer without reading: the request is of no interest. Takes fd. */
static void
front_refuse(struct front *f, int fd, const char *status, const char *why)
{
	AUTO_STR struct str out = STR_INIT;
	struct stream *s = stream_new(f->loop,
	    &(const struct stream_spec){ .fd = fd,
		.idle_ms = FRONT_REFUSE_MS,
		.on_data = front_refuse_on_data,
		.on_close = front_refuse_on_close });

	str_addf(&out,
	    "HTTP/1.1 %s\r\n"
	    "Content-Type: application/json\r\n"
	    "Content-Length: %zu\r\n"
	    "Connection: close\r\n"
	    "\r\n"
	    "{\"message\":\"%s\"}",
	    status, strlen(why) + sizeof("{\"message\":\"\"}") - 1, why);
	stream_write(s, out.p, out.len);
	stream_finish(s);
}

/* The service does not take it: say so, and log the first of a series. */
static void
front_conn_refuse(struct front_conn *k, const struct err *e)
{
	struct front *f = k->front;
	AUTO_FREE char *why = xasprintf("%s is not reachable", f->spec.name);

	if (f->refused++ == 0)
		log_warn("front unreachable service=%s project=%u err=%s",
		    log_val(f->spec.name), k->client, log_val(e->msg));
	front_refuse(f, STEAL_FD(k->fd), "502 Bad Gateway", why);
	front_conn_free(k);
}

static void
front_conn_pass(struct front_conn *k, int to)
{
	AUTO_STR struct str head = STR_INIT;
	struct proxyv2 h = { .src_addr = ntohl(k->from.sin_addr.s_addr),
		.src_port = ntohs(k->from.sin_port) };
	struct front *f = k->front;

	if (f->refused > 0)
		log_info("front reachable service=%s refused=%llu",
		    log_val(f->spec.name), (unsigned long long)f->refused);
	f->refused = 0;
	(void)snprintf(h.project, sizeof(h.project), "%u", k->client);
	proxyv2_put(&head, &h);
	k->pump = pump_start(f->loop,
	    &(const struct pump_spec){ .a = STEAL_FD(k->fd),
		.b = to,
		.first = head.p,
		.first_len = head.len,
		.idle_ms = FRONT_IDLE_MS,
		.on_done = front_on_done,
		.arg = k });
}

static void
front_conn_try(void *arg)
{
	struct front_conn *k = arg;
	struct err e = ERR_INIT;
	int to;

	if (sock_connect(&k->front->target, &to, &e) == 0)
		front_conn_pass(k, to);
	else if (e.code == ERR_BUSY && ++k->tries < FRONT_TRIES)
		timer_set(k->retry, FRONT_RETRY_MS);
	else
		front_conn_refuse(k, &e);
}

static void
front_on_accept(int fd, const struct sock_addr *peer, void *arg)
{
	struct front *f = arg;
	struct sockaddr_in sin;
	struct client *c = NULL;
	struct front_conn *k;

	memcpy(&sin, &peer->ss, sizeof(sin));
	if (sin.sin_family == AF_INET)
		c = clients_from(f->spec.clients, ntohl(sin.sin_addr.s_addr));
	if (c == NULL) {
		(void)close(fd);
		return;
	}
	if (c->front_conns >= CLIENT_FRONT_CONNS_MAX ||
	    f->n >= f->spec.max_conns) {
		/* No answer and no log: a flood would only cost more. */
		(void)close(fd);
		return;
	}
	k = xcalloc(1, sizeof(*k));
	k->front = f;
	k->client = c->id;
	k->from = sin;
	k->fd = fd;
	k->retry = timer_new(f->loop, front_conn_try, k);
	c->front_conns++;
	f->n++;
	LIST_INSERT_HEAD(&f->conns, k, entry);
	front_conn_try(k);
}

struct front *
front_new(struct loop *l, const struct front_spec *spec, struct err *e)
{
	AUTO_FREE char *target = xasprintf("unix:%s", spec->target);
	struct front *f = xcalloc(1, sizeof(*f));

	f->loop = l;
	f->spec = *spec;
	LIST_INIT(&f->conns);
	if (sock_parse(target, &f->target, e) == -1) {
		free(f);
		return NULL;
	}
	f->listener = listener_new(l, spec->fd, front_on_accept, f);
	return f;
}

void
front_cut(struct front *f, uint32_t id)
{
	struct front_conn *k, *next;

	LIST_FOREACH_SAFE(k, &f->conns, entry, next) {
		if (k->client != id)
			continue;
		if (k->pump != NULL)
			pump_stop(k->pump, "the project's network is off");
		else
			front_conn_free(k);
	}
}
