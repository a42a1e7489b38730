#include <string.h>
#include <unistd.h>

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
	}
	if (p->told == 0)
		guard_put_policy(q, &m);
	else
		(void)guard_put_rule(q, p->told - 1, &m);
	rc = chan_send(p->chan, &m);
	if (rc != 1)
		return rc;
	p->told++;
	if (!q->gone && guard_put_rule(q, p->told - 1, &m))
		return 1;
	p->telling_id = 0;
	return 2;
}

static int
guard_tell_host(struct guard_peer *p)
{
	const struct guard *g = p->guard;
	struct chan_msg m = { .kind = CHAN_HOST,
		.host = { .n = (uint32_t)g->n_host } };
	int rc;

	memcpy(m.host.addrs, g->host, g->n_host * sizeof(g->host[0]));
	rc = chan_send(p->chan, &m);
	if (rc == 1)
		p->host_stale = false;
	return rc;
}

static void
guard_tell_peer(struct guard *g, unsigned id)
{
	struct guard_peer *p = &g->peers[id];

	for (int i = 0; p->chan != -1 && i < GUARD_SLICE; i++) {
		struct project *q = projects_stale(g->projects, id);
		int rc;

		if (!p->host_stale && q == NULL) {
			watch_set(p->watch, WATCH_READ);
			return;
		}
		rc = p->host_stale ? guard_tell_host(p)
				   : guard_tell_project(p, q);
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

void
guard_close_peer(struct guard *g, enum guard_peer_id id)
{
	struct guard_peer *p = &g->peers[id];

	watch_free(p->watch);
	p->watch = NULL;
	if (p->chan != -1)
		(void)close(p->chan);
	p->chan = -1;
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
			return;
		}
		if (m.kind == CHAN_LOG)
			guard_add_log(g, &m.log);
		if (m.kind == CHAN_ANSWER && id == GUARD_WORKER)
			guard_on_answer(g, &m.answer);
	}
	if ((what & WATCH_WRITE) != 0)
		guard_tell_peer(g, id);
}

void
guard_open_peer(struct guard *g, enum guard_peer_id id, int fd)
{
	struct guard_peer *p = &g->peers[id];

	guard_close_peer(g, id);
	p->chan = fd;
	p->watch = watch_new(g->loop, fd, guard_on_chan, p);
	p->telling_id = 0;
	p->host_stale = true;
	projects_mark_all(g->projects, id);
	guard_tell_peer(g, id);
}
