/* What a crash left between a merge's intent and its rows. */
#include <inttypes.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/log.h"
#include "lib/io/loop.h"
#include "lib/wire/json.h"
#include "server/git/git_pool.h"
#include "server/service/svc_merge.h"
#include "server/store/pulls.h"

struct svc_recover {
	struct svc *s;
	struct merging_list list;
	size_t at;
	bool moved; /* the base has the merge */
	int64_t now;
	svc_merge_recovered_fn *done;
	void *arg;
	bool failed;
	struct err fail;
};

static void svc_recover_next(struct svc_recover *x);

static void
svc_recover_end(void *arg)
{
	struct svc_recover *x = arg;

	x->done(x->failed ? &x->fail : NULL, x->arg);
	merging_list_release(&x->list);
	free(x);
}

static int
svc_recover_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_recover *x = arg;
	const struct merging *m = &x->list.at[x->at];

	if (x->moved)
		return svc_merge_write(t, m, x->now, e);
	return merging_delete(t, m->project_id, m->number, e);
}

/* Then only its branch is left to go. */
static bool
svc_recover_is_written(struct svc_recover *x, const struct merging *m)
{
	struct pull p = { .run_id = 0 };
	struct err e = ERR_INIT;
	bool yes;

	if (pulls_get(db_reader(x->s->db), m->project_id, m->number, &p, &e) ==
	    -1)
		return false;
	yes = p.issue.merged && strcmp(p.merge_sha, m->merge_sha) == 0;
	pull_release(&p);
	return yes && m->delete_head[0] != '\0';
}

static void
svc_recover_on_deleted(void *arg)
{
	struct svc_recover *x = arg;

	x->at++;
	svc_recover_next(x);
}

static void
svc_recover_told(
    struct svc_recover *x, const struct git_result *res, const char *branch)
{
	const int64_t project = x->list.at[x->at].project_id;

	if (res->fail != NULL)
		log_warn("merge unlock project=%" PRId64 " why=%s", project,
		    log_val(res->fail->msg));
	else if (json_bool_or(res->j, "removed", false))
		log_info("merge unlock project=%" PRId64 " branch=%s", project,
		    log_val(branch));
}

static void
svc_recover_on_head_unlocked(const struct git_result *res, void *arg)
{
	struct svc_recover *x = arg;
	const struct merging *m = &x->list.at[x->at];

	svc_recover_told(x, res, m->delete_head);
	svc_merge_delete(x->s, m, svc_recover_on_deleted, x);
}

/* The worker may as well have been killed with its branch. */
static void
svc_recover_delete(struct svc_recover *x)
{
	const struct merging *m = &x->list.at[x->at];
	AUTO_FREE char *ref = xasprintf("refs/heads/%s", m->delete_head);

	gitpool_unlock(
	    x->s->git, m->project_id, ref, svc_recover_on_head_unlocked, x);
}

static void
svc_recover_written(const struct err *fail, void *arg)
{
	struct svc_recover *x = arg;
	const struct merging *m = &x->list.at[x->at];

	log_info("merge recover project=%" PRId64 " pull=%" PRId64 " %s",
	    m->project_id, m->number, x->moved ? "finished" : "forgotten");
	if (fail != NULL) {
		x->failed = true;
		x->fail = *fail;
	}
	if (fail == NULL && x->moved && svc_recover_is_written(x, m)) {
		svc_recover_delete(x);
		return;
	}
	x->at++;
	svc_recover_next(x);
}

static void
svc_recover_on_ancestor(const struct git_result *res, void *arg)
{
	struct svc_recover *x = arg;

	/* No such branch or commit: it cannot have moved there. */
	x->moved = res->fail == NULL && json_bool_or(res->j, "yes", false);
	x->now = x->s->now();
	if (res->fail != NULL && res->fail->code != ERR_NOTFOUND) {
		x->failed = true;
		x->fail = *res->fail;
		x->at++;
		svc_recover_next(x);
		return;
	}
	db_write(x->s->db, svc_recover_job, svc_recover_written, x);
}

static void
svc_recover_on_unlocked(const struct git_result *res, void *arg)
{
	struct svc_recover *x = arg;
	const struct merging *m = &x->list.at[x->at];
	AUTO_FREE char *ref = xasprintf("refs/heads/%s", m->base);

	svc_recover_told(x, res, m->base);
	if (svc_recover_is_written(x, m)) {
		svc_recover_delete(x);
		return;
	}
	gitpool_is_ancestor(x->s->git, m->project_id, m->merge_sha, ref,
	    svc_recover_on_ancestor, x);
}

/* The worker that was killed with the merge may have left its lock, which
 * would stop all others until maintenance finds it. */
static void
svc_recover_next(struct svc_recover *x)
{
	const struct merging *m = &x->list.at[x->at];
	AUTO_FREE char *ref = NULL;

	if (x->at == x->list.n) {
		svc_recover_end(x);
		return;
	}
	ref = xasprintf("refs/heads/%s", m->base);
	gitpool_unlock(
	    x->s->git, m->project_id, ref, svc_recover_on_unlocked, x);
}

void
svc_merge_recover(struct svc *s, svc_merge_recovered_fn *done, void *arg)
{
	struct svc_recover *x = xcalloc(1, sizeof(*x));

	x->s = s;
	x->done = done;
	x->arg = arg;
	if (merging_list(db_reader(s->db), &x->list, &x->fail) == -1)
		x->failed = true;
	if (x->failed || x->list.n == 0)
		loop_defer(s->loop, svc_recover_end, x);
	else
		svc_recover_next(x);
}
