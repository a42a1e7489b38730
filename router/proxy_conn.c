#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter_ipv4.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/io/timer.h"
#include "lib/io/watch.h"
#include "router/hello.h"
#include "router/http_head.h"
#include "router/proxy_priv.h"
#include "router/proxy_way.h"

enum {
	PROXY_FIRST = 16 << 10, /* HELLO_MAX and HTTP_HEAD_MAX */
	PROXY_BUF = 64 << 10,
	PROXY_PART_MS = 5000 /* for what is under way to a last word */
};

enum proxy_conn_state {
	PROXY_WAITS, /* for a name */
	PROXY_DIALS,
	PROXY_PASSES,
	PROXY_SAYS, /* a refusal; its descriptor is another's */
	PROXY_ENDED
};

/* What a WebSocket is to be; only the first request may ask for it. */
enum proxy_tunnel {
	PROXY_NO_TUNNEL,
	PROXY_ASKED_TUNNEL, /* nothing goes on until the server has answered */
	PROXY_IN_TUNNEL
};

struct proxy_conn {
	LIST_ENTRY(proxy_conn) entry;
	struct proxy *proxy;
	struct proxy_ask ask;
	uint16_t sport;
	enum proxy_conn_state state;
	enum proxy_kind kind;
	int a, b; /* the project's side, the server's; -1 when not open */
	struct watch *wa, *wb;
	struct timer *timer;
	int64_t last_ms;
	struct proxy_way up, down;
	size_t let; /* of up: the server may have these */
	struct http_flow flow;
	enum proxy_tunnel tunnel;
	bool asked;             /* a request has been let */
	struct proxy_name name; /* of the present request */
	bool parts;             /* name.verdict is its last word */
	bool heard;             /* there was an answer under this name */
	uint64_t sent, got;     /* bytes that the log was not told yet */
};

/* count: connections that it tells of; 0: bytes of one that was told. */
static void
proxy_conn_log(struct proxy_conn *c, const struct proxy_name *n, uint32_t count)
{
	struct egress_entry e = { .at_ms = clock_now_ms(),
		.up = c->sent,
		.down = c->got,
		.id = c->ask.id,
		.count = count,
		.addr = c->ask.addr,
		.port = c->ask.port,
		.sport = c->sport,
		.proto = IPPROTO_TCP,
		.verdict = (uint8_t)n->verdict };

	memcpy(e.name, n->name, sizeof(e.name));
	memcpy(e.rule, n->rule, sizeof(e.rule));
	proxy_log(c->proxy, &e);
	c->sent = c->got = 0;
}

/* What went by under the present name since it was told last. */
static void
proxy_conn_log_passed(struct proxy_conn *c)
{
	if (c->state == PROXY_PASSES && !c->parts && c->sent + c->got > 0)
		proxy_conn_log(c, &c->name, 0);
}

static void
proxy_conn_set_state(struct proxy_conn *c, enum proxy_conn_state next)
{
	struct proxy_project *q = proxy_project(c->proxy, c->ask.id);

	if (c->state == PROXY_WAITS && next != PROXY_WAITS)
		q->waiting--;
	c->state = next;
}

static void
proxy_conn_on_ended(void *arg)
{
	free(arg);
}

static void
proxy_conn_drop_watches(struct proxy_conn *c)
{
	watch_free(c->wa);
	watch_free(c->wb);
	timer_free(c->timer);
	c->wa = c->wb = NULL;
	c->timer = NULL;
}

static void
proxy_conn_end(struct proxy_conn *c, bool reset)
{
	struct proxy *p = c->proxy;

	if (c->state == PROXY_ENDED)
		return;
	proxy_conn_log_passed(c);
	proxy_conn_set_state(c, PROXY_ENDED);
	proxy_conn_drop_watches(c);
	for (int i = 0; i < 2; i++) {
		int *fd = i == 0 ? &c->a : &c->b;

		if (*fd != -1 && reset)
			proxy_reset(*fd);
		else if (*fd != -1)
			(void)close(*fd);
		*fd = -1;
	}
	proxy_way_release(&c->up, &p->n_pipes);
	proxy_way_release(&c->down, &p->n_pipes);
	p->n_conns--;
	proxy_project(p, c->ask.id)->conns--;
	proxy_forget(p, c->ask.id);
	LIST_REMOVE(c, entry);
	loop_defer(p->loop, proxy_conn_on_ended, c);
}

