#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "router/conntrack.h"
#include "router/firewall_priv.h"
#include "router/ipset.h"
#include "router/nlmsg.h"
#include "router/tool.h"

enum {
	FIREWALL_QUEUE_MAX = 8192,
	FIREWALL_SLICE_MS = 4 /* of the loop; then others have their turn */
};

/* Each step is done once, and marked before it begins. */
struct firewall_change {
	STAILQ_ENTRY(firewall_change) entry;
	struct rules_change project;
	bool has_project;
	char *script; /* NULL for none */
	struct firewall_flush *flush;
	size_t n_flush, flushed;
	firewall_done_fn *done;
	void *arg;
};

static void firewall_turn(struct firewall *f);

static void
firewall_change_free(struct firewall_change *c)
{
	free(c->script);
	free(c->flush);
	free(c);
}

void
firewall_drop_queue(struct firewall *f)
{
	struct firewall_change *c;

	while ((c = STAILQ_FIRST(&f->waiting)) != NULL) {
		STAILQ_REMOVE_HEAD(&f->waiting, entry);
		firewall_change_free(c);
	}
}

/* The first one; e is NULL on success. */
static void
firewall_finish(struct firewall *f, const struct err *e)
{
	struct firewall_change *c = STAILQ_FIRST(&f->waiting);

	if (e != NULL)
		log_error("firewall change-failed err=%s", log_val(e->msg));
	STAILQ_REMOVE_HEAD(&f->waiting, entry);
	f->n--;
	c->done(e, c->arg);
	firewall_change_free(c);
}

/* Not before the first change: the namespace is entered after firewall_new. */
static int
firewall_open(struct firewall *f, struct err *e)
{
	if (f->netlink == NULL)
		f->netlink = nlsock_new(e);
	return f->netlink != NULL ? 0 : -1;
}

static int
firewall_apply(struct firewall *f, const struct rules_change *c, struct err *e)
{
	char set[IF_NAMESIZE + 8], link[IF_NAMESIZE];
	struct ipset_member m = { .addr = f->rules->range.base +
		    POLICY_FIRST_PROJECT + c->id };

	if (firewall_open(f, e) == -1)
		return -1;
	snprintf(link, sizeof(link), "cf%sp%u", f->rules->inst, c->id);
	for (size_t i = 0; i < c->n; i++) {
		const struct rules_member *x = &c->members[i];

		snprintf(set, sizeof(set), "cf%s-%s", f->rules->inst, x->set);
		m.iface = x->link ? link : NULL;
		if ((x->add ? ipset_add : ipset_del)(f->netlink, set, &m, e) ==
		    -1)
			return -1;
	}
	return 0;
}

/* False: conntrack(8) has to. */
static bool
firewall_cut_quick(struct firewall *f, const struct firewall_flush *x)
{
	const struct conntrack_match m = {
		.src = x->flows == FIREWALL_TO ? 0 : x->addr,
		.dst = x->flows == FIREWALL_TO     ? x->addr
		    : x->flows == FIREWALL_FROM_TO ? x->to
						   : 0,
		.tcp_port = x->flows == FIREWALL_FROM_TO ? x->port : 0,
		.mark = x->flows == FIREWALL_FROM_OUT ? RULES_MARK : 0,
	};
	struct err e = ERR_INIT;

	if (f->tools_cut)
		return false;
	if (firewall_open(f, &e) == 0 && conntrack_cut(f->netlink, &m, &e) == 0)
		return true;
	f->tools_cut = e.code == ERR_INVALID || e.code == ERR_NOTFOUND;
	if (!f->tools_cut)
		log_warn("firewall cut-failed err=%s", log_val(e.msg));
	return false;
}

static void
firewall_on_tool(const struct err *e, void *arg)
{
	struct firewall *f = arg;

	f->busy = false;
	if (e != NULL)
		firewall_finish(f, e);
	firewall_turn(f);
}

