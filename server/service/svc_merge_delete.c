/* The head branch of a merge that is written: it goes, if it is still where
 * the merge found it.  The row of the merge stays until this has ended. */
#include "server/service/svc_merge.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/failpoint.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/git/git_pool.h"
#include "server/service/svc_pull.h"
#include "server/store/pulls.h"
#include "server/store/refs.h"
#include "server/store/timeline.h"
#include "server/store/users.h"

struct svc_merge_delete {
	struct svc *s;
	struct merging row;
	char *ref;
	bool gone;     /* else it stays */
	int64_t child; /* the last that was to get another base */
	int64_t now;
	svc_merge_deleted_fn *done;
	void *arg;
};

static void svc_merge_delete_children(struct svc_merge_delete *x);

static void
svc_merge_delete_end(struct svc_merge_delete *x, const struct err *fail)
{
	if (fail != NULL)
		log_warn("merge delete project=%" PRId64 " pull=%" PRId64
			 " reason=%s",
		    x->row.project_id, x->row.number, log_val(fail->msg));
	x->done(x->arg);
	free(x->row.base);
	free(x->row.delete_head);
	free(x->ref);
	free(x);
}

static int
svc_merge_delete_note(struct txn *t, const struct svc_merge_delete *x,
    const struct identity *who, struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	struct timeline_new n = { .project_id = x->row.project_id,
		.item = x->row.number,
		.actor_id = who->user_id,
		.now = x->now,
		.kind = "delete_branch" };
	struct jw w;
	int64_t id;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_str(&w, "old_ref", x->row.delete_head);
	jw_end(&w);
	n.data = str_cstr(&data);
	return timeline_add(t, &n, &id, e);
}

static int
svc_merge_delete_event(struct txn *t, const struct svc_merge_delete *x,
    const struct identity *who, struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	const struct svc_event v = { .kind = "branch.updated",
		.project_id = x->row.project_id,
		.data = &data };
	struct jw w;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_str(&w, "ref", x->ref);
	jw_str(&w, "old", x->row.head_sha);
	jw_str(&w, "new", SHA_ZERO);
	jw_bool(&w, "forced", false);
	jw_str(&w, "source", "merge");
	jw_end(&w);
	return svc_event_add(t, who, x->now, &v, e);
}

/* Another writer may have followed the ref already. */
static int
svc_merge_delete_rows(struct txn *t, struct svc_merge_delete *x, struct err *e)
{
	const struct merging *m = &x->row;
	char sha[SHA_HEX + 1] = "";
	struct identity who;
	struct user u;

	if (users_by_id(t, m->user_id, &u, e) == -1 ||
	    refs_get(t, m->project_id, x->ref, sha, e) == -1)
		return -1;
	svc_identity_of(u.id, u.login, u.kind, &who);
	if (sha[0] != '\0' &&
	    (refs_delete(t, m->project_id, x->ref, e) == -1 ||
		svc_merge_delete_event(t, x, &who, e) == -1))
		return -1;
	return svc_merge_delete_note(t, x, &who, e);
}

static int
svc_merge_delete_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_merge_delete *x = arg;

	if (x->gone && svc_merge_delete_rows(t, x, e) == -1)
		return -1;
	return merging_delete(t, x->row.project_id, x->row.number, e);
}

static void
svc_merge_delete_on_rows(const struct err *fail, void *arg)
{
	svc_merge_delete_end(arg, fail);
}

static void
svc_merge_delete_write(struct svc_merge_delete *x, bool gone)
{
	x->gone = gone;
	x->now = x->s->now();
	db_write(x->s->db, svc_merge_delete_job, svc_merge_delete_on_rows, x);
}

/* It was not where the merge found it: gone before, or of somebody who went
 * on. */
static void
svc_merge_delete_on_looked(const struct git_result *res, void *arg)
{
	struct svc_merge_delete *x = arg;

	if (res->fail == NULL || res->fail->code == ERR_NOTFOUND)
		svc_merge_delete_write(x, res->fail != NULL);
	else /* the next start looks again */
		svc_merge_delete_end(x, res->fail);
}

