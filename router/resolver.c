#include "router/resolver.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/barrier.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/rnd.h"
#include "lib/io/sock.h"
#include "lib/io/stream.h"
#include "lib/io/timer.h"
#include "lib/io/watch.h"
#include "router/chan.h"
#include "router/dns.h"
#include "router/pins.h"
#include "router/quota.h"

enum {
	RESOLVER_SLICE = 64,         /* datagrams in one turn */
	RESOLVER_LOOKUPS_MAX = 4096, /* in flight, of all projects */
	RESOLVER_CONNS_MAX = 1024,
	RESOLVER_LOOKUP_MS = 7000, /* the stub gives up before */
	RESOLVER_IDLE_MS = 10000,  /* of a TCP connection */
	RESOLVER_SUPPRESSED_MS = 1000,
	RESOLVER_COFFER_TTL = 60 /* seconds */
};

/* Where a query came from: a datagram's source, or a connection. */
struct resolver_origin {
	uint64_t conn; /* 0: UDP */
	struct sockaddr_in from;
};

struct resolver_lookup {
	TAILQ_ENTRY(resolver_lookup) entry;
	uint16_t id; /* towards the stub */
	uint32_t client;
	int64_t deadline_ms;
	struct resolver_origin origin;
	struct dns_query query;
	uint64_t pinning; /* what the main process is asked, 0 for nothing */
	struct dns_answer answer;
};

TAILQ_HEAD(resolver_lookups, resolver_lookup);

struct resolver_conn {
	uint64_t id;
	uint32_t client;
	struct resolver *resolver;
	struct stream *stream;
};

struct resolver {
	struct loop *loop;
	struct resolver_spec spec;
	struct watch *udp, *stub;
	struct listener *tcp;
	struct timer *timeout, *suppressed;
	struct resolver_lookups
	    order;           /* oldest first: one time limit for all */
	struct map *lookups; /* id towards the stub -> lookup */
	struct map *conns;
	uint64_t last_conn, last_pin;
};

static void
resolver_log_rule(struct resolver *r, uint32_t client, enum egress_verdict v,
    const char *name, const char *rule)
{
	struct egress_entry e = { .at_ms = clock_now_ms(),
		.id = client,
		.count = 1,
		.proto = EGRESS_PROTO_DNS,
		.port = 53,
		.verdict = (uint8_t)v };

	(void)snprintf(e.name, sizeof(e.name), "%s", name);
	(void)snprintf(e.rule, sizeof(e.rule), "%s", rule);
	r->spec.log(&e, r->spec.arg);
}

static void
resolver_log(struct resolver *r, uint32_t client, enum egress_verdict v,
    const char *name, uint32_t addr, uint32_t count)
{
	struct egress_entry e = { .at_ms = clock_now_ms(),
		.id = client,
		.count = count,
		.addr = addr,
		.proto = EGRESS_PROTO_DNS,
		.port = 53,
		.verdict = (uint8_t)v };

	(void)snprintf(e.name, sizeof(e.name), "%s", name);
	r->spec.log(&e, r->spec.arg);
}

static void
resolver_reply(struct resolver *r, const struct resolver_origin *o,
    const struct dns_query *q, const struct dns_reply *reply)
{
	uint8_t buf[2 + DNS_REPLY_MAX];
	size_t n = dns_put_reply(buf + 2, q, o->conn == 0, reply);
	struct resolver_conn *c;

	if (o->conn == 0) {
		/* A full socket buffer loses a datagram: the asker repeats. */
		(void)sendto(r->spec.udp_fd, buf + 2, n,
		    MSG_DONTWAIT | MSG_NOSIGNAL,
		    (const struct sockaddr *)(const void *)&o->from,
		    sizeof(o->from));
		return;
	}
	c = map_get_u64(r->conns, o->conn);
	if (c == NULL)
		return; /* closed meanwhile */
	buf[0] = (uint8_t)(n >> 8);
	buf[1] = (uint8_t)n;
	stream_write(c->stream, buf, n + 2);
}

