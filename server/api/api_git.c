/* api_git: branches of a repository, and what the git endpoints share. */
#include "server/api/api_git.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"
#include "server/api/shape_priv.h"
#include "server/auth/auth.h"
#include "server/domain/refname.h"
#include "server/git/ref_cache.h"
#include "server/http/param.h"
#include "server/service/svc_protect.h"
#include "server/service/svc_refmove.h"
#include "server/store/protections.h"

#define API_HEADS "refs/heads/"

struct api_git *
api_git_new(struct call *c, enum perm_verb verb)
{
	struct api_git *x;
	struct project p;

	if (api_project(c, verb, &p) == -1)
		return NULL;
	x = xcalloc(1, sizeof(*x));
	x->c = c;
	x->p = p;
	call_hold(c);
	return x;
}

void
api_git_free(struct api_git *x)
{
	struct call *c = x->c;

	project_release(&x->p);
	free(x->text);
	free(x->rev);
	free(x);
	call_release(c);
}

bool
api_git_failed(struct api_git *x, const struct err *fail, const char *missing)
{
	if (fail == NULL)
		return false;
	if (fail->code == ERR_NOTFOUND && missing != NULL)
		call_reply_error(x->c, 404, "%s", missing);
	else
		call_fail(x->c, fail);
	api_git_free(x);
	return true;
}

void
api_git_refs(struct api_git *x, ref_ready_fn *fn)
{
	struct ref_cache *cache = gitpool_ref_cache(api_svc(x->c)->git);

	if (ref_cache_ask(cache, x->p.id, fn, x) != NULL)
		return;
	call_reply_error(x->c, 503, "too many wait for the refs: try again");
	api_git_free(x);
}

int
api_git_told(struct call *c, const char *rev)
{
	struct err e = ERR_INIT;

	if (gitpool_rev_told(rev, &e) == 0)
		return 0;
	call_fail(c, &e);
	return -1;
}

const char *
api_git_ref(struct call *c, const struct project *p, const char *ref)
{
	if (ref == NULL || ref[0] == '\0')
		ref = p->default_branch;
	if (ref[0] == '\0') {
		call_reply_error(c, 404, "the repository is empty");
		return NULL;
	}
	return api_git_told(c, ref) == 0 ? ref : NULL;
}

bool
api_git_unless(struct call *c, const char *name)
{
	const char *v = call_query(c, name);

	return v == NULL || v[0] == '\0' || param_bool(v);
}

void
api_git_want(struct call *c, struct git_ask_want *out)
{
	out->stat = api_git_unless(c, "stat");
	out->files = api_git_unless(c, "files");
	out->verify = api_git_unless(c, "verification");
}

static void
api_git_number(struct call *c, const char *name, int64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, n);
	call_header(c, name, text);
}

void
api_git_pages(
    struct call *c, uint32_t page, uint32_t limit, int64_t total, bool more)
{
	call_total(c, page, limit, total);
	api_git_number(c, "X-Page", page);
	api_git_number(c, "X-PerPage", limit);
	api_git_number(c, "X-Total", total);
	api_git_number(c, "X-PageCount", (total + limit - 1) / limit);
	call_header(c, "X-HasMore", more ? "true" : "false");
}

char *
api_git_noreply(struct call *c)
{
	AUTO_STR struct str out = STR_INIT;
	struct shape s;

	shape_init(&s, c, NULL);
	shape_noreply(&s, call_who(c)->login, &out);
	str_release(&s.body);
	return str_steal(&out);
}

/* What a list of branches shows of each beside its commit. */
struct api_branch_view {
	struct protect_list rules;
	struct svc_branch_ask ask;
};

