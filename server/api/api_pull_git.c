/* api_pull_git: what git says of a pull request: diff, files, commits. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/git/git_pool.h"
#include "server/store/pulls.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/wire/json.h"

enum {
	API_DIFF_MAX = 4 << 20, /* bytes */
	API_FILES_MAX = 3000
};

/* The pull request of the path; the base to compare with is what the two had
 * in common, which stays true after a merge. */
static int
api_pull_git_open(struct call *c, struct pull *pull, const char **from)
{
	int64_t project = api_project_id(c, PERM_READ);
	struct err e = ERR_INIT;

	*pull = (struct pull){ .run_id = 0 };
	if (project == 0)
		return -1;
	if (pulls_get(api_reader(c), project, call_arg_id(c, 2), pull, &e) ==
	    -1) {
		call_fail(c, &e);
		return -1;
	}
	*from = pull->merge_base[0] != '\0' ? pull->merge_base : pull->base_sha;
	return 0;
}

static void
api_pull_git_on_diff(const struct git_result *res, void *arg)
{
	struct call *c = arg;

	if (!api_failed(c, res->fail)) {
		if (json_bool_or(res->j, "truncated", false))
			call_header(c, "X-Truncated", "true");
		call_reply_text(c, 200, "text/plain;charset=utf-8", res->raw);
	}
	call_release(c);
}

static void
api_pull_git_diff(struct call *c)
{
	struct pull pull;
	const char *from;

	if (api_pull_git_open(c, &pull, &from) == -1)
		return;
	call_hold(c);
	gitpool_diff(api_svc(c)->git, pull.issue.project_id, from,
	    pull.head_sha, API_DIFF_MAX, api_pull_git_on_diff, c);
	pull_release(&pull);
}

static void
api_pull_git_file(struct shape *s, const struct json *f)
{
	int64_t add = json_i64_or(f, "additions", 0);
	int64_t del = json_i64_or(f, "deletions", 0);

	jw_object(&s->w, NULL);
	jw_str(&s->w, "filename", json_str_or(f, "path", ""));
	shape_str_or_null(
	    s, "previous_filename", json_str_or(f, "old_path", NULL));
	jw_str(&s->w, "status", json_str_or(f, "status", "changed"));
	jw_i64(&s->w, "additions", add);
	jw_i64(&s->w, "deletions", del);
	jw_i64(&s->w, "changes", add + del);
	jw_bool(&s->w, "binary", json_bool_or(f, "binary", false));
	jw_end(&s->w);
}

static void
api_pull_git_on_files(const struct git_result *res, void *arg)
{
	struct call *c = arg;
	const struct json *files = json_get(res->j, "files");
	char total[24];
	struct shape s;

	if (!api_failed(c, res->fail)) {
		snprintf(total, sizeof(total), "%zu", json_count(files));
		call_header(c, "X-Total-Count", total);
		shape_init(&s, c, NULL);
		jw_array(&s.w, NULL);
		for (const struct json *f = json_first(files); f != NULL;
		     f = json_next(f))
			api_pull_git_file(&s, f);
		jw_end(&s.w);
		shape_reply(&s, c, 200);
	}
	call_release(c);
}

static void
api_pull_git_files(struct call *c)
{
	struct pull pull;
	const char *from;

	if (api_pull_git_open(c, &pull, &from) == -1)
		return;
	call_hold(c);
	gitpool_files(api_svc(c)->git, pull.issue.project_id, from,
	    pull.head_sha, API_FILES_MAX, api_pull_git_on_files, c);
	pull_release(&pull);
}

static void
api_pull_git_commits(struct call *c)
{
	struct git_log_spec spec = { .limit = 1 };
	uint32_t page, limit;
	struct pull pull;
	const char *from;

	if (call_page(c, &page, &limit) == -1 ||
	    api_pull_git_open(c, &pull, &from) == -1)
		return;
	spec.rev = pull.head_sha;
	spec.hide = from;
	spec.limit = limit;
	spec.skip = (page - 1) * limit;
	call_hold(c);
	gitpool_log(
	    api_svc(c)->git, pull.issue.project_id, &spec, api_done_commits, c);
	pull_release(&pull);
}

const struct route api_pull_git_routes[] = {
	{ "GET", "/api/v1/repos/{o}/{r}/pulls/{n}.diff", ROUTE_RUN_OK,
	    api_pull_git_diff },
	{ "GET", "/api/v1/repos/{o}/{r}/pulls/{n}/files", ROUTE_RUN_OK,
	    api_pull_git_files },
	{ "GET", "/api/v1/repos/{o}/{r}/pulls/{n}/commits", ROUTE_RUN_OK,
	    api_pull_git_commits },
	{ .method = NULL },
};