static void
proxy_conn_on_said(void *arg)
{
	proxy_conn_end(arg, false);
}

/* The last word to the project; nobody waits for the server any more. */
static void
proxy_conn_say(struct proxy_conn *c)
{
	int fd = c->a;

	c->a = -1;
	proxy_conn_drop_watches(c);
	if (c->b != -1)
		proxy_reset(c->b);
	c->b = -1;
	proxy_conn_set_state(c, PROXY_SAYS);
	proxy_say(c->proxy, fd, c->kind, &c->name, proxy_conn_on_said, c);
}

/* Before anything of it has gone out. */
static void
proxy_conn_refuse(struct proxy_conn *c, enum egress_verdict v)
{
	c->name.verdict = v;
	proxy_conn_log(c, &c->name, 1);
	if (c->kind == PROXY_UNKNOWN)
		proxy_conn_end(c, true);
	else
		proxy_conn_say(c);
}

/*
 * In the middle: what has been let goes on to the server, whose answers come
 * back whole, and then the refusal.
 */
static void
proxy_conn_part(struct proxy_conn *c, const struct proxy_name *why)
{
	proxy_conn_log_passed(c);
	c->parts = true;
	c->name = *why;
	proxy_conn_log(c, &c->name, 1);
	c->up.len = c->let;
	c->up.eof = true;
	timer_set(c->timer, PROXY_PART_MS);
}

/* Over the budget: the server must not take a part for the whole. */
static void
proxy_conn_cut(struct proxy_conn *c, enum egress_verdict v)
{
	bool quiet = !c->heard && c->kind == PROXY_HTTP;

	proxy_conn_log_passed(c);
	c->parts = true;
	c->name.verdict = v;
	proxy_conn_log(c, &c->name, 1);
	if (quiet)
		proxy_conn_say(c);
	else
		proxy_conn_end(c, true);
}

static enum egress_verdict
proxy_http_verdict(enum http_state s)
{
	return s == HTTP_NO_HOST ? EGRESS_NO_NAME : EGRESS_PROTOCOL;
}

/* The name that the bytes begin with; false when more is needed. */
static bool
proxy_conn_read_name(struct proxy_conn *c, struct proxy_name *out)
{
	struct view in = { .p = c->up.buf + c->up.off, .len = c->up.len };
	char first = in.p[0];

	*out = (struct proxy_name){ .verdict = EGRESS_PROTOCOL };
	if (first == 0x16) {
		struct hello h;
		enum hello_state s = hello_read(in, &h);

		c->kind = PROXY_TLS;
		if (s == HELLO_OK)
			proxy_judge(c->proxy, &c->ask,
			    (struct view){ .p = h.name, .len = h.name_len },
			    out);
		return s != HELLO_MORE;
	}
	if ((first >= 'A' && first <= 'Z') || (first >= 'a' && first <= 'z')) {
		struct http_head h;
		enum http_state s = http_head_read(in, &h);

		c->kind = PROXY_HTTP;
		if (s == HTTP_OK)
			proxy_judge(c->proxy, &c->ask,
			    (struct view){ .p = h.host, .len = h.host_len },
			    out);
		else
			out->verdict = proxy_http_verdict(s);
		return s != HTTP_MORE;
	}
	return true;
}

static void proxy_conn_on_dialled(int fd, int what, void *arg);

/* To the address that was asked for: the pin says that it is the name's. */
static void
proxy_conn_dial(struct proxy_conn *c)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons(c->ask.port),
		.sin_addr.s_addr = htonl(c->ask.addr) };
	struct sock_addr to = { .len = sizeof(sin) };
	struct err e = ERR_INIT;
	const int on = 1;

	memcpy(&to.ss, &sin, sizeof(sin));
	if (sock_connect(&to, &c->b, &e) == -1) {
		c->b = -1;
		proxy_conn_refuse(c, EGRESS_FAILED);
		return;
	}
	(void)setsockopt(c->b, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	proxy_conn_set_state(c, PROXY_DIALS);
	watch_set(c->wa, 0);
	c->wb = watch_new(c->proxy->loop, c->b, proxy_conn_on_dialled, c);
	watch_set(c->wb, WATCH_WRITE);
	timer_set(c->timer, PROXY_DIAL_MS);
}