static int
api_branch_view_init(struct api_git *x, struct api_branch_view *v)
{
	struct txn *t = api_reader(x->c);
	struct err e = ERR_INIT;

	*v = (struct api_branch_view){ .rules = { .at = NULL } };
	v->ask = (struct svc_branch_ask){
		.rules = &v->rules, .project = &x->p, .who = call_who(x->c)
	};
	if (svc_may(t, v->ask.who, x->p.id, PERM_READ, &v->ask.role, &e) == 0 &&
	    protections_list(t, x->p.id, &v->rules, &e) == 0)
		return 0;
	call_fail(x->c, &e);
	return -1;
}

static void
api_branch_put(struct shape_git *g, struct api_branch_view *v,
    const struct ref_snapshot *s, const char *name, const struct json *commit)
{
	AUTO_FREE char *ref = xasprintf(API_HEADS "%s", name);
	struct svc_branch_view view;
	struct ref_row row;

	v->ask.upstream = refsnap_find(s, REF_SIDE_UPSTREAM, ref, &row);
	svc_branch_view(&v->ask, name, &view);
	jw_object(&g->s.w, NULL);
	jw_str(&g->s.w, "name", name);
	shape_git_payload(g, "commit", commit);
	shape_branch_protection(&g->s, &view);
	jw_end(&g->s.w);
}

/* The branches of a page, between the two questions. */
struct api_branches {
	struct api_git *x;
	struct ref_snapshot *s;
	char *names[PARAM_LIMIT_MAX];
	char shas[PARAM_LIMIT_MAX][GIT_SHA_TEXT];
	size_t n;
	int status;
	bool one; /* not a list */
};

static void
api_branches_free(struct api_branches *b)
{
	for (size_t i = 0; i < b->n; i++)
		free(b->names[i]);
	refsnap_unref(b->s);
	api_git_free(b->x);
	free(b);
}

static void
api_branches_on_commits(const struct git_result *res, void *arg)
{
	struct api_branches *b = arg;
	struct call *c = b->x->c;
	struct api_branch_view v;
	struct shape_git g;
	const struct json *o;
	size_t i = 0;

	if (api_failed(c, res->fail) || api_branch_view_init(b->x, &v) == -1) {
		api_branches_free(b);
		return;
	}
	shape_git_init(&g, c);
	if (!b->one)
		jw_array(&g.s.w, NULL);
	for (o = json_first(json_get(res->j, "objects")); o != NULL && i < b->n;
	     o = json_next(o), i++)
		api_branch_put(&g, &v, b->s, b->names[i],
		    json_at(json_get(o, "commits"), 0));
	if (!b->one)
		jw_end(&g.s.w);
	protect_list_release(&v.rules);
	shape_git_reply(&g, c, b->status);
	api_branches_free(b);
}

static void
api_branches_ask(struct api_branches *b)
{
	const char *ids[PARAM_LIMIT_MAX];
	const struct git_ask_objects spec = { .ids = ids,
		.n = b->n,
		.commits = true,
		.want = { .verify = true } };

	for (size_t i = 0; i < b->n; i++)
		ids[i] = b->shas[i];
	gitask_objects(api_svc(b->x->c)->git, b->x->p.id, &spec,
	    api_branches_on_commits, b);
}

static struct api_branches *
api_branches_new(struct api_git *x, struct ref_snapshot *s)
{
	struct api_branches *b = xcalloc(1, sizeof(*b));

	b->x = x;
	b->s = refsnap_ref(s);
	b->status = 200;
	return b;
}

static void
api_branches_add(struct api_branches *b, const struct ref_row *row)
{
	memcpy(b->shas[b->n], row->sha, REF_SHA_LEN);
	b->names[b->n++] = xstrdup(row->name + strlen(API_HEADS));
}