/* A refusal that says why. */
static void
resolver_refuse(struct resolver *r, const struct resolver_origin *o,
    const struct dns_query *q, uint8_t rcode, const char *why)
{
	resolver_reply(r, o, q,
	    &(const struct dns_reply){ .rcode = rcode,
		.why = rcode == DNS_RCODE_SERVFAIL ? DNS_EDE_UNREACHABLE
						   : DNS_EDE_BLOCKED,
		.why_text = why });
}

static void
resolver_lookup_end(struct resolver *r, struct resolver_lookup *k)
{
	struct client *c = clients_find(r->spec.clients, k->client);

	if (c != NULL && c->lookups > 0)
		c->lookups--;
	TAILQ_REMOVE(&r->order, k, entry);
	map_del_u64(r->lookups, k->id);
	free(k);
}

static void
resolver_lookup_fail(struct resolver *r, struct resolver_lookup *k)
{
	resolver_log(r, k->client, EGRESS_DNS_FAILED, k->query.name, 0, 1);
	resolver_refuse(r, &k->origin, &k->query, DNS_RCODE_SERVFAIL,
	    "no name server answered");
	resolver_lookup_end(r, k);
}

static void
resolver_arm(struct resolver *r)
{
	const struct resolver_lookup *k = TAILQ_FIRST(&r->order);
	int64_t left;

	if (k == NULL) {
		timer_cancel(r->timeout);
		return;
	}
	left = k->deadline_ms - clock_mono_ms();
	timer_set(r->timeout, left > 0 ? left : 0);
}

static void
resolver_on_timeout(void *arg)
{
	struct resolver *r = arg;
	struct resolver_lookup *k;
	int64_t now = clock_mono_ms();

	/* The analyzer does not see that TAILQ_REMOVE moved the head. */
	while ((k = TAILQ_FIRST(&r->order)) != NULL &&
	    k->deadline_ms <= now) /* NOLINT(clang-analyzer-unix.Malloc) */
		resolver_lookup_fail(r, k);
	resolver_arm(r);
}

static uint16_t
resolver_fresh_id(const struct resolver *r)
{
	uint16_t id;

	/* At most 4096 of 65536 are taken. */
	do {
		rnd_bytes(&id, sizeof(id));
	} while (map_get_u64(r->lookups, id) != NULL);
	return id;
}

static void
resolver_limit(struct resolver *r, struct client *c,
    const struct resolver_origin *o, const struct dns_query *q)
{
	c->suppressed++;
	if (!timer_pending(r->suppressed))
		timer_set(r->suppressed, RESOLVER_SUPPRESSED_MS);
	resolver_refuse(
	    r, o, q, DNS_RCODE_REFUSED, "too many questions at a time");
}

static void
resolver_forward(struct resolver *r, struct client *c,
    const struct resolver_origin *o, const struct dns_query *q)
{
	uint8_t buf[DNS_QUERY_MAX];
	struct resolver_lookup *k;
	size_t n;

	if (c->lookups >= CLIENT_LOOKUPS_MAX ||
	    map_count(r->lookups) >= RESOLVER_LOOKUPS_MAX) {
		resolver_limit(r, c, o, q);
		return;
	}
	k = xcalloc(1, sizeof(*k));
	*k = (struct resolver_lookup){ .id = resolver_fresh_id(r),
		.client = c->id,
		.deadline_ms = clock_mono_ms() + RESOLVER_LOOKUP_MS,
		.origin = *o,
		.query = *q };
	map_put_u64(r->lookups, k->id, k);
	TAILQ_INSERT_TAIL(&r->order, k, entry);
	c->lookups++;
	n = dns_put_query(buf, k->id, q->name);
	if (send(r->spec.stub_fd, buf, n, MSG_DONTWAIT | MSG_NOSIGNAL) == -1)
		resolver_lookup_fail(r, k);
	resolver_arm(r);
}

/* Leave only addresses that may be reached; the first closed one, or 0. */
static uint32_t
resolver_filter(const struct resolver *r, struct dns_answer *a)
{
	uint32_t closed = 0;
	size_t n = 0;

	for (size_t i = 0; i < a->n_addrs; i++) {
		if (!clients_is_closed(r->spec.clients, a->addrs[i]))
			a->addrs[n++] = a->addrs[i];
		else if (closed == 0)
			closed = a->addrs[i];
	}
	a->n_addrs = n;
	return closed;
}

