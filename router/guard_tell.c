#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/io/watch.h"
#include "router/guard_priv.h"

enum {
	GUARD_SLICE = 256 /* messages to or from a child in one turn */
};

void
guard_peers_init(struct guard *g)
{
	for (int i = 0; i < GUARD_PEERS; i++)
		g->peers[i] = (struct guard_peer){ .guard = g, .chan = -1 };
}

static void
guard_put_policy(const struct project *q, struct chan_msg *m)
{
	const struct egress_spec *spec = egress_policy_spec(q->policy);
	uint32_t n = 0;

	for (int l = 0; l < EGRESS_LISTS; l++)
		n += (uint32_t)egress_policy_count(
		    q->policy, (enum egress_list)l);
	m->kind = CHAN_POLICY;
	m->policy = (struct chan_policy){ .id = q->id,
		.mode = (uint32_t)spec->mode,
		.gone = q->gone,
		.lockdown = spec->lockdown,
		.upload_max = spec->upload_max,
		.n_rules = n };
}

/* The at-th rule of both lists; false at the end. */
static bool
guard_put_rule(const struct project *q, size_t at, struct chan_msg *m)
{
	for (int l = 0; l < EGRESS_LISTS; l++) {
		enum egress_list list = (enum egress_list)l;
		size_t n = egress_policy_count(q->policy, list);

		if (at >= n) {
			at -= n;
			continue;
		}
		m->kind = CHAN_RULE;
		m->rule.id = q->id;
		m->rule.list = (uint32_t)list;
		m->rule.rule = *egress_policy_rule(q->policy, list, at);
		return true;
	}
	return false;
}

/* What follows a policy: its rules, and for the proxy its pins. */
static bool
guard_put_more(const struct guard_peer *p, const struct project *q, size_t at,
    struct chan_msg *m)
{
	size_t n = 0;

	if (guard_put_rule(q, at, m))
		return true;
	for (int l = 0; l < EGRESS_LISTS; l++)
		n += egress_policy_count(q->policy, (enum egress_list)l);
	if (at - n >= p->n_pins)
		return false;
	m->kind = CHAN_PIN;
	m->pin = p->pins[at - n];
	return true;
}

static void
guard_forget_copy(struct guard_peer *p)
{
	free(p->pins);
	p->pins = NULL;
	p->n_pins = 0;
}

static void
guard_pins_of(struct guard_peer *p, const struct project *q)
{
	guard_forget_copy(p);
	if (p == &p->guard->peers[GUARD_PROXY] && !q->gone)
		p->n_pins = guard_copy_pins(p->guard, q->id, &p->pins);
}

/*
 * One message of what is told of q; 1 sent, 2 and that was the last, else as
 * chan_send.  A policy that was replaced meanwhile is told from its beginning.
 */
static int
guard_tell_project(struct guard_peer *p, const struct project *q)
{
	struct chan_msg m = { .kind = CHAN_POLICY };
	int rc;

	if (p->telling_id != q->id || p->telling != q->version || q->gone) {
		p->telling_id = q->id;
		p->telling = q->version;
		p->told = 0;
		guard_pins_of(p, q);
	}
	if (p->told == 0)
		guard_put_policy(q, &m);
	else
		(void)guard_put_more(p, q, p->told - 1, &m);
	rc = chan_send(p->chan, &m);
	if (rc != 1)
		return rc;
	p->told++;
	if (!q->gone && guard_put_more(p, q, p->told - 1, &m))
		return 1;
	p->telling_id = 0;
	guard_forget_copy(p);
	return 2;
}

static int
guard_tell_ready(struct guard_peer *p, bool *due)
{
	const struct chan_msg m = { .kind = CHAN_READY,
		.ready = { .nonce = p->nonce } };
	int rc = chan_send(p->chan, &m);

	if (rc == 1)
		*due = false;
	return rc;
}

static int
guard_tell_host(struct guard_peer *p)
{
	const struct guard *g = p->guard;
	struct chan_msg m = { .kind = CHAN_HOST,
		.host = {
		    .ahead_ms = clock_ahead_ms(), .n = (uint32_t)g->n_host } };
	int rc;

	memcpy(m.host.addrs, g->host, g->n_host * sizeof(g->host[0]));
	rc = chan_send(p->chan, &m);
	if (rc == 1)
		p->host_stale = false;
	return rc;
}

bool
guard_is_behind(struct guard *g, enum guard_peer_id id)
{
	const struct guard_peer *p = &g->peers[id];

	return p->greet || p->greeted || p->host_stale ||
	    projects_stale(g->projects, id) != NULL;
}

