#include "router/guard.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/barrier.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/base/str.h"
#include "lib/base/version.h"
#include "lib/io/child.h"
#include "lib/io/sock.h"
#include "lib/io/watch.h"
#include "lib/wire/json.h"
#include "router/chan.h"
#include "router/control.h"
#include "router/guard_priv.h"
#include "router/netns.h"
#include "router/nflog.h"
#include "router/nlmsg.h"

/* A change on its way through the firewall's queue. */
struct guard_change {
	struct guard *guard;
	uint32_t id; /* 0: the host's addresses */
	bool loosen; /* the worker hears of it after the kernel */
	firewall_done_fn *done;
	void *arg;
};

void
guard_add_log(struct guard *g, const struct egress_entry *e)
{
	if (projects_find(g->projects, e->id) == NULL)
		return;
	egress_log_add(g->log, e);
	control_on_log(g->control);
}

/* A worker that starts knows nothing: it is told everything. */
static int
guard_start_worker(
    void *arg, struct child_spec *spec, struct child **out, struct err *e)
{
	struct guard *g = arg;
	const char *argv[] = { "/proc/self/exe", "@worker", g->cfg->range_text,
		g->cfg->address, g->cfg->run, g->cfg->never_text,
		g->cfg->log_level, NULL };
	const char *envp[BARRIER_ENV_MAX + 2] = { "LC_ALL=C" };
	int fds[WORKER_FD_END - WORKER_FD_CHAN], pair[2], rc;

	barrier_env(envp + 1);
	if (chan_pair(pair, e) == -1)
		return -1;
	fds[0] = pair[1];
	fds[WORKER_FD_STUB - WORKER_FD_CHAN] = g->stub;
	fds[WORKER_FD_UDP53 - WORKER_FD_CHAN] = g->udp53;
	fds[WORKER_FD_TCP53 - WORKER_FD_CHAN] = g->tcp53;
	fds[WORKER_FD_TCP80 - WORKER_FD_CHAN] = g->tcp80;
	fds[WORKER_FD_TCP81 - WORKER_FD_CHAN] = g->tcp81;
	spec->argv = argv;
	spec->envp = envp;
	spec->in = CHILD_NULL;
	spec->out = CHILD_NULL;
	spec->err = CHILD_FD;
	spec->err_fd = STDERR_FILENO;
	spec->pass_fds = fds;
	spec->n_pass_fds = WORKER_FD_END - WORKER_FD_CHAN;
	rc = child_start(g->loop, spec, out, e);
	(void)close(pair[1]);
	if (rc == -1) {
		guard_close_peer(g, GUARD_WORKER);
		(void)close(pair[0]);
		return -1;
	}
	guard_open_peer(g, GUARD_WORKER, pair[0]);
	return 0;
}

static enum egress_verdict
guard_verdict(const char *prefix)
{
	static const struct {
		const char *prefix;
		enum egress_verdict verdict;
	} rows[] = {
		{ RULES_LOG_NEVER, EGRESS_NEVER },
		{ RULES_LOG_HOST, EGRESS_HOST },
		{ RULES_LOG_MODE, EGRESS_MODE },
		{ RULES_LOG_LIMIT, EGRESS_LIMIT },
		{ RULES_LOG_SPOOF, EGRESS_SPOOF },
		{ RULES_LOG_PIN, EGRESS_PIN },
		{ RULES_LOG_ECHO, EGRESS_ECHO },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].prefix, prefix) == 0)
			return rows[i].verdict;
	}
	return EGRESS_MODE;
}

/* By the interface, as a source can be forged. */
static void
guard_on_packet(const struct nflog_packet *p, void *arg)
{
	struct guard *g = arg;
	struct egress_entry e = { .at_ms = clock_now_ms(),
		.count = 1,
		.addr = p->dst,
		.port = p->dport,
		.sport = p->sport,
		.proto = p->proto == EGRESS_PROTO_DNS ? 255 : p->proto,
		.verdict = (uint8_t)guard_verdict(p->prefix) };
	char name[IF_NAMESIZE], want[IF_NAMESIZE];
	struct err ignored = ERR_INIT;
	uint64_t id;

	if (if_indextoname(p->indev, name) == NULL)
		return; /* removed meanwhile */
	snprintf(want, sizeof(want), "cf%sp", g->cfg->inst);
	if (strncmp(name, want, strlen(want)) != 0 ||
	    num_u64(name + strlen(want), 1, UINT32_MAX, &id, &ignored) == -1)
		return;
	e.id = (uint32_t)id;
	guard_add_log(g, &e);
}

int
guard_start_late(struct guard *g, struct err *e)
{
	g->nflog = nflog_new(g->loop, RULES_NFLOG_GROUP, guard_on_packet, g, e);
	if (g->nflog == NULL)
		return -1;
	snprintf(g->pin_set, sizeof(g->pin_set), "cf%s-pin", g->cfg->inst);
	g->netlink = nlsock_new(e);
	if (g->netlink == NULL)
		return -1;
	g->ends = timer_new(g->loop, guard_on_end, g);
	return 0;
}