static void
resolver_answer(struct resolver *r, struct resolver_lookup *k)
{
	const struct dns_answer *a = &k->answer;

	if (a->n_addrs > 0)
		resolver_log(r, k->client, EGRESS_ANSWERED, k->query.name,
		    a->addrs[0], 1);
	resolver_reply(
	    r, &k->origin, &k->query, &(const struct dns_reply){ .answer = a });
	resolver_lookup_end(r, k);
}

/* The addresses must be open before the project knows them. */
static void
resolver_pin(struct resolver *r, struct resolver_lookup *k)
{
	struct chan_answer m = { .id = k->client,
		.ttl = k->answer.ttl,
		.n_addrs = (uint32_t)k->answer.n_addrs };

	(void)snprintf(m.name, sizeof(m.name), "%s", k->query.name);
	memcpy(
	    m.addrs, k->answer.addrs, k->answer.n_addrs * sizeof(m.addrs[0]));
	k->pinning = ++r->last_pin << 16 | k->id;
	m.seq = k->pinning;
	if (!r->spec.pin(&m, r->spec.arg))
		resolver_lookup_fail(r, k);
}

void
resolver_pinned(struct resolver *r, uint64_t seq, bool ok)
{
	struct resolver_lookup *k = map_get_u64(r->lookups, seq & UINT16_MAX);

	if (k == NULL || seq == 0 || k->pinning != seq)
		return; /* too late */
	if (ok)
		resolver_answer(r, k);
	else
		resolver_lookup_fail(r, k);
	resolver_arm(r);
}

static void
resolver_on_answer(
    struct resolver *r, struct resolver_lookup *k, struct view msg)
{
	const struct client *c = clients_find(r->spec.clients, k->client);
	struct dns_answer *a = &k->answer;
	struct egress_decision d;
	struct err e = ERR_INIT;
	uint32_t closed;

	if (k->pinning != 0)
		return; /* a second answer */
	/* A policy that was tightened meanwhile gets no answer any more. */
	if (c == NULL ||
	    !egress_decide(c->policy, k->query.name, clock_forward_ms(), &d) ||
	    dns_read_answer(msg, k->id, k->query.name, a, &e) == -1 ||
	    (a->rcode != DNS_RCODE_OK && a->rcode != DNS_RCODE_NXDOMAIN)) {
		resolver_lookup_fail(r, k);
		return;
	}
	closed = resolver_filter(r, a);
	if (closed != 0)
		resolver_log(r, k->client, EGRESS_DNS_FILTERED, k->query.name,
		    closed, 1);
	if (a->rcode == DNS_RCODE_NXDOMAIN ||
	    (closed != 0 && a->n_addrs == 0)) {
		const struct dns_reply no = { .rcode = DNS_RCODE_NXDOMAIN,
			.why = closed != 0 ? DNS_EDE_BLOCKED : 0,
			.why_text = "its address is never reached" };

		resolver_reply(r, &k->origin, &k->query, &no);
		resolver_lookup_end(r, k);
	} else if (a->n_addrs > 0) {
		size_t max = d.n_ports > 0 && d.n_ports < PINS_OF_ANSWER_MAX
		    ? PINS_OF_ANSWER_MAX / d.n_ports
		    : 1;

		if (c->mode == POLICY_LOCKED && a->n_addrs > max)
			a->n_addrs = max;
		resolver_pin(r, k);
	} else {
		resolver_answer(r, k);
	}
}

static void
resolver_on_stub(int fd, int what, void *arg)
{
	struct resolver *r = arg;
	uint8_t buf[DNS_MESSAGE_MAX];

	(void)what;
	for (int i = 0; i < RESOLVER_SLICE; i++) {
		ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		struct resolver_lookup *k;

		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n <= 0) {
			log_error("resolver stub-gone");
			watch_set(r->stub, 0);
			break;
		}
		if (n < 2)
			continue;
		k = map_get_u64(r->lookups, (uint64_t)(buf[0] << 8 | buf[1]));
		if (k == NULL)
			continue; /* too late */
		/* Only an id: no server answered. */
		if (n == 2)
			resolver_lookup_fail(r, k);
		else
			resolver_on_answer(r, k,
			    (struct view){ (const char *)buf, (size_t)n });
	}
	resolver_arm(r);
}

