/* api_tags: tags of a repository. */
#include "server/api/api_git.h"

#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"
#include "server/api/shape_priv.h"
#include "server/domain/refname.h"
#include "server/service/svc_refmove.h"
#include "server/service/svc_tag.h"

static void
api_tags_on_page(const struct git_result *res, void *arg)
{
	struct api_git *x = arg;
	const struct json *v;
	struct shape_git g;

	if (api_git_failed(x, res->fail, NULL))
		return;
	call_total(x->c, x->page, x->limit, json_i64_or(res->j, "total", 0));
	shape_git_init(&g, x->c);
	jw_array(&g.s.w, NULL);
	for (v = json_first(json_get(res->j, "tags")); v != NULL;
	     v = json_next(v))
		shape_git_tag(&g, v);
	jw_end(&g.s.w);
	shape_git_reply(&g, x->c, 200);
	api_git_free(x);
}

static void
api_tags_list(struct call *c)
{
	struct api_git *x;
	uint32_t page, limit;

	if (call_page(c, &page, &limit) == -1)
		return;
	x = api_git_new(c, PERM_READ);
	if (x == NULL)
		return;
	x->page = page;
	x->limit = limit;
	gitask_tags(api_svc(c)->git, x->p.id, NULL, (page - 1) * limit, limit,
	    api_tags_on_page, x);
}

static void
api_tags_on_one(const struct git_result *res, void *arg)
{
	struct api_git *x = arg;
	struct shape_git g;

	if (api_git_failed(x, res->fail, "no such tag"))
		return;
	shape_git_init(&g, x->c);
	shape_git_tag(&g, json_at(json_get(res->j, "tags"), 0));
	shape_git_reply(&g, x->c, x->status);
	api_git_free(x);
}

/* text: its name. */
static void
api_tags_reply(struct api_git *x, int status)
{
	x->status = status;
	gitask_tags(
	    api_svc(x->c)->git, x->p.id, x->text, 0, 1, api_tags_on_one, x);
}

static void
api_tags_get(struct call *c)
{
	struct api_git *x = api_git_new(c, PERM_READ);

	if (x == NULL)
		return;
	x->text = xstrdup(call_arg(c, 2));
	api_tags_reply(x, 200);
}

static void
api_tags_on_made(const struct err *fail, void *op, void *arg)
{
	struct api_git *x = arg;

	(void)op;
	if (!api_git_failed(x, fail, "target not found"))
		api_tags_reply(x, 201);
}

static void
api_tags_on_make(struct call *c, const struct json *j)
{
	AUTO_FREE char *name = NULL;
	AUTO_FREE char *target = NULL;
	AUTO_FREE char *message = NULL;
	const char *rev;
	struct api_git *x;
	struct svc_tag *op;

	if (api_need(c, j, "tag_name", REFNAME_MAX, &name) == -1 ||
	    api_text(c, j, "target", REFNAME_MAX, &target) == -1 ||
	    api_text(c, j, "message", BODY_LEN_MAX, &message) == -1)
		return;
	x = api_git_new(c, PERM_WRITE);
	if (x == NULL)
		return;
	rev = api_git_ref(c, &x->p, target);
	if (rev == NULL) {
		api_git_free(x);
		return;
	}
	op = svc_tag_new(api_svc(c), call_who(c));
	op->project_id = x->p.id;
	op->target = xstrdup(rev);
	op->name = xstrdup(name);
	op->message = STEAL(message);
	op->noreply = api_git_noreply(c);
	x->text = STEAL(name);
	svc_tag(op, api_tags_on_made, x);
}

static void
api_tags_make(struct call *c)
{
	call_take_json(c, api_tags_on_make);
}

static void
api_tags_delete(struct call *c)
{
	int64_t project = api_project_id(c, PERM_WRITE);
	struct svc_refmove *op;

	if (project == 0)
		return;
	op = svc_refmove_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->kind = REFMOVE_DELETE;
	op->ref = xasprintf("refs/tags/%s", call_arg(c, 2));
	call_hold(c);
	svc_refmove(op, api_done_empty, c);
}

static void
api_tags_object(struct shape_git *g, const struct json *o)
{
	const struct json *note = json_get(o, "tag");
	const struct json *by = json_get(note, "tagger");
	const char *sha = json_str_or(o, "sha", "");
	const char *type = json_str_or(note, "target_type", "");
	const char *target = json_str_or(note, "target", "");

	jw_object(&g->s.w, NULL);
	jw_str(&g->s.w, "tag", json_str_or(note, "name", ""));
	jw_str(&g->s.w, "sha", sha);
	shape_url(&g->s, "url", "/api/v1/repos/%s/git/tags/%s", g->full, sha);
	jw_str(&g->s.w, "message", json_str_or(note, "message", ""));
	jw_object(&g->s.w, "tagger");
	jw_str(&g->s.w, "name", json_str_or(by, "name", ""));
	jw_str(&g->s.w, "email", json_str_or(by, "email", ""));
	jw_time(&g->s.w, "date", json_i64_or(by, "at", 0));
	jw_end(&g->s.w);
	jw_object(&g->s.w, "object");
	jw_str(&g->s.w, "type", type);
	shape_url(
	    &g->s, "url", "/api/v1/repos/%s/git/%ss/%s", g->full, type, target);
	jw_str(&g->s.w, "sha", target);
	jw_end(&g->s.w);
	shape_git_verification(g, "verification", NULL);
	jw_end(&g->s.w);
}

static void
api_tags_on_object(const struct git_result *res, void *arg)
{
	struct api_git *x = arg;
	const struct json *o = json_at(json_get(res->j, "objects"), 0);
	struct shape_git g;

	if (api_git_failed(x, res->fail, NULL))
		return;
	if (json_get(o, "tag") == NULL) {
		call_reply_error(x->c, 404, "no such annotated tag");
	} else {
		shape_git_init(&g, x->c);
		api_tags_object(&g, o);
		shape_git_reply(&g, x->c, 200);
	}
	api_git_free(x);
}

/* An annotated tag by its own id. */
static void
api_tags_by_id(struct call *c)
{
	const char *id = call_arg(c, 2);
	const struct git_ask_objects spec = { .ids = &id, .n = 1 };
	struct api_git *x = api_git_new(c, PERM_READ);

	if (x == NULL)
		return;
	if (!gitpool_sha_ok(id)) {
		call_reply_error(c, 400, "want the 40 hex digits of a tag");
		api_git_free(x);
		return;
	}
	gitask_objects(api_svc(c)->git, x->p.id, &spec, api_tags_on_object, x);
}

const struct route api_tags_routes[] = {
	{ "GET", "/api/v1/repos/{o}/{r}/tags", ROUTE_MEMBER, api_tags_list },
	{ "POST", "/api/v1/repos/{o}/{r}/tags", ROUTE_USER, api_tags_make },
	{ "GET", "/api/v1/repos/{o}/{r}/tags/{path...}", ROUTE_MEMBER,
	    api_tags_get },
	{ "DELETE", "/api/v1/repos/{o}/{r}/tags/{path...}", ROUTE_USER,
	    api_tags_delete },
	{ "GET", "/api/v1/repos/{o}/{r}/git/tags/{any}", ROUTE_MEMBER,
	    api_tags_by_id },
	{ .method = NULL },
};