void
guard_start_children(struct guard *g)
{
	g->worker = respawn_new(g->loop, "worker", guard_start_worker, g);
}

static void
guard_on_changed(const struct err *e, void *arg)
{
	struct guard_change *c = arg;
	struct guard *g = c->guard;
	struct project *q = projects_find(g->projects, c->id);

	if (q != NULL)
		q->unsure = e != NULL;
	if (e == NULL && c->loosen && q != NULL) {
		projects_mark(g->projects, q);
		guard_tell(g);
	}
	if (e != NULL)
		log_error("guard change-failed project=%u err=%s", c->id,
		    log_val(e->msg));
	c->done(e, c->arg);
	free(c);
}

static struct guard_change *
guard_change_new(
    struct guard *g, uint32_t id, firewall_done_fn *done, void *arg)
{
	struct guard_change *c = xcalloc(1, sizeof(*c));

	c->guard = g;
	c->id = id;
	c->done = done;
	c->arg = arg;
	return c;
}

/* What a change of the policy cuts; at most FIREWALL_FLUSH_MAX. */
static size_t
guard_cuts(struct guard *g, struct project *q, enum policy_mode old,
    bool tighten, struct firewall_flush *cut)
{
	enum policy_mode mode = project_mode(q);
	size_t n = guard_drop_pins(g, q, cut + 1, FIREWALL_FLUSH_MAX - 1);
	bool fits = n < FIREWALL_FLUSH_MAX && !q->unsure &&
	    !pins_lost(g->pins, q->id);

	cut[0].flows = mode == POLICY_OFF ? FIREWALL_FROM : FIREWALL_FROM_OUT;
	if (!tighten) {
		/* What goes on was let by pins, which are gone. */
		if (old == POLICY_LOCKED && mode != POLICY_LOCKED)
			pins_set_lost(g->pins, q->id, true);
		return 0;
	}
	if (mode < POLICY_LOCKED || mode != old || !fits) {
		pins_set_lost(g->pins, q->id, false);
		return 1;
	}
	/* The flows to what the policy does not allow any more. */
	for (size_t i = 0; i < n; i++)
		cut[i] = cut[i + 1];
	return n;
}

int
guard_project_set(struct guard *g, uint32_t id, struct egress_policy *policy,
    firewall_done_fn *done, void *arg, struct err *e)
{
	struct firewall_flush cut[FIREWALL_FLUSH_MAX];
	struct rules_change change;
	enum policy_mode mode = egress_policy_mode(policy), old;
	int64_t now = clock_forward_ms();
	struct guard_change *c;
	struct project *q;
	bool tighten;
	size_t n;

	if (policy_address(&g->cfg->range, id, &cut[0].addr, e) == -1)
		return -1;
	if (!firewall_has_room(g->firewall))
		return err_set(
		    e, ERR_BUSY, "too many changes are waiting; try again");
	q = projects_put(g->projects, id);
	old = project_mode(q);
	/* Nobody knows what an adopted project was allowed. */
	tighten = egress_policy_tightens(q->policy, policy, now) ||
	    (q->adopted &&
		(old == POLICY_LOCKED ||
		    egress_policy_count(q->policy, EGRESS_DENY) > 0)) ||
	    q->unsure;
	project_set_policy(q, policy);
	q->next_end_ms = egress_policy_next_end(policy, now);
	n = guard_cuts(g, q, old, tighten, cut);
	c = guard_change_new(g, id, done, arg);
	c->loosen = !tighten;
	rules_project(
	    id, mode, egress_policy_count(policy, EGRESS_DENY) > 0, &change);
	firewall_submit(g->firewall,
	    &(const struct firewall_job){
		.project = &change, .flush = cut, .n_flush = n },
	    guard_on_changed, c);
	if (tighten) {
		projects_mark(g->projects, q);
		guard_tell(g);
	}
	guard_arm_ends(g);
	log_info("guard project-set project=%u from=%s to=%s cuts=%zu", id,
	    policy_mode_name(old), policy_mode_name(mode), n);
	return 0;
}

void
guard_project_refused(struct guard *g, uint32_t id, const char *why)
{
	struct project *q = projects_find(g->projects, id);

	if (q == NULL)
		return;
	free(q->error);
	q->error = xstrdup(why);
}

static void
guard_on_ended(const struct err *e, void *arg)
{
	(void)e; /* firewall has told */
	(void)arg;
}

/* Rules of this project have ended: what they allowed is cut. */
static void
guard_end_rules(struct guard *g, struct project *q, int64_t now)
{
	struct firewall_flush cut[FIREWALL_FLUSH_MAX];
	size_t n;

	q->next_end_ms = egress_policy_next_end(q->policy, now);
	cut[0].addr = g->cfg->range.base + POLICY_FIRST_PROJECT + q->id;
	n = guard_cuts(
	    g, q, project_mode(q), project_mode(q) == POLICY_LOCKED, cut);
	log_info("guard rules-ended project=%u cuts=%zu", q->id, n);
	if (n > 0)
		firewall_submit(g->firewall,
		    &(const struct firewall_job){ .flush = cut, .n_flush = n },
		    guard_on_ended, NULL);
}