void
firewall_cut_argv(const struct firewall_flush *x, struct firewall_cut_args *a)
{
	*a = (struct firewall_cut_args){
		.argv = { "conntrack", "-D",
		    x->flows == FIREWALL_TO ? "-d" : "-s", a->addr }
	};
	policy_addr_text(x->addr, a->addr);
	if (x->flows == FIREWALL_FROM_OUT) {
		snprintf(a->mark, sizeof(a->mark), "%d", RULES_MARK);
		a->argv[4] = "-m";
		a->argv[5] = a->mark;
	} else if (x->flows == FIREWALL_FROM_TO) {
		a->argv[4] = "-d";
		a->argv[5] = policy_addr_text(x->to, a->to);
	}
	if (x->flows == FIREWALL_FROM_TO && x->port != 0) {
		snprintf(a->port, sizeof(a->port), "%u", x->port);
		a->argv[6] = "-p";
		a->argv[7] = "tcp";
		a->argv[8] = "--orig-port-dst";
		a->argv[9] = a->port;
	}
}

static int
firewall_cut(struct firewall *f, const struct firewall_flush *x, struct err *e)
{
	struct firewall_cut_args a;
	const struct tool_spec spec = { .argv = a.argv };

	firewall_cut_argv(x, &a);
	return tool_start(f->loop, &spec, firewall_on_tool, f, e);
}

static int
firewall_cut_all(struct firewall *f, struct err *e)
{
	static const char *const argv[] = { "conntrack", "-F", NULL };
	const struct tool_spec spec = { .argv = argv };

	return tool_start(f->loop, &spec, firewall_on_tool, f, e);
}

static int
firewall_run_script(
    struct firewall *f, struct firewall_change *c, struct err *e)
{
	static const char *const argv[] = { "ipset", "restore", "-exist",
		NULL };
	const struct tool_spec spec = { .argv = argv, .input = c->script };
	int rc = tool_start(f->loop, &spec, firewall_on_tool, f, e);

	free(c->script);
	c->script = NULL;
	return rc;
}

/* One step of c: 1 done, 0 a tool is under way, 2 there was none left. */
static int
firewall_step(struct firewall *f, struct firewall_change *c, struct err *e)
{
	if (c->has_project) {
		c->has_project = false;
		return firewall_apply(f, &c->project, e) == -1 ? -1 : 1;
	}
	if (c->script != NULL)
		return firewall_run_script(f, c, e);
	if (c->flushed == c->n_flush)
		return 2;
	if (c->n_flush > FIREWALL_FLUSH_MAX) {
		c->flushed = c->n_flush;
		return firewall_cut_all(f, e);
	}
	if (firewall_cut_quick(f, &c->flush[c->flushed++]))
		return 1;
	return firewall_cut(f, &c->flush[c->flushed - 1], e);
}

static void
firewall_on_turn(void *arg)
{
	struct firewall *f = arg;
	int64_t end = clock_mono_ms() + FIREWALL_SLICE_MS;
	struct firewall_change *c;

	f->turning = false;
	while (!f->busy && (c = STAILQ_FIRST(&f->waiting)) != NULL) {
		struct err e = ERR_INIT;
		int rc = firewall_step(f, c, &e);

		f->busy = rc == 0;
		if (rc == -1 || rc == 2)
			firewall_finish(f, rc == -1 ? &e : NULL);
		if (clock_mono_ms() >= end) {
			firewall_turn(f);
			return;
		}
	}
}

static void
firewall_turn(struct firewall *f)
{
	if (f->busy || f->turning)
		return;
	f->turning = true;
	loop_defer(f->loop, firewall_on_turn, f);
}

bool
firewall_has_room(const struct firewall *f)
{
	return f->n < FIREWALL_QUEUE_MAX;
}

void
firewall_submit(struct firewall *f, const struct firewall_job *job,
    firewall_done_fn *done, void *arg)
{
	struct firewall_change *c = xcalloc(1, sizeof(*c));

	if (job->project != NULL) {
		c->project = *job->project;
		c->has_project = true;
	}
	if (job->script != NULL)
		c->script = xstrdup(str_cstr(job->script));
	if (job->n_flush > 0) {
		c->flush = xcalloc(job->n_flush, sizeof(c->flush[0]));
		memcpy(
		    c->flush, job->flush, job->n_flush * sizeof(c->flush[0]));
	}
	c->n_flush = job->n_flush;
	c->done = done;
	c->arg = arg;
	f->n++;
	STAILQ_INSERT_TAIL(&f->waiting, c, entry);
	firewall_turn(f);
}
