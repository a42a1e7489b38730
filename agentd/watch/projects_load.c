/* projects_load: what cofferd wants, asked for and taken over. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/watch/project_read.h"
#include "agentd/watch/projects_priv.h"
#include "lib/base/alloc.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/net/apiclient.h"
#include "lib/wire/json.h"

enum {
	PROJECTS_PAGE = 16 /* each with up to 1,024 rules */
};

/* The branch that `git tree` takes is changed while the session runs. */
static void
projects_set_branch(struct project_entry *x, const struct project *fresh)
{
	bool changed = x->p.id != 0 && strcmp(x->p.branch, fresh->branch) != 0;
	struct err e = ERR_INIT;

	if (changed && x->all->sandboxes != NULL &&
	    sandbox_set_branch(
		x->all->sandboxes, fresh->id, fresh->branch, &e) == -1 &&
	    e.code != ERR_NOTFOUND)
		log_warn("project branch id=%lld why=%s", (long long)fresh->id,
		    log_val(e.msg));
	project_release(&x->p);
}

static int
projects_take(struct projects *all, const struct json *j, struct err *e)
{
	struct project fresh;
	struct project_entry *x;

	if (project_read(j, &fresh, e) == -1)
		return -1;
	x = map_get_u64(all->by_id, (uint64_t)fresh.id);
	if (x == NULL) {
		if (map_count(all->by_id) >= PROJECT_MAX) {
			project_release(&fresh);
			return err_set(
			    e, ERR_LIMIT, "over %d projects", PROJECT_MAX);
		}
		x = projects_entry_new(all, fresh.id);
	}
	projects_set_branch(x, &fresh);
	x->p = fresh;
	x->refused = -1;
	projects_settle(x);
	return 0;
}

static void
projects_on_one(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct project_query *q = arg;
	struct err e = ERR_INIT;

	(void)status;
	/* Gone: its `project.deleting` was handled, or never was ours. */
	if (fail != NULL && fail->code != ERR_NOTFOUND)
		e = *fail;
	else if (fail == NULL && projects_take(q->all, j, &e) == -1)
		log_error("project skip why=%s", log_val(e.msg));
	LIST_REMOVE(q, link);
	if (q->done != NULL)
		q->done(fail != NULL && e.code != ERR_NONE ? &e : NULL, q->arg);
	free(q);
}

void
projects_refresh(
    struct projects *p, const char *full_name, sandbox_done_fn *done, void *arg)
{
	struct project_query *q = xcalloc(1, sizeof(*q));
	char path[PROJECTS_PATH_MAX];
	struct api_call call = {
		.method = "GET",
		.path = path,
		.done = projects_on_one,
		.arg = q,
	};

	q->all = p;
	q->done = done;
	q->arg = arg;
	LIST_INSERT_HEAD(&p->queries, q, link);
	(void)snprintf(
	    path, sizeof(path), "/api/coffer/v1/projects/%s", full_name);
	(void)api_start(p->api, &call);
}

static api_fn projects_on_page;

static void
projects_ask_page(struct projects *p)
{
	char path[PROJECTS_PATH_MAX];
	struct api_call call = {
		.method = "GET",
		.path = path,
		.done = projects_on_page,
		.arg = p,
	};

	(void)snprintf(path, sizeof(path),
	    "/api/coffer/v1/projects?page=%lld&limit=%d", (long long)p->page,
	    PROJECTS_PAGE);
	(void)api_start(p->api, &call);
}

static void
projects_on_page(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct projects *p = arg;
	struct err e = ERR_INIT;
	const struct json *one;

	(void)status;
	if (fail == NULL && !json_is_array(j)) {
		(void)err_set(&e, ERR_PROTO, "projects: not a list");
		fail = &e;
	}
	if (fail != NULL) {
		p->loaded(fail, p->loaded_arg);
		return;
	}
	for (one = json_first(j); one != NULL; one = json_next(one)) {
		if (projects_take(p, one, &e) == -1)
			log_error("project skip why=%s", log_val(e.msg));
	}
	if (json_count(j) == PROJECTS_PAGE &&
	    p->page <= PROJECT_MAX / PROJECTS_PAGE) {
		p->page++;
		projects_ask_page(p);
		return;
	}
	p->loaded(NULL, p->loaded_arg);
}

void
projects_load(struct projects *p, sandbox_done_fn *done, void *arg)
{
	p->page = 1;
	p->loaded = done;
	p->loaded_arg = arg;
	projects_ask_page(p);
}
