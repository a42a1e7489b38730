#include "router/firewall.h"

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
#include "router/conntrack.h"
#include "router/tool.h"

enum {
	FIREWALL_QUEUE_MAX = 8192,
	FIREWALL_BATCH = 256 /* changes in one ipset call */
};

struct firewall_change {
	STAILQ_ENTRY(firewall_change) entry;
	char *script;
	struct firewall_flush *flush;
	size_t n_flush, flushed;
	firewall_done_fn *done;
	void *arg;
};

STAILQ_HEAD(firewall_changes, firewall_change);

struct firewall {
	struct loop *loop;
	const struct rules *rules;
	const char *lockfile;
	struct firewall_changes waiting, batch;
	size_t n;
	bool busy;
	struct conntrack *conntrack; /* NULL: not opened yet */
	bool tools_cut;              /* this kernel's netlink cannot */
};

static void firewall_next(struct firewall *f);

struct firewall *
firewall_new(struct loop *l, const struct rules *rules, const char *lockfile)
{
	struct firewall *f = xcalloc(1, sizeof(*f));

	f->loop = l;
	f->rules = rules;
	f->lockfile = lockfile;
	STAILQ_INIT(&f->waiting);
	STAILQ_INIT(&f->batch);
	return f;
}

static void
firewall_change_free(struct firewall_change *c)
{
	free(c->script);
	free(c->flush);
	free(c);
}

void
firewall_free(struct firewall *f)
{
	struct firewall_change *c;

	if (f == NULL)
		return;
	STAILQ_CONCAT(&f->batch, &f->waiting);
	while ((c = STAILQ_FIRST(&f->batch)) != NULL) {
		STAILQ_REMOVE_HEAD(&f->batch, entry);
		firewall_change_free(c);
	}
	conntrack_free(f->conntrack);
	free(f);
}

static int
firewall_tool(struct firewall *f, const char *const *argv, const struct str *in,
    struct str *out, struct err *e)
{
	const struct tool_spec spec = {
		.argv = argv,
		.input = in != NULL ? str_cstr(in) : NULL,
		.output = out,
		.lockfile = f->lockfile,
	};

	return tool_run(f->loop, &spec, e);
}

/* A kernel without IPv6 has nothing to close there. */
static bool
firewall_has_ipv6(void)
{
	return access("/proc/sys/net/ipv6", F_OK) == 0;
}

/* The rules in the kernel, without the lines that carry a date. */
static int
firewall_save(struct firewall *f, struct str *out, struct err *e)
{
	static const char *const v4[] = { "iptables-save", NULL };
	static const char *const v6[] = { "ip6tables-save", NULL };
	AUTO_STR struct str text = STR_INIT;
	struct view rest, line;

	if (firewall_tool(f, v4, NULL, &text, e) == -1 ||
	    (firewall_has_ipv6() && firewall_tool(f, v6, NULL, &text, e) == -1))
		return -1;
	rest = str_view(&text);
	if (rest.p == NULL)
		return 0;
	while (view_split(&rest, '\n', &line)) {
		/* Counters of a chain follow its policy. */
		const char *bracket = memchr(line.p, '[', line.len);

		if (line.len == 0 || line.p[0] == '#')
			continue;
		if (line.p[0] == ':' && bracket != NULL)
			line.len = (size_t)(bracket - line.p);
		str_addv(out, line);
		str_addc(out, '\n');
	}
	return 0;
}

int
firewall_cut_now(struct firewall *f, struct err *e)
{
	static const char *const argv[] = { "conntrack", "-F", NULL };

	return firewall_tool(f, argv, NULL, NULL, e);
}