static void
proxy_conn_classify(struct proxy_conn *c)
{
	struct proxy_name n;

	if (c->up.len == 0 || !proxy_conn_read_name(c, &n)) {
		if (c->up.eof)
			proxy_conn_end(c, false);
		return;
	}
	c->name = n;
	if (n.verdict == EGRESS_PASSED)
		proxy_conn_dial(c);
	else
		proxy_conn_refuse(c, n.verdict);
}

/* n more bytes of what was sent may go on; false when it is over. */
static bool
proxy_conn_let(struct proxy_conn *c, size_t n)
{
	if (n > 0 && !proxy_spend(c->proxy, c->ask.id, c->name.name, n)) {
		proxy_conn_cut(c, EGRESS_UPLOAD);
		return false;
	}
	c->let += n;
	return true;
}

/* Another request: judged as the first was. */
static bool
proxy_conn_let_head(struct proxy_conn *c, struct view in)
{
	struct proxy_name n = { .verdict = EGRESS_PROTOCOL };
	struct http_head h;
	enum http_state s = http_head_read(in, &h);

	if (s == HTTP_MORE)
		return false;
	if (s == HTTP_OK)
		proxy_judge(c->proxy, &c->ask,
		    (struct view){ .p = h.host, .len = h.host_len }, &n);
	else
		n.verdict = proxy_http_verdict(s);
	/* Behind another, its answer would not be the first. */
	if (s == HTTP_OK && h.websocket && c->asked)
		n.verdict = EGRESS_PROTOCOL;
	if (n.verdict != EGRESS_PASSED) {
		proxy_conn_part(c, &n);
		return false;
	}
	if (strcmp(n.name, c->name.name) != 0) {
		proxy_conn_log_passed(c);
		c->name = n;
		c->heard = false;
		proxy_conn_log(c, &c->name, 1);
	}
	http_flow_begin(&c->flow, &h);
	c->asked = true;
	if (h.websocket)
		c->tunnel = PROXY_ASKED_TUNNEL;
	return proxy_conn_let(c, h.len);
}

/* What has been read and may go to the server. */
static void
proxy_conn_sift(struct proxy_conn *c)
{
	if (c->kind != PROXY_HTTP || c->tunnel == PROXY_IN_TUNNEL) {
		(void)proxy_conn_let(c, c->up.len - c->let);
		return;
	}
	while (!c->parts && c->tunnel != PROXY_ASKED_TUNNEL &&
	    c->let < c->up.len) {
		struct view in = { .p = c->up.buf + c->up.off + c->let,
			.len = c->up.len - c->let };
		struct proxy_name bad = c->name;
		size_t n;

		if (c->flow.at == HTTP_AT_HEAD) {
			if (!proxy_conn_let_head(c, in))
				return;
			continue;
		}
		bad.verdict = EGRESS_PROTOCOL;
		if (http_flow_pass(&c->flow, in, &n) == -1) {
			proxy_conn_part(c, &bad);
			return;
		}
		if (n == 0 || !proxy_conn_let(c, n))
			return;
	}
}

/* A server that reads no more may still answer: its side goes on. */
static void
proxy_conn_flush_up(struct proxy_conn *c)
{
	ssize_t n = proxy_way_write(&c->up, c->b, c->let);

	if (n == -1) {
		proxy_way_release(&c->up, &c->proxy->n_pipes);
		c->let = 0;
		c->up.eof = true;
	} else {
		c->let -= (size_t)n;
		c->sent += (uint64_t)n;
	}
	/* A request that is not whole goes nowhere. */
	if (!c->up.eof || c->let > 0 || c->up.done)
		return;
	c->up.done = true;
	(void)shutdown(c->b, SHUT_WR);
}

static void
proxy_conn_flush_down(struct proxy_conn *c)
{
	ssize_t n = proxy_way_write(&c->down, c->a, c->down.len);

	if (n == -1) {
		proxy_conn_end(c, true);
		return;
	}
	c->got += (uint64_t)n;
	c->heard |= n > 0;
	if (!c->down.eof || c->down.len > 0 || c->down.done)
		return;
	c->down.done = true;
	if (c->parts)
		proxy_conn_say(c);
	else
		(void)shutdown(c->a, SHUT_WR);
}