/* text: part of the name, or NULL. */
static void
api_branches_on_refs(struct ref_snapshot *s, const struct err *fail, void *arg)
{
	struct api_git *x = arg;
	struct api_branches *b;
	size_t from = (size_t)(x->page - 1) * x->limit, n = 0;

	if (api_git_failed(x, fail, "no such repository"))
		return;
	b = api_branches_new(x, s);
	for (size_t i = refsnap_seek(s, REF_SIDE_WORK, VIEW_LIT(API_HEADS));
	     i < refsnap_count(s, REF_SIDE_WORK); i++) {
		struct ref_row row = refsnap_row(s, REF_SIDE_WORK, i);

		if (strncmp(row.name, API_HEADS, strlen(API_HEADS)) != 0)
			break;
		if (x->text != NULL &&
		    strstr(row.name + strlen(API_HEADS), x->text) == NULL)
			continue;
		if (n >= from && b->n < x->limit)
			api_branches_add(b, &row);
		n++;
	}
	call_total(x->c, x->page, x->limit, (int64_t)n);
	api_branches_ask(b);
}

/* Nothing was synchronised yet, so there is nothing to list. */
static bool
api_git_is_new(struct call *c, const struct project *p)
{
	if (p->default_branch[0] != '\0' || p->mirror.state != MIRROR_NEW)
		return false;
	call_total(c, 1, PARAM_LIMIT_DEFAULT, 0);
	call_reply_text(
	    c, 200, "application/json;charset=utf-8", VIEW_LIT("[]"));
	return true;
}

static void
api_git_branches(struct call *c)
{
	struct api_git *x;
	uint32_t page, limit;
	const char *q = call_query(c, "q");

	if (call_page(c, &page, &limit) == -1)
		return;
	x = api_git_new(c, PERM_READ);
	if (x == NULL)
		return;
	if (api_git_is_new(c, &x->p)) {
		api_git_free(x);
		return;
	}
	x->page = page;
	x->limit = limit;
	if (q != NULL && q[0] != '\0')
		x->text = xstrdup(q);
	api_git_refs(x, api_branches_on_refs);
}

static void
api_branch_on_refs(struct ref_snapshot *s, const struct err *fail, void *arg)
{
	struct api_git *x = arg;
	AUTO_FREE char *ref = NULL;
	struct api_branches *b;
	struct ref_row row;

	if (api_git_failed(x, fail, "no such branch"))
		return;
	ref = xasprintf(API_HEADS "%s", x->text);
	if (!refsnap_find(s, REF_SIDE_WORK, ref, &row)) {
		call_reply_error(x->c, 404, "no such branch");
		api_git_free(x);
		return;
	}
	b = api_branches_new(x, s);
	b->one = true;
	b->status = x->status;
	api_branches_add(b, &row);
	api_branches_ask(b);
}

void
api_git_reply_branch(struct api_git *x, int status)
{
	x->status = status;
	api_git_refs(x, api_branch_on_refs);
}

static void
api_git_branch(struct call *c)
{
	struct api_git *x = api_git_new(c, PERM_READ);

	if (x == NULL)
		return;
	x->text = xstrdup(call_arg(c, 2));
	api_git_reply_branch(x, 200);
}

static void
api_branch_on_made(const struct err *fail, void *op, void *arg)
{
	struct api_git *x = arg;

	(void)op;
	if (!api_git_failed(x, fail, NULL))
		api_git_reply_branch(x, 201);
}

static void
api_branch_on_start(const struct git_result *res, void *arg)
{
	struct api_git *x = arg;
	const struct json *commit = json_at(json_get(res->j, "commits"), 0);
	struct svc_refmove *op;

	if (api_git_failed(x, res->fail, "the old branch or ref is not there"))
		return;
	op = svc_refmove_new(api_svc(x->c), call_who(x->c));
	op->project_id = x->p.id;
	op->kind = REFMOVE_CREATE;
	op->ref = xasprintf(API_HEADS "%s", x->text);
	snprintf(op->new_sha, sizeof(op->new_sha), "%s",
	    json_str_or(commit, "sha", ""));
	svc_refmove(op, api_branch_on_made, x);
}