/* The set's members; none when there is no set yet. */
static int
firewall_never(struct firewall *f, struct str *out, struct err *e)
{
	static const char *const argv[] = { "ipset", "save", "-sorted", NULL };
	AUTO_STR struct str all = STR_INIT;
	AUTO_STR struct str start = STR_INIT;
	struct view rest, line;

	str_addf(&start, "add cf%s-never ", f->rules->inst);
	if (firewall_tool(f, argv, NULL, &all, e) == -1)
		return -1;
	rest = str_view(&all);
	while (rest.p != NULL && view_split(&rest, '\n', &line)) {
		if (!view_starts(line, str_cstr(&start)))
			continue;
		str_addv(out, line);
		str_addc(out, '\n');
	}
	return 0;
}

int
firewall_load(struct firewall *f, bool *changed, struct err *e)
{
	static const char *const ipset[] = { "ipset", "restore", "-exist",
		NULL };
	static const char *const v4[] = { "iptables-restore", NULL };
	static const char *const v6[] = { "ip6tables-restore", NULL };
	AUTO_STR struct str before = STR_INIT;
	AUTO_STR struct str after = STR_INIT;
	AUTO_STR struct str sets = STR_INIT;
	AUTO_STR struct str rules4 = STR_INIT;
	AUTO_STR struct str rules6 = STR_INIT;

	rules_sets(f->rules, &sets);
	rules_ipv4(f->rules, &rules4);
	rules_ipv6(f->rules, &rules6);
	if (firewall_save(f, &before, e) == -1 ||
	    firewall_never(f, &before, e) == -1 ||
	    firewall_tool(f, ipset, &sets, NULL, e) == -1 ||
	    (firewall_has_ipv6() &&
		firewall_tool(f, v6, &rules6, NULL, e) == -1) ||
	    firewall_tool(f, v4, &rules4, NULL, e) == -1 ||
	    firewall_save(f, &after, e) == -1 ||
	    firewall_never(f, &after, e) == -1)
		return err_wrap(e, "load the firewall");
	if (strstr(str_cstr(&after), ":FORWARD DROP") == NULL)
		return err_set(e, ERR_INTERNAL,
		    "load the firewall: the kernel does not show the rules");
	*changed = strcmp(str_cstr(&before), str_cstr(&after)) != 0;
	return 0;
}

/* One set as ipset-save prints it. */
static int
firewall_save_set(
    struct firewall *f, const char *name, struct str *out, struct err *e)
{
	AUTO_STR struct str set = STR_INIT;
	const char *argv[] = { "ipset", "save", NULL, NULL };

	str_addf(&set, "cf%s-%s", f->rules->inst, name);
	argv[2] = str_cstr(&set);
	if (firewall_tool(f, argv, NULL, out, e) == -1)
		return err_wrap(e, "read back set %s", name);
	return 0;
}

/*
 * The next member's address in *rest: "add SET 10.214.1.7[,iface]"; false at
 * the end.
 */
static bool
firewall_next_member(struct view *rest, uint32_t *addr)
{
	struct err e = ERR_INIT;
	struct view line, word, part;
	char text[POLICY_TEXT_MAX];

	while (rest->p != NULL && view_split(rest, '\n', &line)) {
		if (!view_split(&line, ' ', &word) || !view_is(word, "add") ||
		    !view_split(&line, ' ', &word) ||
		    !view_split(&line, ',', &part) || part.len >= sizeof(text))
			continue;
		memcpy(text, part.p, part.len);
		text[part.len] = '\0';
		if (policy_addr_parse(text, addr, &e) == 0)
			return true;
	}
	return false;
}

int
firewall_read(
    struct firewall *f, firewall_member_fn *fn, void *arg, struct err *e)
{
	/* The last word is the mode. */
	static const struct {
		const char *name;
		enum policy_mode mode;
		bool strict;
	} sets[] = { { "bind", POLICY_OFF, false },
		{ "known", POLICY_NONE, false },
		{ "locked", POLICY_LOCKED, false },
		{ "web", POLICY_WEB, false }, { "open", POLICY_OPEN, false },
		{ "strict", POLICY_OFF, true } };

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		AUTO_STR struct str text = STR_INIT;
		struct view rest;
		uint32_t addr, id;