/* By the project's policy; false when the name is refused. */
static bool
resolver_judge(struct resolver *r, struct client *c,
    const struct resolver_origin *o, const struct dns_query *q)
{
	struct egress_decision d;
	char domain[EGRESS_RULE_TEXT_MAX];

	if (!egress_decide(c->policy, q->name, clock_forward_ms(), &d)) {
		bool denied = d.answer == EGRESS_NO_DENIED;

		resolver_log_rule(r, c->id,
		    denied ? EGRESS_DNS_DENIED : EGRESS_DNS_UNLISTED, q->name,
		    d.rule);
		resolver_refuse(r, o, q, DNS_RCODE_NXDOMAIN,
		    denied ? "a rule denies this name"
			   : "no rule allows this name");
		return false;
	}
	if (quota_take(c->quota, q->name, clock_mono_ms()))
		return true;
	(void)snprintf(
	    domain, sizeof(domain), "*.%s", egress_registrable(q->name));
	if (c->quota_refused++ == 0)
		log_warn("resolver alarm project=%u domain=%s why=quota", c->id,
		    log_val(domain));
	resolver_log_rule(r, c->id, EGRESS_DNS_QUOTA, domain, d.rule);
	resolver_refuse(
	    r, o, q, DNS_RCODE_REFUSED, "too many new names below this domain");
	return false;
}

static void
resolver_decide(struct resolver *r, struct client *c,
    const struct resolver_origin *o, const struct dns_query *q)
{
	static const struct dns_reply empty = { .rcode = DNS_RCODE_OK };
	const struct dns_answer a = { .n_addrs = 1,
		.ttl = RESOLVER_COFFER_TTL,
		.addrs = { clients_range(r->spec.clients)->router } };

	if (barrier_is_off("names") && strcmp(q->name, "coffer") != 0) {
		resolver_forward(r, c, o, q);
		return;
	}
	switch (policy_dns_decide(c->mode, q->name, q->type, q->class)) {
	case POLICY_DNS_ROUTER:
		resolver_reply(
		    r, o, q, &(const struct dns_reply){ .answer = &a });
		return;
	case POLICY_DNS_NODATA:
		/* No question of this type leaves, whatever the name. */
		resolver_reply(r, o, q, &empty);
		return;
	case POLICY_DNS_NXDOMAIN:
		resolver_log(r, c->id, EGRESS_DNS_REFUSED, q->name, 0, 1);
		resolver_refuse(r, o, q, DNS_RCODE_NXDOMAIN,
		    "the network mode answers no names");
		return;
	case POLICY_DNS_REFUSED:
		resolver_log(r, c->id, EGRESS_DNS_TYPE, q->name, 0, 1);
		resolver_refuse(r, o, q, DNS_RCODE_REFUSED,
		    "only questions for an address are answered");
		return;
	case POLICY_DNS_FORWARD:
		if (resolver_judge(r, c, o, q))
			resolver_forward(r, c, o, q);
		return;
	case POLICY_DNS_DROP:
		return;
	}
}

static void
resolver_on_query(struct resolver *r, struct client *c,
    const struct resolver_origin *o, struct view msg)
{
	struct dns_query q;
	enum dns_verdict v = dns_read_query(msg, &q);

	if (v == DNS_DROP)
		return;
	if (!client_take_query(c, clock_mono_ms())) {
		resolver_limit(r, c, o, &q);
		return;
	}
	if (v == DNS_OK)
		resolver_decide(r, c, o, &q);
	else
		resolver_reply(r, o, &q,
		    &(const struct dns_reply){ .rcode = v == DNS_NOTIMP
			    ? DNS_RCODE_NOTIMP
			    : DNS_RCODE_FORMERR });
}

static void
resolver_on_suppressed(void *arg)
{
	struct resolver *r = arg;
	struct client *c;
	size_t cursor = 0;

	while ((c = clients_next(r->spec.clients, &cursor)) != NULL) {
		if (c->suppressed == 0)
			continue;
		resolver_log(
		    r, c->id, EGRESS_DNS_LIMITED, "", 0, c->suppressed);
		c->suppressed = 0;
	}
}

