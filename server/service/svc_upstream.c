#include "server/service/svc_upstream.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/base/str.h"
#include "lib/io/loop.h"
#include "lib/net/fetch.h"
#include "lib/wire/json.h"
#include "server/domain/forge.h"
#include "server/domain/mirror_fail.h"
#include "server/service/svc_refs.h"
#include "server/service/svc_secret.h"
#include "server/service/svc_upstream_read.h"
#include "server/store/projects.h"
#include "server/store/upstream.h"

enum {
	UPSTREAM_REPLY_MAX = 1 << 20,
	UPSTREAM_ETAG_MAX = 256,
	UPSTREAM_URL_MAX = 2000,
	UPSTREAM_LIMIT_MS = 30 * 1000,
	UPSTREAM_CONNECT_MS = 10 * 1000,
	UPSTREAM_LEFT_MIN = 10 /* requests of the budget left for others */
};

/* The request that runs.  Its fetch and its write end before it. */
struct upstream_ask {
	struct svc_upstream *u; /* NULL: freed meanwhile */
	int64_t project;
	struct forge_repo repo;
	struct upstream_info was, now;
	struct fetch *fetch;
	svc_upstream_done_fn *done;
	void *arg;
	struct svc_upstream_end end;
	int64_t at;
	int64_t actor;
	bool first; /* nothing was known: no event per field */
};

struct svc_upstream {
	struct svc_upstream_spec spec;
	struct upstream_ask *ask;
};

struct svc_upstream *
svc_upstream_new(const struct svc_upstream_spec *spec)
{
	struct svc_upstream *u = xcalloc(1, sizeof(*u));

	u->spec = *spec;
	return u;
}

/* What runs ends with the database or the net, and frees itself. */
void
svc_upstream_free(struct svc_upstream *u)
{
	if (u != NULL && u->ask != NULL)
		u->ask->u = NULL;
	free(u);
}

bool
svc_upstream_has(const struct svc_upstream *u, const struct project *p)
{
	struct forge_repo repo;

	return p->state == PROJECT_ACTIVE && forge_parse(p->upstream, &repo) &&
	    forge_api(u->spec.forges, repo.host).len > 0;
}

static void
upstream_finish(struct upstream_ask *a)
{
	svc_upstream_done_fn *done = a->u != NULL ? a->done : NULL;
	struct svc_upstream_end end = a->end;
	void *arg = a->arg;

	if (a->u != NULL)
		a->u->ask = NULL;
	upstream_info_release(&a->was);
	upstream_info_release(&a->now);
	free(a);
	if (done != NULL)
		done(&end, arg);
}

static void
upstream_finish_later(void *arg)
{
	upstream_finish(arg);
}

/* One fact of an event upstream.changed. */
static int
upstream_changed(struct txn *t, const struct upstream_ask *a, const char *field,
    const char *old, const char *now, struct err *e)
{
	const struct svc_refs who = {
		.project = a->project, .actor = a->actor, .now = a->at
	};
	AUTO_STR struct str data = STR_INIT;
	struct jw w;

	if (strcmp(svc_text(old), svc_text(now)) == 0)
		return 0;
	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_str(&w, "field", field);
	jw_str(&w, "old", svc_text(old));
	jw_str(&w, "new", svc_text(now));
	jw_end(&w);
	return svc_refs_event(t, &who, "upstream.changed", str_cstr(&data), e);
}

static int
upstream_moved(struct txn *t, const struct upstream_ask *a, struct err *e)
{
	const struct svc_refs who = {
		.project = a->project, .actor = a->actor, .now = a->at
	};
	AUTO_STR struct str data = STR_INIT, text = STR_INIT;
	struct jw w;

	if (a->now.moved_to[0] == '\0' ||
	    strcmp(svc_text(a->was.moved_to), a->now.moved_to) == 0)
		return 0;
	str_addf(&text,
	    "upstream has moved to %s. It is not followed by itself: see that "
	    "it is still the repository you trust, then create a project with "
	    "its new URL",
	    a->now.moved_to);
	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_str(&w, "to", a->now.moved_to);
	jw_str(&w, "text", str_cstr(&text));
	jw_end(&w);
	return svc_refs_event(t, &who, "upstream.moved", str_cstr(&data), e);
}

static const char *
upstream_word(bool yes)
{
	return yes ? "true" : "false";
}

