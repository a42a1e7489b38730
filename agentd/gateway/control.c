#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agentd/gateway/gateway_priv.h"
#include "agentd/gateway/grants.h"
#include "agentd/gateway/ledger.h"
#include "agentd/gateway/provider.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/version.h"
#include "lib/io/sock.h"
#include "lib/io/stream.h"
#include "lib/wire/json.h"

enum {
	CONTROL_LINE_MAX = 16 << 10,
	CONTROL_PEERS_MAX = 32,
	CONTROL_WAITING_MAX = 256,
	CONTROL_TTL_S_MAX = 366 * 24 * 3600
};

struct control_peer {
	LIST_ENTRY(control_peer) entry;
	struct control *c;
	struct stream *stream;
};

struct control {
	struct gateway *g;
	struct listener *listener;
	LIST_HEAD(, control_peer) peers;
	unsigned n;
};

static int
control_who(const struct json *j, struct ledger_who *who, struct err *e)
{
	int64_t run = 0, project = 0, item = 0;

	if (json_i64(j, "run", 1, INT64_MAX, &run, e) == -1 ||
	    json_i64(j, "project", 1, INT64_MAX, &project, e) == -1 ||
	    json_i64(j, "item", 1, INT64_MAX, &item, e) == -1)
		return -1;
	who->run = (uint64_t)run;
	who->project = (uint64_t)project;
	who->item = (uint64_t)item;
	return 0;
}

static int
control_scope(const struct json *j, enum ledger_scope *s, struct err *e)
{
	return ledger_scope_parse(json_str_or(j, "scope", ""), s, e);
}

static int
control_hello(
    struct gateway *g, const struct json *j, struct jw *w, struct err *e)
{
	struct provider *p = NULL;

	(void)j;
	(void)e;
	jw_array(w, "providers");
	while ((p = providers_next(g->providers, p)) != NULL) {
		jw_object(w, NULL);
		jw_str(w, "name", provider_name(p));
		jw_str(w, "kind",
		    provider_kind(p) == PROVIDER_ANTHROPIC ? "anthropic"
							   : "openai");
		jw_str(w, "url", provider_url(p));
		jw_bool(w, "ready", provider_is_ready(p));
		jw_bool(w, "free", provider_is_free(p));
		jw_end(w);
	}
	jw_end(w);
	jw_u64(w, "tokens", grants_count(g->grants));
	jw_u64(w, "exchanges", g->n_exchanges);
	jw_str(w, "version", VERSION);
	jw_object(w, "figures");
	jw_u64(w, "tokens", grants_count(g->grants));
	jw_u64(w, "exchanges", g->n_exchanges);
	tally_write(&g->tally, w);
	jw_end(w);
	return 0;
}

static int
control_grant_providers(
    struct gateway *g, const struct json *j, struct grant *t, struct err *e)
{
	const struct json *list = json_get(j, "providers"), *m;
	AUTO_STR struct str text = STR_INIT_MAX(GRANT_PROVIDERS_MAX);

	for (m = json_first(list); m != NULL; m = json_next(m)) {
		const char *name = json_string(m);

		if (name == NULL || providers_find(g->providers, name) == NULL)
			return err_set(e, ERR_NOTFOUND,
			    "providers: there is no %.40s",
			    name == NULL ? "name" : name);
		str_add(&text, text.len > 0 ? "," : "");
		str_add(&text, name);
	}
	if (!str_ok(&text))
		return err_set(e, ERR_LIMIT, "providers: too many");
	memcpy(t->providers, str_cstr(&text), text.len + 1);
	return 0;
}

static int
control_set_web(struct gateway *g, uint64_t project, bool web, struct err *e)
{
	int rc = grants_shut(g->grants, project, !web, e);

	if (!web)
		exchanges_cut_web(g, project);
	gateway_journal_moved(g);
	return rc;
}

/* Of every token of a project, also of those to come. */
static int
control_web(
    struct gateway *g, const struct json *j, struct jw *w, struct err *e)
{
	struct ledger_who who;
	bool web = false;

	(void)w;
	if (control_who(j, &who, e) == -1 || json_bool(j, "web", &web, e) == -1)
		return -1;
	if (who.project == 0)
		return err_set(e, ERR_INVALID, "project: is missing");
	return control_set_web(g, who.project, web, e);
}