void
guard_on_end(void *arg)
{
	struct guard *g = arg;
	int64_t now = clock_forward_ms();
	struct project *q;
	size_t cursor = 0;

	guard_keep_clock(g);
	while ((q = projects_next(g->projects, &cursor)) != NULL) {
		if (q->next_end_ms != 0 && q->next_end_ms <= now)
			guard_end_rules(g, q, now);
	}
	guard_arm_ends(g);
}

int
guard_project_del(struct guard *g, uint32_t id, firewall_done_fn *done,
    void *arg, struct err *e)
{
	struct firewall_flush cut = { .flows = FIREWALL_FROM }, none[1];
	struct rules_change change;
	struct project *q;

	if (policy_address(&g->cfg->range, id, &cut.addr, e) == -1)
		return -1;
	if (!firewall_has_room(g->firewall))
		return err_set(
		    e, ERR_BUSY, "too many changes are waiting; try again");
	q = projects_find(g->projects, id);
	if (q != NULL) {
		project_set_policy(q,
		    egress_policy_new(
			&(const struct egress_spec){ .mode = POLICY_OFF }));
		(void)guard_drop_pins(g, q, none, 0);
		q->gone = true;
		projects_mark(g->projects, q);
		guard_tell(g);
	}
	pins_forget(g->pins, id);
	rules_project_del(id, &change);
	firewall_submit(g->firewall,
	    &(const struct firewall_job){
		.project = &change, .flush = &cut, .n_flush = 1 },
	    guard_on_changed, guard_change_new(g, id, done, arg));
	egress_log_forget(g->log, id);
	guard_arm_ends(g);
	log_info("guard project-del project=%u", id);
	return 0;
}

void
guard_projects(const struct guard *g, struct str *out)
{
	projects_write(g->projects, &g->cfg->range, out);
}

size_t
guard_log(const struct guard *g, const struct egress_ask *ask, struct str *out)
{
	return egress_log_write(g->log, ask, out);
}

void
guard_hello(const struct guard *g, struct str *out)
{
	char name[NETNS_NAME_MAX];
	struct jw w;

	netns_name(g->cfg->inst, name);
	jw_init(&w, out);
	jw_object(&w, NULL);
	jw_bool(&w, "ok", true);
	jw_str(&w, "netns", name);
	jw_str(&w, "address", g->cfg->address);
	jw_str(&w, "range", g->cfg->range_text);
	jw_str(&w, "version", VERSION);
	jw_object(&w, "figures");
	egress_log_figures(g->log, &w);
	jw_end(&w);
	jw_end(&w);
}

static int
guard_host_parse(const char *const *texts, size_t n, uint32_t *out,
    size_t *n_out, struct err *e)
{
	struct in6_addr a6;

	*n_out = 0;
	for (size_t i = 0; i < n; i++) {
		if (texts[i] == NULL)
			return err_set(e, ERR_INVALID,
			    "addresses: every entry must be a text");
		if (inet_pton(AF_INET6, texts[i], &a6) == 1)
			continue;
		if (policy_addr_parse(texts[i], &out[(*n_out)++], e) == -1)
			return err_wrap(e, "addresses");
	}
	return 0;
}

bool
guard_host_has(const struct guard *g, uint32_t addr)
{
	for (size_t i = 0; i < g->n_host; i++) {
		if (g->host[i] == addr)
			return true;
	}
	return false;
}

int
guard_host_set(struct guard *g, const char *const *texts, size_t n,
    firewall_done_fn *done, void *arg, struct err *e)
{
	AUTO_STR struct str script = STR_INIT;
	uint32_t addrs[CLIENTS_HOST_MAX];
	AUTO_FREE struct firewall_flush *cut = NULL;
	size_t n_addrs, n_cut = 0;

	if (n > CLIENTS_HOST_MAX)
		return err_set(e, ERR_LIMIT, "too many addresses");
	if (guard_host_parse(texts, n, addrs, &n_addrs, e) == -1)
		return -1;
	cut = xcalloc(n_addrs + 1, sizeof(*cut));
	for (size_t i = 0; i < n_addrs; i++) {
		/* Nothing flows to the never list anyway. */
		if (guard_host_has(g, addrs[i]) ||
		    policy_is_never(addrs[i], &g->cfg->exempt))
			continue;
		cut[n_cut++] = (struct firewall_flush){ .flows = FIREWALL_TO,
			.addr = addrs[i] };
	}
	if (!firewall_has_room(g->firewall))
		return err_set(
		    e, ERR_BUSY, "too many changes are waiting; try again");
	rules_host(&g->rules, addrs, n_addrs, &script);
	firewall_submit(g->firewall,
	    &(const struct firewall_job){
		.script = &script, .flush = cut, .n_flush = n_cut },
	    guard_on_changed, guard_change_new(g, 0, done, arg));
	memcpy(g->host, addrs, n_addrs * sizeof(addrs[0]));
	g->n_host = n_addrs;
	for (int i = 0; i < GUARD_PEERS; i++)
		g->peers[i].host_stale = true;
	guard_tell(g);
	log_info("guard host-set addresses=%zu new=%zu", n_addrs, n_cut);
	return 0;
}
