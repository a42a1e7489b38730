/* api_checks: what a project's checks are, and where they come from. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/service/svc_checks.h"
#include "server/store/check_texts.h"

struct api_checks {
	struct call *c;
	char *text;
};

static void
api_checks_texts(struct jw *w, const char *key, const char *texts, char sep)
{
	struct view rest = view_of(texts), one;

	jw_array(w, key);
	while (rest.len > 0 && view_split(&rest, sep, &one)) {
		AUTO_FREE char *s = view_dup(one);

		if (one.len > 0)
			jw_str(w, NULL, s);
	}
	jw_end(w);
}

static void
api_checks_number(struct jw *w, const char *key, int64_t v)
{
	if (v > 0)
		jw_i64(w, key, v);
	else
		jw_null(w, key);
}

static void
api_checks_check(struct jw *w, const struct check *k)
{
	jw_object(w, NULL);
	jw_str(w, "name", k->name);
	jw_str(w, "image", k->image);
	jw_str(w, "profile", k->profile);
	jw_str(w, "setup", k->setup);
	jw_str(w, "test", k->test);
	jw_object(w, "network");
	jw_str(w, "setup", network_name(k->network_setup));
	jw_str(w, "test", network_name(k->network_test));
	jw_end(w);
	api_checks_texts(w, "presets", k->presets, ' ');
	api_checks_texts(w, "labels", k->labels, ' ');
	jw_i64(w, "timeout_s", k->timeout_s);
	jw_u64(w, "memory", k->memory);
	api_checks_number(w, "cpus", k->cpus);
	api_checks_number(w, "pids", k->pids);
	api_checks_number(w, "disk", (int64_t)k->disk);
	api_checks_texts(w, "paths", k->paths, '\n');
	api_checks_texts(w, "paths_ignore", k->paths_ignore, '\n');
	jw_bool(w, "required", k->required);
	jw_end(w);
}

static void
api_checks_on_read(const struct git_result *res, void *arg)
{
	static const char *const modes[] = { [NEW_TESTS_ADVISORY] = "advisory",
		[NEW_TESTS_OFF] = "off",
		[NEW_TESTS_REQUIRED] = "required" };
	struct api_checks *x = arg;
	AUTO_FREE char *text = x->text;
	AUTO_CHECKS struct checks checks = CHECKS_INIT;
	struct svc_checks_state state;
	struct call *c = x->c;
	struct shape s;

	free(x);
	if (res->fail != NULL && res->fail->code != ERR_NOTFOUND) {
		(void)api_failed(c, res->fail);
		call_release(c);
		return;
	}
	state.state = MERGE_CHECKS_ABSENT;
	if (res->fail == NULL)
		svc_checks_take(api_svc(c), res, &checks, &state);
	shape_init(&s, c, NULL);
	jw_object(&s.w, NULL);
	jw_str(&s.w, "source",
	    text != NULL                             ? "settings"
		: state.state == MERGE_CHECKS_ABSENT ? "none"
						     : "file");
	jw_str(&s.w, "text", text);
	if (state.state == MERGE_CHECKS_WRONG)
		jw_str(&s.w, "error", state.error);
	else
		jw_null(&s.w, "error");
	jw_str(&s.w, "new_tests", modes[checks.new_tests]);
	api_checks_texts(&s.w, "tests", checks.tests, '\n');
	jw_array(&s.w, "checks");
	for (size_t i = 0; i < checks.n; i++)
		api_checks_check(&s.w, &checks.v[i]);
	jw_end(&s.w);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
	call_release(c);
}

/* Holds the call. */
static void
api_checks_show(struct call *c, const struct project *p)
{
	struct api_checks *x = xcalloc(1, sizeof(*x));
	struct err e = ERR_INIT;

	x->c = c;
	if (check_texts_get(api_reader(c), p->id, &x->text, &e) == -1) {
		free(x);
		call_fail(c, &e);
		return;
	}
	call_hold(c);
	gitpool_checks(api_svc(c)->git, p->id,
	    p->default_branch[0] != '\0' ? p->default_branch : "HEAD", x->text,
	    api_checks_on_read, x);
}

static void
api_checks_get(struct call *c)
{
	struct project p;

	if (api_project(c, PERM_READ, &p) == -1)
		return;
	api_checks_show(c, &p);
	project_release(&p);
}

static void
api_checks_done(const struct err *fail, void *arg, void *call)
{
	const struct svc_checks_put *op = arg;
	struct call *c = call;
	struct project p = { .id = 0 };
	struct err e = ERR_INIT;

	if (!api_failed(c, fail)) {
		if (svc_project_by_id(api_reader(c), call_who(c),
			op->project_id, PERM_READ, &p, &e) == -1)
			call_fail(c, &e);
		else
			api_checks_show(c, &p);
		project_release(&p);
	}
	call_release(c);
}

static void
api_checks_set(struct call *c, char *text)
{
	struct project p;
	struct svc_checks_put *op;

	if (api_project(c, PERM_WRITE, &p) == -1) {
		free(text);
		return;
	}
	op = svc_checks_put_new(api_svc(c), call_who(c));
	op->project_id = p.id;
	op->text = text;
	op->rev = xstrdup(
	    p.default_branch[0] != '\0' ? p.default_branch : "HEAD");
	project_release(&p);
	call_hold(c);
	svc_checks_put(op, api_checks_done, c);
}

static void
api_checks_on_put(struct call *c, const struct json *j)
{
	char *text = NULL;

	if (api_need(c, j, "text", CHECKS_FILE_MAX, &text) == 0)
		api_checks_set(c, text);
}

static void
api_checks_put(struct call *c)
{
	call_take_json(c, api_checks_on_put);
}

static void
api_checks_delete(struct call *c)
{
	api_checks_set(c, NULL);
}

#define API_CHECKS "/api/coffer/v1/projects/{o}/{p}/checks"

const struct route api_checks_routes[] = {
	{ "GET", API_CHECKS, ROUTE_MEMBER, api_checks_get },
	{ "PUT", API_CHECKS, ROUTE_MEMBER, api_checks_put },
	{ "DELETE", API_CHECKS, ROUTE_MEMBER, api_checks_delete },
	{ .method = NULL },
};