static int
control_grant(
    struct gateway *g, const struct json *j, struct jw *w, struct err *e)
{
	char token[GRANT_TOKEN_MAX];
	struct grant t = { .budget = 0 };
	int64_t ttl = 0;

	if (control_who(j, &t.who, e) == -1 ||
	    json_i64(j, "budget", 0, LEDGER_MICROS_MAX, &t.budget, e) == -1 ||
	    json_i64(j, "ttl", 1, CONTROL_TTL_S_MAX, &ttl, e) == -1 ||
	    control_grant_providers(g, j, &t, e) == -1)
		return -1;
	if (ttl == 0)
		return err_set(e, ERR_INVALID,
		    "ttl: is missing, the seconds that the token is good");
	t.web = json_bool_or(j, "web", false);
	t.expires = clock_now_ms() + ttl * 1000;
	if (json_bool_or(j, "shut", false) && t.who.project != 0 &&
	    control_set_web(g, t.who.project, false, e) == -1)
		return -1;
	if (grants_make(g->grants, &t, token, e) == -1)
		return -1;
	gateway_journal_moved(g);
	jw_str(w, "token", token);
	explicit_bzero(token, sizeof(token));
	return 0;
}

static void
control_put_state(struct jw *w, const struct ledger_state *s)
{
	jw_i64(w, "spent", s->spent);
	jw_i64(w, "reserved", s->reserved);
	jw_i64(w, "limit", s->limit);
	jw_bool(w, "frozen", s->frozen);
}

/* Ends a run's token and what it has open, and tells what it cost. */
static int
control_revoke(
    struct gateway *g, const struct json *j, struct jw *w, struct err *e)
{
	struct ledger_who who;
	struct ledger_state s;
	bool was;
	int rc;

	if (control_who(j, &who, e) == -1)
		return -1;
	if (who.run == 0 && who.project == 0)
		return err_set(e, ERR_INVALID, "run: is missing");
	jw_bool(w, "out", grants_is_out(g->grants, who.run, who.project));
	exchanges_cut(g, who.run, who.project);
	rc = grants_drop(g->grants, who.run, who.project, &was, e);
	if (rc == 0) {
		jw_bool(w, "was", was);
		ledger_look(g->ledger, LEDGER_RUN, &who, clock_now_ms(), &s);
		control_put_state(w, &s);
		gateway_forget(g, &who);
	}
	gateway_journal_moved(g);
	return rc;
}

static int
control_usage(
    struct gateway *g, const struct json *j, struct jw *w, struct err *e)
{
	enum ledger_scope scope;
	struct ledger_who who;
	struct ledger_state s;

	if (control_who(j, &who, e) == -1 || control_scope(j, &scope, e) == -1)
		return -1;
	ledger_look(g->ledger, scope, &who, clock_now_ms(), &s);
	control_put_state(w, &s);
	return 0;
}

struct control_raised {
	struct gateway *g;
	enum ledger_scope scope;
	const struct ledger_who *who;
	int64_t micros; /* 0: no limit, or a yes: who waits tries again */
	bool any;
};

/* A run that waits for what was raised goes on. */
static void
control_thaw_raised(const struct grant *t, void *arg)
{
	struct control_raised *r = arg;
	struct err e = ERR_INIT;
	struct ledger_state s;

	if (t->who.run == 0)
		return;
	ledger_look(r->g->ledger, LEDGER_RUN, &t->who, clock_now_ms(), &s);
	if (s.frozen_at == 0 || s.frozen_for != r->scope ||
	    !ledger_is_same(r->scope, &t->who, r->who) ||
	    (r->micros > 0 && r->micros <= s.frozen_at))
		return;
	if (ledger_freeze(r->g->ledger, LEDGER_RUN, &t->who, false,
		clock_now_ms(), &e) == -1)
		log_error("gateway thaw err=%s", log_val(e.msg));
	else
		r->any = true;
}

static int
control_limit(
    struct gateway *g, const struct json *j, struct jw *w, struct err *e)
{
	enum ledger_scope scope;
	struct ledger_who who;
	struct ledger_state s;
	int64_t micros = -1, now = clock_now_ms();
	struct ledger_yes yes = { .now = now };
	struct control_raised raised;
	bool is_new = false;