static void
api_git_on_branch_make(struct call *c, const struct json *j)
{
	struct git_ask_history spec = { .limit = 1 };
	AUTO_FREE char *name = NULL;
	AUTO_FREE char *branch = NULL;
	AUTO_FREE char *ref = NULL;
	struct api_git *x;

	if (api_need(c, j, "new_branch_name", REFNAME_MAX, &name) == -1 ||
	    api_text(c, j, "old_branch_name", REFNAME_MAX, &branch) == -1 ||
	    api_text(c, j, "old_ref_name", REFNAME_MAX, &ref) == -1)
		return;
	x = api_git_new(c, PERM_WRITE);
	if (x == NULL)
		return;
	spec.rev = api_git_ref(
	    c, &x->p, ref != NULL && ref[0] != '\0' ? ref : branch);
	if (spec.rev == NULL) {
		api_git_free(x);
		return;
	}
	x->text = STEAL(name);
	gitask_history(api_svc(c)->git, x->p.id, &spec, api_branch_on_start, x);
}

static void
api_git_branch_make(struct call *c)
{
	call_take_json(c, api_git_on_branch_make);
}

static struct svc_refmove *
api_branch_op(struct call *c)
{
	int64_t project = api_project_id(c, PERM_WRITE);
	struct svc_refmove *op;

	if (project == 0)
		return NULL;
	op = svc_refmove_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->ref = xasprintf(API_HEADS "%s", call_arg(c, 2));
	return op;
}

static void
api_git_branch_delete(struct call *c)
{
	struct svc_refmove *op = api_branch_op(c);

	if (op == NULL)
		return;
	op->kind = REFMOVE_DELETE;
	call_hold(c);
	svc_refmove(op, api_done_empty, c);
}

/* A commit id of the body; 0, or -1 after a 422. */
static int
api_branch_id(struct call *c, const struct json *j, const char *key, bool must,
    char out[SHA_HEX + 1])
{
	AUTO_FREE char *text = NULL;
	int rc = must ? api_need(c, j, key, SHA_HEX, &text)
		      : api_text(c, j, key, SHA_HEX, &text);

	if (rc == -1)
		return -1;
	out[0] = '\0';
	if (text == NULL || text[0] == '\0')
		return 0;
	if (!gitpool_sha_ok(text)) {
		call_reply_error(c, 422, "%s: want 40 hex digits", key);
		return -1;
	}
	memcpy(out, text, SHA_HEX + 1);
	return 0;
}

static void
api_git_on_branch_move(struct call *c, const struct json *j)
{
	char id[SHA_HEX + 1], old[SHA_HEX + 1];
	struct svc_refmove *op;
	bool force = false;

	if (api_branch_id(c, j, "new_commit_id", true, id) == -1 ||
	    api_branch_id(c, j, "old_commit_id", false, old) == -1 ||
	    api_bool(c, j, "force", &force) == -1)
		return;
	op = api_branch_op(c);
	if (op == NULL)
		return;
	op->kind = REFMOVE_UPDATE;
	op->force = force;
	memcpy(op->new_sha, id, sizeof(id));
	memcpy(op->old, old, sizeof(old));
	call_hold(c);
	svc_refmove(op, api_done_empty, c);
}

static void
api_git_branch_move(struct call *c)
{
	call_take_json(c, api_git_on_branch_move);
}

const struct route api_git_routes[] = {
	{ "GET", "/api/v1/repos/{o}/{r}/branches", ROUTE_MEMBER,
	    api_git_branches },
	{ "POST", "/api/v1/repos/{o}/{r}/branches", ROUTE_USER,
	    api_git_branch_make },
	{ "GET", "/api/v1/repos/{o}/{r}/branches/{path...}", ROUTE_MEMBER,
	    api_git_branch },
	{ "PUT", "/api/v1/repos/{o}/{r}/branches/{path...}", ROUTE_USER,
	    api_git_branch_move },
	{ "DELETE", "/api/v1/repos/{o}/{r}/branches/{path...}", ROUTE_USER,
	    api_git_branch_delete },
	{ .method = NULL },
};