static int
upstream_events(struct txn *t, const struct upstream_ask *a, struct err *e)
{
	const struct upstream_info *o = &a->was, *n = &a->now;
	const struct {
		const char *field, *old, *now;
	} facts[] = {
		{ "full_name", o->full_name, n->full_name },
		{ "default_branch", o->default_branch, n->default_branch },
		{ "description", o->description, n->description },
		{ "parent", o->parent, n->parent },
		{ "archived", upstream_word(o->archived),
		    upstream_word(n->archived) },
		{ "private", upstream_word(o->is_private),
		    upstream_word(n->is_private) },
		{ "disabled", upstream_word(o->disabled),
		    upstream_word(n->disabled) },
	};

	for (size_t i = 0; !a->first && i < sizeof(facts) / sizeof(facts[0]);
	     i++)
		if (upstream_changed(t, a, facts[i].field, facts[i].old,
			facts[i].now, e) == -1)
			return -1;
	return upstream_moved(t, a, e);
}

static int
upstream_job(struct txn *t, void *arg, struct err *e)
{
	struct upstream_ask *a = arg;
	struct project p = { .id = 0 };
	int rc;

	if (projects_by_id(t, a->project, &p, e) == -1)
		return -1;
	project_release(&p);
	rc = upstream_events(t, a, e);
	return rc == -1 ? -1 : upstream_put(t, a->project, &a->now, e);
}

static void
upstream_written(const struct err *fail, void *arg)
{
	struct upstream_ask *a = arg;

	if (fail != NULL && fail->code != ERR_NOTFOUND)
		log_error("upstream write project=%" PRId64 " err=%s",
		    a->project, log_val(fail->msg));
	upstream_finish(a);
}

static void
upstream_text(char **at, const char *s)
{
	char *copy = xstrdup(s);

	free(*at);
	*at = copy;
}