static void
proxy_conn_update(struct proxy_conn *c)
{
	int a = 0, b = 0;

	if (c->state != PROXY_PASSES)
		return;
	if (c->up.done && c->down.done) {
		proxy_conn_end(c, false);
		return;
	}
	if (proxy_way_has_room(&c->up))
		a |= WATCH_READ;
	if (c->down.len > 0)
		a |= WATCH_WRITE;
	if (proxy_way_has_room(&c->down))
		b |= WATCH_READ;
	if (c->let > 0)
		b |= WATCH_WRITE;
	watch_set(c->wa, a);
	watch_set(c->wb, b);
}

/* What the server says to a WebSocket; false when more is needed. */
static bool
proxy_conn_is_answered(struct proxy_conn *c)
{
	if (c->tunnel != PROXY_ASKED_TUNNEL)
		return true;
	if (c->down.len < HTTP_STATUS_BYTES && !c->down.eof)
		return false;
	/* When it says no, other requests may follow. */
	c->tunnel = c->down.len >= HTTP_STATUS_BYTES &&
		http_is_switched((struct view){
		    .p = c->down.buf + c->down.off, .len = c->down.len })
	    ? PROXY_IN_TUNNEL
	    : PROXY_NO_TUNNEL;
	return true;
}

/* Everything that can be done with what is there. */
static void
proxy_conn_pass(struct proxy_conn *c)
{
	bool answered = proxy_conn_is_answered(c);

	c->last_ms = clock_mono_ms();
	if (!c->parts && c->let < c->up.len)
		proxy_conn_sift(c);
	if (c->state == PROXY_PASSES)
		proxy_conn_flush_up(c);
	if (c->state == PROXY_PASSES && answered)
		proxy_conn_flush_down(c);
	proxy_conn_update(c);
}

static void
proxy_conn_on_a(int fd, int what, void *arg)
{
	struct proxy_conn *c = arg;

	/* A decision may need what main has just said, and what it has said
	 * may end this. */
	if (c->state == PROXY_WAITS || c->kind == PROXY_HTTP)
		proxy_hear(c->proxy);
	if (c->state == PROXY_ENDED)
		return;
	if ((what & WATCH_READ) != 0 &&
	    proxy_way_read(&c->up, fd,
		c->state == PROXY_WAITS ? PROXY_FIRST : PROXY_BUF,
		c->kind == PROXY_TLS ? &c->proxy->n_pipes : NULL) == -1) {
		proxy_conn_end(c, true);
		return;
	}
	if (c->state == PROXY_WAITS)
		proxy_conn_classify(c);
	else
		proxy_conn_pass(c);
}

static void
proxy_conn_on_b(int fd, int what, void *arg)
{
	struct proxy_conn *c = arg;

	if ((what & WATCH_READ) != 0 &&
	    proxy_way_read(&c->down, fd, PROXY_BUF, &c->proxy->n_pipes) == -1) {
		/* What came before the break is still the project's. */
		proxy_conn_flush_down(c);
		if (c->state == PROXY_PASSES && c->parts)
			proxy_conn_say(c);
		else if (c->state == PROXY_PASSES)
			proxy_conn_end(c, true);
		return;
	}
	proxy_conn_pass(c);
}

static void
proxy_conn_on_dialled(int fd, int what, void *arg)
{
	struct proxy_conn *c = arg;
	struct err e = ERR_INIT;

	(void)what;
	if (sock_error(fd, &e) == -1) {
		/* As the project would see it without us. */
		if (c->kind == PROXY_TLS)
			c->kind = PROXY_UNKNOWN;
		proxy_conn_refuse(c, EGRESS_FAILED);
		return;
	}
	proxy_conn_set_state(c, PROXY_PASSES);
	proxy_conn_log(c, &c->name, 1);
	watch_free(c->wb);
	c->wb = watch_new(c->proxy->loop, fd, proxy_conn_on_b, c);
	timer_set(c->timer, PROXY_HALF_MS);
	proxy_conn_pass(c);
}

