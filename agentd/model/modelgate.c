#include "agentd/model/modelgate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agentd/model/modelweb.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/base/view.h"
#include "lib/io/timer.h"
#include "lib/net/ctl.h"
#include "lib/wire/json.h"

enum {
	MODELGATE_RETRY_MS = 250,
	MODELGATE_AWAY_MS = 10 * 60 * 1000,
	MODELGATE_RAISE_MS = 60 * 1000,
	MODELGATE_PROVIDERS_MAX = 1024
};

static const struct {
	const char *name; /* as the gateway says it, and the usual provider */
} model_kinds[MODEL_KINDS] = {
	[MODEL_ANTHROPIC] = { "anthropic" },
	[MODEL_OPENAI] = { "openai" },
};

static const char model_letters[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

struct modelgate {
	struct ctl *ctl;
	struct modelweb *web;
	modelgate_waiting_fn *waiting;
	void *waiting_arg;
	char *folder;    /* HOME/gateway */
	char *providers; /* as configured */
};

struct modelask {
	struct loop *loop;
	struct modelgate *gate;
	modelask_fn *fn;
	void *arg;
	struct timer *timer; /* of the next try, or of an answer from here */
	int64_t until;
	bool busy, revoking;
	bool told; /* that it is away */
	struct model_want want;
	struct model_grant grant;
};

int
modelgate_check(const char *providers, struct err *e)
{
	struct view rest = view_of(providers), word;
	size_t n = 0;

	if (rest.len > MODELGATE_PROVIDERS_MAX)
		return err_set(e, ERR_LIMIT, "providers: over %d bytes",
		    MODELGATE_PROVIDERS_MAX);
	while (view_split(&rest, ' ', &word)) {
		n += word.len > 0;
		if (word.len >= MODEL_NAME_MAX ||
		    strspn(word.p, model_letters) < word.len)
			return err_set(e, ERR_INVALID,
			    "providers: %.*s is no name of a provider",
			    (int)(word.len < 40 ? word.len : 40), word.p);
	}
	return n > 0 ? 0
		     : err_set(e, ERR_INVALID,
			   "providers: expected auto, none or names");
}

struct modelgate *
modelgate_new(struct loop *l, const char *home, const char *providers)
{
	AUTO_FREE char *path = path_join(home, "run/gateway/control.sock");
	struct modelgate *g = xcalloc(1, sizeof(*g));

	g->ctl = ctl_new(l, "coffer-gateway", path);
	g->web = modelweb_new(l, g->ctl, MODELGATE_AWAY_MS);
	g->folder = path_join(home, "gateway");
	g->providers = xstrdup(providers);
	return g;
}

void
modelgate_free(struct modelgate *g)
{
	if (g == NULL)
		return;
	modelweb_free(g->web);
	ctl_free(g->ctl);
	free(g->folder);
	free(g->providers);
	free(g);
}

void
model_url(const char *provider, char out[MODEL_URL_MAX])
{
	(void)snprintf(out, MODEL_URL_MAX, "http://coffer:81/%s", provider);
}

/* ---- the providers ---- */

static bool
modelgate_is_auto(const struct modelgate *g)
{
	return strcmp(g->providers, "auto") == 0;
}

/* Nothing is asked there: agents sign in by themselves. */
static bool
modelgate_is_none(const struct modelgate *g)
{
	struct stat st;

	return g == NULL || strcmp(g->providers, "none") == 0 ||
	    (modelgate_is_auto(g) && lstat(g->folder, &st) == -1);
}

/* ---- runs that wait for money ---- */

static void
modelgate_on_waiting(
    const struct json *reply, const struct err *fail, void *arg)
{
	struct modelgate *g = arg;
	const struct json *r = json_first(json_get(reply, "runs"));

	for (; fail == NULL && r != NULL; r = json_next(r)) {
		struct model_wait m = { .run = json_i64_or(r, "run", 0),
			.project = json_i64_or(r, "project", 0),
			.item = json_i64_or(r, "item", 0),
			.limit = json_i64_or(r, "limit", 0),
			.spent = json_i64_or(r, "spent", 0),
			.yes = json_i64_or(r, "yes", 0) };

		(void)snprintf(m.scope, sizeof(m.scope), "%s",
		    json_str_or(r, "scope", "run"));
		if (m.run > 0 && m.limit > 0)
			g->waiting(&m, g->waiting_arg);
	}
	g->waiting(NULL, g->waiting_arg);
}

void
modelgate_waiting(struct modelgate *g, modelgate_waiting_fn *fn, void *arg)
{
	struct str out;
	struct jw w;

	if (modelgate_is_none(g))
		return;
	g->waiting = fn;
	g->waiting_arg = arg;
	ctl_forget(g->ctl, g);
	ctl_open(&w, &out, "waiting");
	jw_end(&w);
	ctl_send(g->ctl, &out, modelgate_on_waiting, g);
}

static void
modelgate_on_raised(const struct json *reply, const struct err *fail, void *arg)
{
	(void)reply;
	(void)arg;
	if (fail != NULL)
		log_warn("model raise why=%s", log_val(fail->msg));
}

void
modelgate_raise(struct modelgate *g, const struct model_wait *m, int64_t micros,
    int64_t yes)
{
	struct str out;
	struct jw w;

	if (modelgate_is_none(g) || micros <= 0 || yes <= 0)
		return;
	log_info("model raise run=%lld scope=%s micros=%lld", (long long)m->run,
	    m->scope, (long long)micros);
	ctl_open(&w, &out, "limit");
	jw_str(&w, "scope", m->scope);
	jw_i64(&w, "run", m->run);
	if (m->project > 0)
		jw_i64(&w, "project", m->project);
	if (m->item > 0)
		jw_i64(&w, "item", m->item);
	jw_i64(&w, "micros", micros);
	jw_i64(&w, "from", m->limit);
	jw_i64(&w, "yes", yes);
	jw_end(&w);
	ctl_send_for(
	    g->ctl, MODELGATE_RAISE_MS, &out, modelgate_on_raised, NULL);
}

static int
modelgate_kind(const struct json *p)
{
	const char *name = json_str_or(p, "kind", "");

	for (int k = 0; k < MODEL_KINDS; k++) {
		if (strcmp(model_kinds[k].name, name) == 0)
			return k;
	}
	return -1;
}

static void
modelgate_put(struct model_grant *out, int kind, const char *name)
{
	if (strlen(name) < MODEL_NAME_MAX &&
	    name[strspn(name, model_letters)] == '\0')
		(void)snprintf(out->provider[kind], MODEL_NAME_MAX, "%s", name);
}

/* Those that have a key: the usual one of each kind, else the first. */
static void
modelgate_pick_ready(const struct json *list, struct model_grant *out)
{
	for (const struct json *p = json_first(list); p != NULL;
	     p = json_next(p)) {
		const char *name = json_str_or(p, "name", "");
		const int k = modelgate_kind(p);

		if (k == -1 || !json_bool_or(p, "ready", false))
			continue;
		if (out->provider[k][0] == '\0' ||
		    strcmp(name, model_kinds[k].name) == 0)
			modelgate_put(out, k, name);
	}
}

static const struct json *
modelgate_find(const struct json *list, struct view name)
{
	const struct json *p = json_first(list);

	while (p != NULL && !view_is(name, json_str_or(p, "name", "")))
		p = json_next(p);
	return p;
}

/* Those that are named have to be there, and to have a key. */
static int
modelgate_pick_named(const struct modelgate *g, const struct json *list,
    struct model_grant *out, struct err *e)
{
	struct view rest = view_of(g->providers), word;

	while (view_split(&rest, ' ', &word)) {
		const struct json *p = modelgate_find(list, word);
		const int k = modelgate_kind(p);

		if (word.len == 0)
			continue;
		if (k == -1)
			return err_set(e, ERR_NOTFOUND,
			    "coffer-gateway knows no provider %.*s; it is "
			    "named in [agentd] of coffer.conf",
			    (int)word.len, word.p);
		if (!json_bool_or(p, "ready", false))
			return err_set(e, ERR_INVALID,
			    "the provider %.*s has no key: coffer-gateway "
			    "--set-key %.*s",
			    (int)word.len, word.p, (int)word.len, word.p);
		if (out->provider[k][0] == '\0')
			modelgate_put(out, k, json_str_or(p, "name", ""));
	}
	return 0;
}

static bool
model_grant_is_empty(const struct model_grant *m)
{
	return m->provider[MODEL_ANTHROPIC][0] == '\0' &&
	    m->provider[MODEL_OPENAI][0] == '\0';
}

static int
modelgate_pick(const struct modelgate *g, const struct json *list,
    enum model_kind kind, struct model_grant *out, struct err *e)
{
	if (modelgate_is_auto(g))
		modelgate_pick_ready(list, out);
	else if (modelgate_pick_named(g, list, out, e) == -1)
		return -1;
	for (int k = 0; k < MODEL_KINDS; k++) {
		if (kind != MODEL_ANY && k != (int)kind)
			out->provider[k][0] = '\0';
	}
	if (model_grant_is_empty(out) && !modelgate_is_auto(g))
		return err_set(e, ERR_INVALID,
		    "none of the providers %.80s speaks as %s: `providers` of "
		    "[agentd] in coffer.conf",
		    g->providers,
		    kind == MODEL_ANY ? "any" : model_kinds[kind].name);
	return 0;
}

/* ---- asking ---- */

static void modelask_send(struct modelask *a);

static void
modelask_end(
    struct modelask *a, const struct model_spent *spent, const struct err *e)
{
	/* The asker may be gone after the call. */
	struct model_grant grant = a->grant;

	a->busy = false;
	timer_cancel(a->timer);
	explicit_bzero(a->grant.token, sizeof(a->grant.token));
	a->fn(e == NULL && !a->revoking ? &grant : NULL, spent, e, a->arg);
	explicit_bzero(grant.token, sizeof(grant.token));
}

/* A refusal is an answer; anything else may be better in a moment. */
static void
modelask_again(struct modelask *a, const struct err *e)
{
	if (e->code == ERR_DENIED || clock_mono_ms() >= a->until) {
		modelask_end(a, NULL, e);
		return;
	}
	if (!a->told)
		log_warn("model gateway-away run=%lld project=%lld why=%s",
		    (long long)a->want.run, (long long)a->want.project,
		    log_val(e->msg));
	a->told = true;
	timer_set(a->timer, MODELGATE_RETRY_MS);
}

static void
modelask_on_token(const struct json *reply, const struct err *fail, void *arg)
{
	struct modelask *a = arg;
	const char *token = json_str_or(reply, "token", "");
	struct err e = ERR_INIT;

	if (fail != NULL) {
		modelask_again(a, fail);
		return;
	}
	/* It goes into environments: nothing but letters. */
	if (token[0] == '\0' || strlen(token) >= MODEL_TOKEN_MAX ||
	    token[strspn(token, model_letters)] != '\0') {
		(void)err_set(
		    &e, ERR_PROTO, "coffer-gateway gave no usable token");
		modelask_end(a, NULL, &e);
		return;
	}
	(void)snprintf(a->grant.token, sizeof(a->grant.token), "%s", token);
	modelask_end(a, NULL, NULL);
}

bool
model_has_web(const char *network)
{
	return strcmp(network, "web") == 0 || strcmp(network, "open") == 0;
}

static void
modelask_send_grant(struct modelask *a)
{
	const struct model_want *q = &a->want;
	struct str out;
	struct jw w;

	ctl_open(&w, &out, "grant");
	if (q->run > 0)
		jw_i64(&w, "run", q->run);
	jw_i64(&w, "project", q->project);
	if (q->item > 0)
		jw_i64(&w, "item", q->item);
	jw_i64(&w, "ttl", q->ttl_s);
	if (q->budget > 0)
		jw_i64(&w, "budget", q->budget);
	if (q->web)
		jw_bool(&w, "web", true);
	if (q->shut)
		jw_bool(&w, "shut", true);
	jw_array(&w, "providers");
	for (int k = 0; k < MODEL_KINDS; k++) {
		if (a->grant.provider[k][0] != '\0')
			jw_str(&w, NULL, a->grant.provider[k]);
	}
	jw_end(&w);
	jw_end(&w);
	ctl_send(a->gate->ctl, &out, modelask_on_token, a);
}

static void
modelask_on_hello(const struct json *reply, const struct err *fail, void *arg)
{
	struct modelask *a = arg;
	struct err e = ERR_INIT;

	if (fail != NULL)
		modelask_again(a, fail);
	else if (modelgate_pick(a->gate, json_get(reply, "providers"),
		     a->want.kind, &a->grant, &e) == -1)
		modelask_end(a, NULL, &e);
	else if (model_grant_is_empty(&a->grant))
		modelask_end(a, NULL, NULL);
	else
		modelask_send_grant(a);
}

static void
modelask_on_revoked(const struct json *reply, const struct err *fail, void *arg)
{
	struct modelask *a = arg;
	const struct model_spent spent = {
		.known = fail == NULL && json_bool_or(reply, "was", false),
		.out = json_bool_or(reply, "out", false),
		.spent = json_i64_or(reply, "spent", 0),
		.limit = json_i64_or(reply, "limit", 0),
	};

	if (fail != NULL)
		modelask_again(a, fail);
	else
		modelask_end(a, &spent, NULL);
}

static void
modelask_send_revoke(struct modelask *a)
{
	struct str out;
	struct jw w;

	ctl_open(&w, &out, "revoke");
	if (a->want.run > 0)
		jw_i64(&w, "run", a->want.run);
	jw_i64(&w, "project", a->want.project);
	jw_end(&w);
	ctl_send(a->gate->ctl, &out, modelask_on_revoked, a);
}

static void
modelask_send(struct modelask *a)
{
	struct str out;
	struct jw w;

	if (a->revoking) {
		modelask_send_revoke(a);
		return;
	}
	memset(&a->grant, 0, sizeof(a->grant));
	ctl_open(&w, &out, "hello");
	jw_end(&w);
	ctl_send(a->gate->ctl, &out, modelask_on_hello, a);
}

static bool
modelgate_say(struct modelgate *g, const char *op, ctl_fn *fn, void *arg)
{
	struct str out;
	struct jw w;

	if (modelgate_is_none(g))
		return false;
	ctl_open(&w, &out, op);
	jw_end(&w);
	ctl_send(g->ctl, &out, fn, arg);
	return true;
}

bool
modelgate_hello(struct modelgate *g,
    void (*fn)(const struct json *reply, const struct err *e, void *arg),
    void *arg)
{
	return modelgate_say(g, "hello", fn, arg);
}

bool
modelgate_settings(struct modelgate *g,
    void (*fn)(const struct json *reply, const struct err *e, void *arg),
    void *arg)
{
	return modelgate_say(g, "settings", fn, arg);
}

void
modelgate_set_web(struct modelgate *g, int64_t project, bool web)
{
	if (!modelgate_is_none(g))
		modelweb_set(g->web, project, web);
}

static void
modelask_on_timer(void *arg)
{
	struct modelask *a = arg;
	const struct model_spent nothing = { .known = false };

	if (!modelgate_is_none(a->gate))
		modelask_send(a);
	else
		modelask_end(a, a->revoking ? &nothing : NULL, NULL);
}

struct modelask *
modelask_new(struct loop *l, struct modelgate *g, modelask_fn *fn, void *arg)
{
	struct modelask *a = xcalloc(1, sizeof(*a));

	a->loop = l;
	a->gate = g;
	a->fn = fn;
	a->arg = arg;
	a->timer = timer_new(l, modelask_on_timer, a);
	return a;
}

static void
modelask_start(
    struct modelask *a, const struct model_want *want, int64_t wait_ms)
{
	if (a->gate != NULL)
		ctl_forget(a->gate->ctl, a);
	memset(&a->grant, 0, sizeof(a->grant));
	a->want = *want;
	a->until = clock_mono_ms() + wait_ms;
	a->busy = true;
	a->told = false;
	timer_set(a->timer, 0);
}

void
modelask_grant(
    struct modelask *a, const struct model_want *want, int64_t wait_ms)
{
	a->revoking = false;
	modelask_start(a, want, wait_ms);
}

void
modelask_revoke(
    struct modelask *a, int64_t run, int64_t project, int64_t wait_ms)
{
	const struct model_want want = { .run = run, .project = project };

	a->revoking = true;
	modelask_start(a, &want, wait_ms);
}

bool
modelask_busy(const struct modelask *a)
{
	return a->busy;
}

void
modelask_free(struct modelask *a)
{
	if (a == NULL)
		return;
	if (a->gate != NULL)
		ctl_forget(a->gate->ctl, a);
	timer_free(a->timer);
	explicit_bzero(a->grant.token, sizeof(a->grant.token));
	free(a);
}