static void upstream_error(struct upstream_ask *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
upstream_error(struct upstream_ask *a, const char *fmt, ...)
{
	AUTO_STR struct str text = STR_INIT;
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	upstream_text(&a->now.error, str_cstr(&text));
	a->end.failed = true;
}

/* A name that is not the URL's, but for case: renamed and still answering. */
static void
upstream_name(struct upstream_ask *a)
{
	AUTO_FREE char *ours = xasprintf("%s/%s", a->repo.owner, a->repo.name);

	upstream_text(&a->now.moved_to,
	    strcasecmp(ours, a->now.full_name) == 0 ? "" : a->now.full_name);
}

static void
upstream_on_facts(struct upstream_ask *a, const struct fetch_reply *r)
{
	const char *etag = fetch_header(a->fetch, "etag");
	struct err e = ERR_INIT;

	if (upstream_read(r->body, &a->now, &e) == -1) {
		upstream_error(a, "%s", e.msg);
		return;
	}
	upstream_text(&a->now.error, "");
	upstream_text(&a->now.etag,
	    etag != NULL && strlen(etag) <= UPSTREAM_ETAG_MAX ? etag : "");
	upstream_name(a);
}

static void
upstream_on_moved(struct upstream_ask *a)
{
	const char *to = fetch_header(a->fetch, "location");

	if (to == NULL || to[0] == '\0' || strlen(to) > UPSTREAM_URL_MAX)
		to = "an address that the API did not name";
	upstream_text(&a->now.moved_to, to);
	upstream_error(a, "the repository has moved");
}

/* Its budget is nearly spent: the next question waits for a new one. */
static void
upstream_budget(struct upstream_ask *a)
{
	const char *left = fetch_header(a->fetch, "x-ratelimit-remaining");
	const char *reset = fetch_header(a->fetch, "x-ratelimit-reset");
	const struct mirror_reply low = {
		.status = 429, .remaining = "0", .reset = reset
	};
	struct err ignored = ERR_INIT;
	int64_t until = 0;
	uint64_t n;

	if (left == NULL || reset == NULL ||
	    num_u64(left, 0, UINT32_MAX, &n, &ignored) == -1 ||
	    n >= UPSTREAM_LEFT_MIN)
		return;
	(void)mirror_fail_of_reply(&low, a->at, &until);
	a->end.wait_ms = until > a->at ? until - a->at : 0;
}

static void
upstream_on_refused(struct upstream_ask *a, const struct fetch_reply *r)
{
	const struct mirror_reply reply = { .status = r->status,
		.retry_after = fetch_header(a->fetch, "retry-after"),
		.remaining = fetch_header(a->fetch, "x-ratelimit-remaining"),
		.reset = fetch_header(a->fetch, "x-ratelimit-reset") };
	AUTO_FREE char *said = upstream_read_message(r->body);
	enum mirror_fail kind;
	int64_t until = 0;

	kind = mirror_fail_of_reply(&reply, a->at, &until);
	if (kind == MIRROR_FAIL_RATE)
		a->end.wait_ms = until > a->at ? until - a->at
					       : MIRROR_FAIL_WAIT_MS;
	upstream_error(a, "the API answers %d%s%s", r->status,
	    said[0] != '\0' ? ": " : "", said);
}

static void
upstream_on_reply(const struct fetch_reply *r, void *arg)
{
	struct upstream_ask *a = arg;

	if (a->u == NULL)
		return;
	a->at = a->u->spec.svc->now();
	a->now.checked_at = a->at;
	if (r->error != 0) {
		upstream_error(a, "%s", r->error_text);
		return;
	}
	upstream_budget(a);
	if (r->status == 200)
		upstream_on_facts(a, r);
	else if (r->status == 304)
		upstream_text(&a->now.error, "");
	else if (r->status >= 300 && r->status < 400)
		upstream_on_moved(a);
	else
		upstream_on_refused(a, r);
}

static void
upstream_on_fetched(void *arg)
{
	struct upstream_ask *a = arg;

	if (a->u == NULL)
		upstream_finish(a);
	else
		db_write(a->u->spec.svc->db, upstream_job, upstream_written, a);
}

/* "Authorization: Bearer TOKEN", or NULL when the project has no token. */
static char *
upstream_token(const struct svc *s, int64_t project)
{
	AUTO_SECRET struct str text = STR_INIT;
	struct err ignored = ERR_INIT;
	struct view token;

	if (svc_secret_read(s->home, project, SVC_SECRET_TOKEN, &text, &token,
		&ignored) == -1 ||
	    token.len == 0)
		return NULL;
	return xasprintf("Authorization: Bearer %.*s", (int)token.len, token.p);
}

static int
upstream_send(struct upstream_ask *a, struct view base, struct err *e)
{
	AUTO_FREE char *url = xasprintf("%.*s/repos/%s/%s", (int)base.len,
	    base.p, a->repo.owner, a->repo.name);
	AUTO_FREE char *etag = xasprintf(
	    "If-None-Match: %s", svc_text(a->was.etag));
	char *token = upstream_token(a->u->spec.svc, a->project);
	const char *headers[5] = { "Accept: application/vnd.github+json",
		"X-GitHub-Api-Version: 2022-11-28" };
	const struct fetch_spec spec = { .method = "GET",
		.url = url,
		.headers = headers,
		.max_reply = UPSTREAM_REPLY_MAX,
		.connect_ms = UPSTREAM_CONNECT_MS,
		.limit_ms = UPSTREAM_LIMIT_MS,
		.ca_file = a->u->spec.ca_file,
		.on_done = upstream_on_reply,
		.on_free = upstream_on_fetched,
		.arg = a };
	size_t n = 2;
	int rc;

	if (svc_text(a->was.etag)[0] != '\0')
		headers[n++] = etag;
	if (token != NULL)
		headers[n++] = token;
	rc = fetch_start(a->u->spec.net, &spec, &a->fetch, e);
	if (token != NULL)
		explicit_bzero(token, strlen(token));
	free(token);
	return rc;
}

static int
upstream_begin(struct upstream_ask *a, struct err *e)
{
	struct txn *t = db_reader(a->u->spec.svc->db);
	struct project p = { .id = 0 };
	struct view base = view_of("");

	if (projects_by_id(t, a->project, &p, e) == -1 ||
	    upstream_get(t, a->project, &a->was, e) == -1 ||
	    upstream_get(t, a->project, &a->now, e) == -1) {
		project_release(&p);
		return -1;
	}
	if (p.state == PROJECT_ACTIVE && forge_parse(p.upstream, &a->repo))
		base = forge_api(a->u->spec.forges, a->repo.host);
	project_release(&p);
	if (base.len == 0)
		return err_set(e, ERR_NOTFOUND, "the upstream has no API");
	a->first = svc_text(a->was.full_name)[0] == '\0';
	return upstream_send(a, base, e);
}

void
svc_upstream_check(struct svc_upstream *u, int64_t project,
    svc_upstream_done_fn *done, void *arg)
{
	struct upstream_ask *a = xcalloc(1, sizeof(*a));
	struct err e = ERR_INIT;

	a->u = u;
	a->project = project;
	a->actor = u->spec.svc->agentd_id;
	a->done = done;
	a->arg = arg;
	u->ask = a;
	if (upstream_begin(a, &e) == 0)
		return;
	if (e.code != ERR_NOTFOUND)
		log_error("upstream check project=%" PRId64 " err=%s", project,
		    log_val(e.msg));
	a->end.failed = true;
	loop_defer(u->spec.svc->loop, upstream_finish_later, a);
}