static void
guard_tell_peer(struct guard *g, unsigned id)
{
	struct guard_peer *p = &g->peers[id];

	for (int i = 0; p->chan != -1 && i < GUARD_SLICE; i++) {
		struct project *q = projects_stale(g->projects, id);
		int rc;

		if (p->deaf ||
		    (!p->greet && !p->greeted && !p->host_stale && q == NULL)) {
			watch_set(p->watch, WATCH_READ);
			if (id == GUARD_PROXY && !p->deaf)
				guard_on_told_all(g);
			return;
		}
		if (p->greet)
			rc = guard_tell_ready(p, &p->greet);
		else if (p->host_stale)
			rc = guard_tell_host(p);
		else if (q != NULL)
			rc = guard_tell_project(p, q);
		else
			rc = guard_tell_ready(p, &p->greeted);
		if (rc < 1)
			break;
		if (rc == 2)
			projects_told(g->projects, q, id);
	}
	if (p->chan != -1)
		watch_set(p->watch, WATCH_READ | WATCH_WRITE);
}

void
guard_tell(struct guard *g)
{
	for (unsigned i = 0; i < GUARD_PEERS; i++)
		guard_tell_peer(g, i);
}

bool
guard_tell_pin(struct guard *g, struct project *q, const struct pin *pin)
{
	const struct chan_msg m = { .kind = CHAN_PIN, .pin = *pin };
	struct guard_peer *p = &g->peers[GUARD_PROXY];

	/* One that begins is told all. */
	if (p->chan == -1 || p->deaf || p->greet)
		return true;
	if (chan_send(p->chan, &m) == 1)
		return true;
	projects_mark_for(g->projects, q, GUARD_PROXY);
	/* What was half told is told again, with this one. */
	p->telling_id = 0;
	guard_tell_peer(g, GUARD_PROXY);
	return false;
}

/* It knows nothing, whatever it has been told before. */
static void
guard_tell_anew(struct guard *g, enum guard_peer_id id)
{
	struct guard_peer *p = &g->peers[id];

	p->telling_id = 0;
	p->host_stale = true;
	projects_mark_all(g->projects, id);
	guard_tell_peer(g, id);
}

static void
guard_on_ready(struct guard *g, uint32_t nonce)
{
	struct guard_peer *p = &g->peers[GUARD_PROXY];

	p->deaf = false;
	p->greet = p->greeted = true;
	p->nonce = nonce;
	guard_tell_anew(g, GUARD_PROXY);
}

void
guard_close_peer(struct guard *g, enum guard_peer_id id)
{
	struct guard_peer *p = &g->peers[id];

	guard_forget_copy(p);
	watch_free(p->watch);
	p->watch = NULL;
	if (p->chan != -1)
		(void)close(p->chan);
	p->chan = -1;
}

/* Its keeper could start another, but not with another channel. */
static void
guard_on_proxy_lost(struct guard *g)
{
	log_error("guard proxy-lost why=channel");
	g->keeper_lost = true;
	loop_stop(g->loop);
}

static void
guard_on_chan(int fd, int what, void *arg)
{
	struct guard_peer *p = arg;
	struct guard *g = p->guard;
	enum guard_peer_id id = (enum guard_peer_id)(p - g->peers);

	for (int i = 0; (what & WATCH_READ) != 0 && i < GUARD_SLICE; i++) {
		struct chan_msg m;
		int rc = chan_recv(fd, &m);

		if (rc == 0)
			break;
		if (rc == -1) { /* its end is told by respawn */
			guard_close_peer(g, id);
			if (id == GUARD_PROXY)
				guard_on_proxy_lost(g);
			return;
		}
		if (m.kind == CHAN_LOG)
			guard_add_log(g, &m.log);
		if (m.kind == CHAN_ANSWER && id == GUARD_WORKER)
			guard_on_answer(g, &m.answer);
		if (m.kind == CHAN_READY && id == GUARD_PROXY)
			guard_on_ready(g, m.ready.nonce);
	}
	if ((what & WATCH_WRITE) != 0)
		guard_tell_peer(g, id);
}

void
guard_open_peer(struct guard *g, enum guard_peer_id id, int fd)
{
	struct guard_peer *p = &g->peers[id];

	guard_close_peer(g, id);
	/* Another worker has asked nothing. */
	if (id == GUARD_WORKER)
		g->n_late = 0;
	p->chan = fd;
	p->watch = watch_new(g->loop, fd, guard_on_chan, p);
	p->deaf = id == GUARD_PROXY;
	guard_tell_anew(g, id);
}