	if (control_who(j, &who, e) == -1 ||
	    control_scope(j, &scope, e) == -1 ||
	    json_i64(j, "yes", 1, INT64_MAX, &yes.id, e) == -1 ||
	    json_i64(j, "from", 1, LEDGER_MICROS_MAX, &yes.from, e) == -1 ||
	    json_i64(j, "micros", 0, LEDGER_MICROS_MAX, &micros, e) == -1)
		return -1;
	yes.to = micros;
	if ((yes.id > 0 ? ledger_raise(g->ledger, scope, &who, &yes, &is_new, e)
			: ledger_set_limit(
			      g->ledger, scope, &who, micros, now, e)) == -1)
		return -1;
	ledger_look(g->ledger, scope, &who, now, &s);
	control_put_state(w, &s);
	raised = (struct control_raised){ .g = g,
		.scope = scope,
		.who = &who,
		.micros = is_new ? 0 : s.limit };
	grants_each(g->grants, control_thaw_raised, &raised);
	gateway_journal_moved(g);
	if (raised.any)
		exchanges_retry(g);
	return 0;
}

static int
control_set_frozen(
    struct gateway *g, const struct json *j, bool frozen, struct err *e)
{
	enum ledger_scope scope;
	struct ledger_who who;

	if (control_who(j, &who, e) == -1 ||
	    control_scope(j, &scope, e) == -1 ||
	    ledger_freeze(g->ledger, scope, &who, frozen, clock_now_ms(), e) ==
		-1)
		return -1;
	log_info("gateway %s scope=%s run=%llu project=%llu",
	    frozen ? "freeze" : "thaw", ledger_scope_name(scope),
	    (unsigned long long)who.run, (unsigned long long)who.project);
	gateway_journal_moved(g);
	return 0;
}

static int
control_freeze(
    struct gateway *g, const struct json *j, struct jw *w, struct err *e)
{
	(void)w;
	return control_set_frozen(g, j, true, e);
}

static int
control_thaw(
    struct gateway *g, const struct json *j, struct jw *w, struct err *e)
{
	(void)w;
	if (control_set_frozen(g, j, false, e) == -1)
		return -1;
	exchanges_retry(g);
	return 0;
}

struct control_waiting {
	struct gateway *g;
	struct jw *w;
	size_t n;
};

static void
control_put_waiting(const struct grant *t, void *arg)
{
	struct control_waiting *c = arg;
	struct ledger_state s, of;

	if (t->who.run == 0 || c->n == CONTROL_WAITING_MAX)
		return;
	ledger_look(c->g->ledger, LEDGER_RUN, &t->who, clock_now_ms(), &s);
	if (s.frozen_at == 0)
		return;
	ledger_look(c->g->ledger, s.frozen_for, &t->who, clock_now_ms(), &of);
	c->n++;
	jw_object(c->w, NULL);
	jw_u64(c->w, "run", t->who.run);
	jw_str(c->w, "scope", ledger_scope_name(s.frozen_for));
	jw_u64(c->w, "project", t->who.project);
	jw_u64(c->w, "item", t->who.item);
	jw_i64(c->w, "limit", s.frozen_at);
	jw_i64(c->w, "spent", of.spent);
	jw_i64(c->w, "yes", ledger_yes_of(c->g->ledger, s.frozen_for, &t->who));
	jw_end(c->w);
}

/* Runs that are frozen because nothing is left of a limit of theirs. */
static int
control_waiting(
    struct gateway *g, const struct json *j, struct jw *w, struct err *e)
{
	struct control_waiting c = { .g = g, .w = w };

	(void)j;
	(void)e;
	jw_array(w, "runs");
	grants_each(g->grants, control_put_waiting, &c);
	jw_end(w);
	return 0;
}

static int
control_settings(
    struct gateway *g, const struct json *j, struct jw *w, struct err *e)
{
	(void)j;
	(void)e;
	settings_write(g, w);
	return 0;
}

static int
control_reload(
    struct gateway *g, const struct json *j, struct jw *w, struct err *e)
{
	(void)j;
	(void)w;
	return gateway_reload(g, e);
}

static const struct control_op {
	const char *name;
	int (*fn)(struct gateway *g, const struct json *j, struct jw *w,
	    struct err *e);
} control_ops[] = {
	{ "hello", control_hello },
	{ "grant", control_grant },
	{ "web", control_web },
	{ "revoke", control_revoke },
	{ "usage", control_usage },
	{ "limit", control_limit },
	{ "freeze", control_freeze },
	{ "thaw", control_thaw },
	{ "waiting", control_waiting },
	{ "settings", control_settings },
	{ "reload", control_reload },
};