static void
resolver_on_udp(int fd, int what, void *arg)
{
	struct resolver *r = arg;
	uint8_t buf[DNS_MESSAGE_MAX];

	(void)what;
	for (int i = 0; i < RESOLVER_SLICE; i++) {
		struct resolver_origin o = { .conn = 0 };
		socklen_t len = sizeof(o.from);
		ssize_t n = recvfrom(fd, buf, sizeof(buf), MSG_DONTWAIT,
		    (struct sockaddr *)(void *)&o.from, &len);
		struct client *c;

		if (n == -1)
			return;
		c = clients_from(
		    r->spec.clients, ntohl(o.from.sin_addr.s_addr));
		if (c != NULL && n > 0)
			resolver_on_query(r, c, &o,
			    (struct view){ (const char *)buf, (size_t)n });
	}
}

static void
resolver_conn_on_data(struct stream *s, struct view in, void *arg)
{
	struct resolver_conn *k = arg;
	struct resolver *r = k->resolver;
	const struct resolver_origin o = { .conn = k->id };

	while (in.len >= 2) {
		size_t n = (size_t)((uint8_t)in.p[0] << 8 | (uint8_t)in.p[1]);
		struct client *c = clients_find(r->spec.clients, k->client);

		if (n < DNS_HEADER || n > DNS_MESSAGE_MAX || c == NULL ||
		    c->mode == POLICY_OFF || stream_is_full(s)) {
			stream_close(s, "refused");
			return;
		}
		if (in.len - 2 < n)
			return;
		resolver_on_query(r, c, &o, (struct view){ in.p + 2, n });
		stream_take(s, n + 2);
		in = stream_input(s);
	}
}

static void
resolver_conn_on_close(struct stream *s, const char *reason, void *arg)
{
	struct resolver_conn *k = arg;
	struct resolver *r = k->resolver;
	struct client *c = clients_find(r->spec.clients, k->client);

	(void)s;
	log_debug("resolver conn-close project=%u why=%s", k->client,
	    log_val(reason));
	if (c != NULL && c->dns_conns > 0)
		c->dns_conns--;
	map_del_u64(r->conns, k->id);
	free(k);
}

static void
resolver_on_accept(int fd, const struct sock_addr *peer, void *arg)
{
	struct resolver *r = arg;
	struct resolver_conn *k;
	struct sockaddr_in sin;
	struct client *c;

	memcpy(&sin, &peer->ss, sizeof(sin));
	c = sin.sin_family == AF_INET
	    ? clients_from(r->spec.clients, ntohl(sin.sin_addr.s_addr))
	    : NULL;
	if (c == NULL || c->dns_conns >= CLIENT_DNS_CONNS_MAX ||
	    map_count(r->conns) >= RESOLVER_CONNS_MAX) {
		(void)close(fd);
		return;
	}
	c->dns_conns++;
	k = xcalloc(1, sizeof(*k));
	k->id = ++r->last_conn;
	k->client = c->id;
	k->resolver = r;
	k->stream = stream_new(r->loop,
	    &(const struct stream_spec){ .fd = fd,
		.in_max = DNS_MESSAGE_MAX + 2,
		.out_max = 64 << 10,
		.idle_ms = RESOLVER_IDLE_MS,
		.on_data = resolver_conn_on_data,
		.on_close = resolver_conn_on_close,
		.arg = k });
	map_put_u64(r->conns, k->id, k);
}

struct resolver *
resolver_new(struct loop *l, const struct resolver_spec *spec)
{
	struct resolver *r = xcalloc(1, sizeof(*r));

	r->loop = l;
	r->spec = *spec;
	r->lookups = map_new();
	r->conns = map_new();
	TAILQ_INIT(&r->order);
	r->timeout = timer_new(l, resolver_on_timeout, r);
	r->suppressed = timer_new(l, resolver_on_suppressed, r);
	r->udp = watch_new(l, spec->udp_fd, resolver_on_udp, r);
	r->stub = watch_new(l, spec->stub_fd, resolver_on_stub, r);
	r->tcp = listener_new(l, spec->tcp_fd, resolver_on_accept, r);
	watch_set(r->udp, WATCH_READ);
	watch_set(r->stub, WATCH_READ);
	return r;
}