static void
svc_merge_delete_on_moved(const struct git_result *res, void *arg)
{
	struct svc_merge_delete *x = arg;

	FAIL_POINT(merge_deleted);
	if (res->fail == NULL)
		svc_merge_delete_write(x, true);
	else if (res->fail->code == ERR_EXISTS ||
	    res->fail->code == ERR_NOTFOUND)
		gitpool_resolve(x->s->git, x->row.project_id, x->ref,
		    svc_merge_delete_on_looked, x);
	else
		svc_merge_delete_end(x, res->fail);
}

static void
svc_merge_delete_move(struct svc_merge_delete *x)
{
	const struct git_ref_change change = {
		.ref = x->ref, .old = x->row.head_sha, .new_sha = GIT_ZERO_SHA
	};
	const struct git_refs_spec spec = {
		.v = &change, .n = 1, .atomic = true
	};

	gitpool_refs_update(
	    x->s->git, x->row.project_id, &spec, svc_merge_delete_on_moved, x);
}

/* The newest open pull request with that head or base, under `before` if that
 * is not 0; 0: none; -1: not known. */
static int64_t
svc_merge_delete_find(struct svc_merge_delete *x, const char *head,
    const char *base, int64_t before)
{
	const struct pull_filter f = { .project_id = x->row.project_id,
		.state = ISSUE_OPEN,
		.head = head,
		.base = base,
		.before = before,
		.limit = 1 };
	struct pull_list list = { .at = NULL };
	struct err e = ERR_INIT;
	int64_t number;

	if (pulls_list(db_reader(x->s->db), &f, &list, &e) == -1) {
		log_warn("merge delete reason=%s", log_val(e.msg));
		return -1;
	}
	number = list.n > 0 ? list.at[0].issue.number : 0;
	pull_list_release(&list);
	return number;
}

static void
svc_merge_delete_on_child(const struct err *fail, void *op, void *arg)
{
	struct svc_merge_delete *x = arg;

	(void)op;
	if (fail != NULL)
		log_warn("merge retarget project=%" PRId64 " pull=%" PRId64
			 " reason=%s",
		    x->row.project_id, x->child, log_val(fail->msg));
	svc_merge_delete_children(x);
}

/* What was to merge into the branch is to merge into its base; the branch stays
 * for one that cannot. */
static void
svc_merge_delete_children(struct svc_merge_delete *x)
{
	const char *branch = x->row.delete_head;
	int64_t number = svc_merge_delete_find(x, NULL, branch, x->child);
	struct svc_pull_edit *op;
	struct err e = ERR_INIT;
	struct identity who;
	struct user u;

	if (number == 0 && svc_merge_delete_find(x, NULL, branch, 0) == 0) {
		svc_merge_delete_move(x);
		return;
	}
	if (number <= 0 ||
	    users_by_id(db_reader(x->s->db), x->row.user_id, &u, &e) == -1) {
		svc_merge_delete_write(x, false);
		return;
	}
	svc_identity_of(u.id, u.login, u.kind, &who);
	x->child = number;
	op = svc_pull_edit_new(x->s, &who);
	op->project_id = x->row.project_id;
	op->number = number;
	op->base = xstrdup(x->row.base);
	svc_pull_edit(op, svc_merge_delete_on_child, x);
}

/* A branch that upstream has is the mirror's, not the merge's, to delete. */
static void
svc_merge_delete_on_upstream(const struct git_result *res, void *arg)
{
	struct svc_merge_delete *x = arg;

	if (res->fail == NULL)
		svc_merge_delete_write(x, false);
	else if (res->fail->code == ERR_NOTFOUND)
		svc_merge_delete_children(x);
	else
		svc_merge_delete_end(x, res->fail);
}

void
svc_merge_delete(struct svc *s, const struct merging *row,
    svc_merge_deleted_fn *done, void *arg)
{
	struct svc_merge_delete *x = xcalloc(1, sizeof(*x));
	AUTO_FREE char *upstream = xasprintf(
	    "refs/namespaces/upstream/refs/heads/%s", row->delete_head);

	x->s = s;
	x->row = *row;
	x->row.unmet = x->row.reason = NULL;
	x->row.base = xstrdup(row->base);
	x->row.delete_head = xstrdup(row->delete_head);
	x->ref = xasprintf("refs/heads/%s", row->delete_head);
	x->done = done;
	x->arg = arg;
	if (svc_merge_delete_find(x, row->delete_head, NULL, 0) != 0)
		svc_merge_delete_write(x, false);
	else
		gitpool_resolve(s->git, row->project_id, upstream,
		    svc_merge_delete_on_upstream, x);
}