static int
control_run(struct gateway *g, struct view line, struct jw *w, struct err *e)
{
	struct json *j = json_parse(line, CONTROL_LINE_MAX, e);
	const char *op;
	int rc = -1;

	if (j == NULL)
		return -1;
	op = json_str_or(j, "op", "");
	err_set(e, ERR_INVALID, "op: there is no %.40s", op);
	for (size_t i = 0; i < sizeof(control_ops) / sizeof(control_ops[0]);
	     i++)
		if (strcmp(op, control_ops[i].name) == 0)
			rc = control_ops[i].fn(g, j, w, e);
	json_free(j);
	return rc;
}

static void
control_on_line(struct control_peer *p, struct view line)
{
	AUTO_STR struct str out = STR_INIT;
	struct err e = ERR_INIT;
	struct jw w;

	jw_init(&w, &out);
	jw_object(&w, NULL);
	jw_bool(&w, "ok", true);
	if (control_run(p->c->g, line, &w, &e) == -1) {
		str_reset(&out);
		jw_init(&w, &out);
		jw_object(&w, NULL);
		jw_bool(&w, "ok", false);
		jw_str(&w, "error", e.msg);
	}
	jw_end(&w);
	str_addc(&out, '\n');
	stream_write(p->stream, out.p, out.len);
	/* It may have a token in it. */
	explicit_bzero(out.p, out.len);
}

static void
control_on_data(struct stream *s, struct view in, void *arg)
{
	const char *nl;

	while (in.len > 0 && (nl = memchr(in.p, '\n', in.len)) != NULL) {
		AUTO_STR struct str line = STR_INIT;

		str_addn(&line, in.p, (size_t)(nl - in.p));
		stream_take(s, (size_t)(nl - in.p) + 1);
		control_on_line(
		    arg, (struct view){ str_cstr(&line), line.len });
		in = stream_input(s);
	}
	if (in.len >= CONTROL_LINE_MAX)
		stream_close(s, "line too long");
}

static void
control_on_close(struct stream *s, const char *reason, void *arg)
{
	struct control_peer *p = arg;

	(void)s;
	(void)reason;
	LIST_REMOVE(p, entry);
	p->c->n--;
	free(p);
}

static void
control_on_accept(int fd, const struct sock_addr *peer, void *arg)
{
	struct control *c = arg;
	struct control_peer *p;
	struct err e = ERR_INIT;
	uid_t uid = (uid_t)-1;

	(void)peer;
	if (sock_peer_uid(fd, &uid, &e) == -1 ||
	    (uid != 0 && uid != geteuid()) || c->n >= CONTROL_PEERS_MAX) {
		log_warn("gateway control-refuse uid=%u", (unsigned)uid);
		(void)close(fd);
		return;
	}
	p = xcalloc(1, sizeof(*p));
	p->c = c;
	LIST_INSERT_HEAD(&c->peers, p, entry);
	c->n++;
	p->stream = stream_new(c->g->loop,
	    &(const struct stream_spec){ .fd = fd,
		.in_max = CONTROL_LINE_MAX,
		.on_data = control_on_data,
		.on_close = control_on_close,
		.arg = p });
}

struct control *
control_new(struct gateway *g, const char *path, struct err *e)
{
	AUTO_FREE char *text = xasprintf("unix:%s", path);
	struct control *c;
	struct sock_addr a;
	int fd = -1;

	if (sock_parse(text, &a, e) == -1 ||
	    sock_listen(&a, 0600, &fd, e) == -1)
		return NULL;
	c = xcalloc(1, sizeof(*c));
	c->g = g;
	LIST_INIT(&c->peers);
	c->listener = listener_new(g->loop, fd, control_on_accept, c);
	return c;
}

void
control_stop(struct control *c)
{
	struct control_peer *p;

	if (c == NULL)
		return;
	listener_free(c->listener);
	c->listener = NULL;
	LIST_FOREACH(p, &c->peers, entry)
		stream_close(p->stream, "shutdown");
}

void
control_free(struct control *c)
{
	free(c);
}