		if (firewall_save_set(f, sets[i].name, &text, e) == -1)
			return -1;
		rest = str_view(&text);
		while (firewall_next_member(&rest, &addr)) {
			if (policy_project(&f->rules->range, addr, &id))
				fn(id, sets[i].mode, sets[i].strict, arg);
		}
	}
	return 0;
}

/* "10.214.1.7,tcp:443,203.0.113.5 timeout 512" */
static bool
firewall_parse_pin(
    const struct policy_range *range, struct view v, struct firewall_pin *out)
{
	AUTO_FREE char *text = view_dup(v);
	char src[POLICY_TEXT_MAX], dst[POLICY_TEXT_MAX];
	struct err e = ERR_INIT;
	unsigned port, timeout;
	uint32_t addr;

	/* NOLINTNEXTLINE(cert-err34-c): what the kernel prints fits */
	if (sscanf(text, "%19[0-9.],tcp:%5u,%19[0-9.] timeout %9u", src, &port,
		dst, &timeout) != 4 ||
	    port > UINT16_MAX || policy_addr_parse(src, &addr, &e) == -1 ||
	    policy_addr_parse(dst, &out->addr, &e) == -1)
		return false;
	out->port = (uint16_t)port;
	out->timeout_s = timeout;
	return policy_project(range, addr, &out->id);
}

int
firewall_read_pins(
    struct firewall *f, firewall_pin_fn *fn, void *arg, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;
	struct view rest, line, word;

	if (firewall_save_set(f, "pin", &text, e) == -1)
		return -1;
	rest = str_view(&text);
	while (rest.p != NULL && view_split(&rest, '\n', &line)) {
		struct firewall_pin pin;

		if (view_split(&line, ' ', &word) && view_is(word, "add") &&
		    view_split(&line, ' ', &word) &&
		    firewall_parse_pin(&f->rules->range, line, &pin))
			fn(&pin, arg);
	}
	return 0;
}

int
firewall_read_host(
    struct firewall *f, uint32_t *out, size_t max, size_t *n, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;
	struct view rest;

	*n = 0;
	if (firewall_save_set(f, "host", &text, e) == -1)
		return -1;
	rest = str_view(&text);
	while (*n < max && firewall_next_member(&rest, &out[*n]))
		(*n)++;
	return 0;
}

/* Each change of the batch hears of the end once. */
static void
firewall_finish(
    struct firewall *f, struct firewall_change *c, const struct err *e)
{
	STAILQ_REMOVE(&f->batch, c, firewall_change, entry);
	f->n--;
	c->done(e, c->arg);
	firewall_change_free(c);
}

static void
firewall_fail(struct firewall *f, const struct err *e)
{
	struct firewall_change *c;

	log_error(
	    "firewall change-failed changes=some err=%s", log_val(e->msg));
	while ((c = STAILQ_FIRST(&f->batch)) != NULL)
		firewall_finish(f, c, e);
}

static int firewall_step(struct firewall *f, struct err *e);

static void
firewall_on_step(const struct err *e, void *arg)
{
	struct firewall *f = arg;
	struct err why = ERR_INIT;

	if (e != NULL)
		firewall_fail(f, e);
	else if (firewall_step(f, &why) == -1)
		firewall_fail(f, &why);
	if (!STAILQ_EMPTY(&f->batch))
		return;
	f->busy = false;
	firewall_next(f);
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
	/* Not before: the namespace is entered after firewall_new. */
	if (f->conntrack == NULL)
		f->conntrack = conntrack_new(&e);
	if (f->conntrack != NULL && conntrack_cut(f->conntrack, &m, &e) == 0)
		return true;
	f->tools_cut = e.code == ERR_INVALID || e.code == ERR_NOTFOUND;
	if (!f->tools_cut)
		log_warn("firewall cut-failed err=%s", log_val(e.msg));
	return false;
}

