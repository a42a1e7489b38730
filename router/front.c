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

enum {
	FRONT_IDLE_MS = 10 * 60 * 1000,
	FRONT_REFUSE_MS = 5000
};

struct front_conn {
	LIST_ENTRY(front_conn) entry;
	struct front *front;
	uint32_t client;
	struct pump *pump;
};

struct front {
	struct loop *loop;
	struct front_spec spec;
	struct sock_addr target;
	struct listener *listener;
	LIST_HEAD(, front_conn) conns;
	unsigned long n;
};

static void
front_on_done(const struct pump_end *end, void *arg)
{
	struct front_conn *k = arg;
	struct front *f = k->front;
	struct client *c = clients_find(f->spec.clients, k->client);

	log_debug("front end project=%u up=%llu down=%llu why=%s", k->client,
	    (unsigned long long)end->a_to_b, (unsigned long long)end->b_to_a,
	    log_val(end->reason));
	if (c != NULL && c->front_conns > 0)
		c->front_conns--;
	f->n--;
	LIST_REMOVE(k, entry);
	free(k);
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

static void
front_pass(
    struct front *f, struct client *c, int fd, const struct sockaddr_in *from)
{
	AUTO_STR struct str head = STR_INIT;
	struct proxyv2 h = { .src_addr = ntohl(from->sin_addr.s_addr),
		.src_port = ntohs(from->sin_port) };
	struct err e = ERR_INIT;
	struct front_conn *k;
	int to;

	if (sock_connect(&f->target, &to, &e) == -1) {
		log_warn(
		    "front refuse project=%u err=%s", c->id, log_val(e.msg));
		front_refuse(
		    f, fd, "502 Bad Gateway", "cofferd is not reachable");
		return;
	}
	(void)snprintf(h.project, sizeof(h.project), "%u", c->id);
	proxyv2_put(&head, &h);
	k = xcalloc(1, sizeof(*k));
	k->front = f;
	k->client = c->id;
	c->front_conns++;
	f->n++;
	LIST_INSERT_HEAD(&f->conns, k, entry);
	k->pump = pump_start(f->loop,
	    &(const struct pump_spec){ .a = fd,
		.b = to,
		.first = head.p,
		.first_len = head.len,
		.idle_ms = FRONT_IDLE_MS,
		.on_done = front_on_done,
		.arg = k });
}

static void
front_on_accept(int fd, const struct sock_addr *peer, void *arg)
{
	struct front *f = arg;
	struct sockaddr_in sin;
	struct client *c = NULL;

	memcpy(&sin, &peer->ss, sizeof(sin));
	if (sin.sin_family == AF_INET)
		c = clients_from(f->spec.clients, ntohl(sin.sin_addr.s_addr));
	if (c == NULL) {
		(void)close(fd);
		return;
	}
	if (c->front_conns >= CLIENT_FRONT_CONNS_MAX ||
	    f->n >= f->spec.max_conns) {
		log_warn("front full project=%u conns=%u all=%lu", c->id,
		    c->front_conns, f->n);
		/* No answer: a flood would only cost more. */
		(void)close(fd);
		return;
	}
	front_pass(f, c, fd, &sin);
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
	struct front_conn *k;

	LIST_FOREACH(k, &f->conns, entry)
		if (k->client == id)
			pump_stop(k->pump, "the project's network is off");
}