static void
proxy_conn_on_time(void *arg)
{
	struct proxy_conn *c = arg;
	int64_t left;

	switch (c->state) {
	case PROXY_WAITS:
		c->kind = PROXY_UNKNOWN;
		proxy_conn_refuse(c, EGRESS_NO_NAME);
		return;
	case PROXY_DIALS:
		c->kind = PROXY_UNKNOWN;
		proxy_conn_refuse(c, EGRESS_FAILED);
		return;
	case PROXY_PASSES:
		proxy_conn_log_passed(c);
		left = c->last_ms - clock_mono_ms() +
		    (c->up.done || c->down.done ? PROXY_HALF_MS
						: PROXY_IDLE_MS);
		if (left <= 0 || c->parts)
			proxy_conn_end(c, true);
		else
			timer_set(c->timer,
			    left < PROXY_HALF_MS ? left : PROXY_HALF_MS);
		return;
	case PROXY_SAYS:
	case PROXY_ENDED:
		return;
	}
}

/* Where it was meant to go, before the firewall handed it to us. */
static bool
proxy_conn_target(int fd, struct proxy_ask *ask)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);

	memset(&sin, 0, sizeof(sin));
	if (getsockopt(fd, SOL_IP, SO_ORIGINAL_DST, &sin, &len) == -1 ||
	    sin.sin_family != AF_INET)
		return false;
	ask->addr = ntohl(sin.sin_addr.s_addr);
	ask->port = ntohs(sin.sin_port);
	return true;
}

/* A flood is told once a second, with its number. */
static void
proxy_conn_log_full(struct proxy_conn *c, struct proxy_project *q)
{
	int64_t now = clock_mono_ms();

	q->full++;
	if (now - q->full_ms < 1000)
		return;
	c->name.verdict = EGRESS_LIMIT;
	proxy_conn_log(c, &c->name, q->full);
	q->full_ms = now;
	q->full = 0;
}

/* When half of the places are taken, the rest is shared evenly. */
static bool
proxy_has_room(struct proxy *p, const struct proxy_project *q)
{
	unsigned long half = p->max_conns / 2;

	if (q->conns >= PROXY_CONNS_MAX || q->waiting >= PROXY_WAITING_MAX ||
	    p->n_conns >= p->max_conns)
		return false;
	return p->n_conns < half || q->conns < half / map_count(p->projects);
}

void
proxy_conn_start(struct proxy *p, int fd, const struct sock_addr *peer)
{
	struct proxy_conn *c = xcalloc(1, sizeof(*c));
	const struct client *client = NULL;
	struct proxy_project *q;
	struct sockaddr_in sin;
	const int on = 1;

	memcpy(&sin, &peer->ss, sizeof(sin));
	if (sin.sin_family == AF_INET)
		client = clients_from(p->clients, ntohl(sin.sin_addr.s_addr));
	if (client == NULL || !proxy_conn_target(fd, &c->ask)) {
		proxy_reset(fd);
		free(c);
		return;
	}
	c->proxy = p;
	c->ask.id = client->id;
	c->sport = ntohs(sin.sin_port);
	q = proxy_project(p, client->id);
	if (!proxy_has_room(p, q)) {
		proxy_conn_log_full(c, q);
		proxy_reset(fd);
		free(c);
		return;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c->a = fd;
	c->b = -1;
	c->wa = watch_new(p->loop, fd, proxy_conn_on_a, c);
	watch_set(c->wa, WATCH_READ);
	c->timer = timer_new(p->loop, proxy_conn_on_time, c);
	timer_set(c->timer, PROXY_HELLO_MS);
	q->conns++;
	q->waiting++;
	p->n_conns++;
	LIST_INSERT_HEAD(&p->conns, c, entry);
}

void
proxy_conn_review(struct proxy *p, uint32_t id)
{
	struct proxy_conn *c, *next;

	LIST_FOREACH_SAFE(c, &p->conns, entry, next) {
		if ((id != 0 && c->ask.id != id) || c->state == PROXY_SAYS)
			continue;
		if (c->state == PROXY_WAITS
			? clients_find(p->clients, c->ask.id) != NULL
			: proxy_may_go_on(p, &c->ask, c->name.name))
			continue;
		log_debug("proxy cut project=%u name=%s", c->ask.id,
		    log_val(c->name.name));
		proxy_conn_end(c, true);
	}
}