static int
firewall_cut(struct firewall *f, const struct firewall_flush *x, struct err *e)
{
	char addr[POLICY_TEXT_MAX], to[POLICY_TEXT_MAX], mark[12], port[12];
	const char *argv[12] = { "conntrack", "-D",
		x->flows == FIREWALL_TO ? "-d" : "-s",
		policy_addr_text(x->addr, addr) };
	const struct tool_spec spec = { .argv = argv };

	if (x->flows == FIREWALL_FROM_OUT) {
		snprintf(mark, sizeof(mark), "%d", RULES_MARK);
		argv[4] = "-m";
		argv[5] = mark;
	} else if (x->flows == FIREWALL_FROM_TO) {
		snprintf(port, sizeof(port), "%u", x->port);
		argv[4] = "-d";
		argv[5] = policy_addr_text(x->to, to);
		argv[6] = "-p";
		argv[7] = "tcp";
		argv[8] = "--orig-port-dst";
		argv[9] = port;
	}
	return tool_start(f->loop, &spec, firewall_on_step, f, e);
}

static int
firewall_cut_all(struct firewall *f, struct err *e)
{
	static const char *const argv[] = { "conntrack", "-F", NULL };
	const struct tool_spec spec = { .argv = argv };

	return tool_start(f->loop, &spec, firewall_on_step, f, e);
}

/* The next flow to be cut; finishes the changes that have none left. */
static int
firewall_step(struct firewall *f, struct err *e)
{
	struct firewall_change *c;

	while ((c = STAILQ_FIRST(&f->batch)) != NULL) {
		if (c->flushed == c->n_flush) {
			firewall_finish(f, c, NULL);
			continue;
		}
		if (c->n_flush > FIREWALL_FLUSH_MAX) {
			c->flushed = c->n_flush;
			return firewall_cut_all(f, e);
		}
		if (firewall_cut_quick(f, &c->flush[c->flushed]))
			c->flushed++;
		else
			return firewall_cut(f, &c->flush[c->flushed++], e);
	}
	return 0;
}

static void
firewall_next(struct firewall *f)
{
	static const char *const argv[] = { "ipset", "restore", "-exist",
		NULL };
	AUTO_STR struct str script = STR_INIT;
	struct tool_spec spec = { .argv = argv };
	struct firewall_change *c;
	struct err e = ERR_INIT;

	if (f->busy || STAILQ_EMPTY(&f->waiting))
		return;
	for (int i = 0; i < FIREWALL_BATCH; i++) {
		c = STAILQ_FIRST(&f->waiting);
		if (c == NULL)
			break;
		STAILQ_REMOVE_HEAD(&f->waiting, entry);
		STAILQ_INSERT_TAIL(&f->batch, c, entry);
		str_add(&script, c->script);
	}
	f->busy = true;
	spec.input = str_cstr(&script);
	if (tool_start(f->loop, &spec, firewall_on_step, f, &e) == -1) {
		firewall_fail(f, &e);
		f->busy = false;
	}
}

static void
firewall_on_turn(void *arg)
{
	firewall_next(arg);
}

bool
firewall_has_room(const struct firewall *f)
{
	return f->n < FIREWALL_QUEUE_MAX;
}

void
firewall_submit(struct firewall *f, const struct str *script,
    const struct firewall_flush *flush, size_t n_flush, firewall_done_fn *done,
    void *arg)
{
	struct firewall_change *c = xcalloc(1, sizeof(*c));

	c->script = xstrdup(str_cstr(script));
	if (n_flush > 0) {
		c->flush = xcalloc(n_flush, sizeof(*flush));
		memcpy(c->flush, flush, n_flush * sizeof(*flush));
	}
	c->n_flush = n_flush;
	c->done = done;
	c->arg = arg;
	f->n++;
	STAILQ_INSERT_TAIL(&f->waiting, c, entry);
	loop_defer(f->loop, firewall_on_turn, f);
}
