/* Pages of history, and what objects are. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "server/git/git_ask.h"
#include "server/git/git_pool.h"
#include "server/git/worker_trail.h"

enum {
	HISTORY_WALK_MS = 8000,  /* to find the page */
	HISTORY_COUNT_MS = 1000, /* to count what is beyond it */
	HISTORY_CLOCK_EVERY = 256
};

/* One source of commits: all of them, or those of a path. */
struct history {
	struct worker_call *c;
	git_revwalk *walk;
	struct trail *trail;
	int64_t since, until; /* s, 0: any */
	int64_t skip, limit;
	struct worker_want want;
	int64_t n; /* seen that count */
	unsigned steps;
	int64_t late_at;
	bool late;
};

static int
history_walk(struct history *h, git_commit *from, struct err *e)
{
	const char *path = json_str_or(h->c->in, "path_in", "");
	const char *without = json_str_or(h->c->in, "not", "");
	int rc;

	if (path[0] != '\0') {
		h->trail = trail_new(h->c->repo, path, h->late_at);
		return trail_from(h->trail, from, e);
	}
	rc = git_revwalk_new(&h->walk, h->c->repo);
	if (rc == 0)
		rc = git_revwalk_push(h->walk, git_commit_id(from));
	if (rc == 0 && without[0] != '\0') {
		AUTO_COMMIT git_commit *hide = NULL;

		if (worker_commit_named(h->c->repo, without, &hide, e) == -1)
			return -1;
		rc = git_revwalk_hide(h->walk, git_commit_id(hide));
	}
	return rc < 0 ? worker_fail(e, rc, "walk history") : 0;
}

/* 0 and a commit (NULL when only counting), 1 the end or too late, -1. */
static int
history_next(struct history *h, bool count, git_commit **out, struct err *e)
{
	git_oid id;
	int rc;

	*out = NULL;
	if (++h->steps % HISTORY_CLOCK_EVERY == 0 &&
	    clock_mono_ms() > h->late_at) {
		h->late = true;
		return 1;
	}
	if (h->trail != NULL) {
		rc = trail_next(h->trail, out, e);
		h->late = rc == TRAIL_LATE;
		return rc > 0 ? 1 : rc;
	}
	rc = git_revwalk_next(&id, h->walk);
	if (rc == GIT_ITEROVER)
		return 1;
	if (rc == 0 && !(count && h->since == 0 && h->until == 0))
		rc = git_commit_lookup(out, h->c->repo, &id);
	return rc < 0 ? worker_fail(e, rc, "walk history") : 0;
}

static bool
history_in_time(const struct history *h, const git_commit *commit)
{
	git_time_t when;

	if (commit == NULL)
		return true;
	when = git_commit_time(commit);
	return (h->since == 0 || when >= h->since) &&
	    (h->until == 0 || when <= h->until);
}

static int
history_page(struct history *h, struct err *e)
{
	int rc = 0;

	jw_array(h->c->w, "commits");
	while (rc == 0 && h->n < h->skip + h->limit) {
		AUTO_COMMIT git_commit *commit = NULL;

		rc = history_next(h, h->n < h->skip, &commit, e);
		if (rc != 0 || !history_in_time(h, commit))
			continue;
		if (h->n++ < h->skip)
			continue;
		rc = worker_put_commit(
		    h->c->w, h->c->repo, commit, &h->want, e);
	}
	jw_end(h->c->w);
	return rc;
}

/* What is beyond the page, as far as it is counted in time. */
static int
history_rest(struct history *h, int64_t max, struct err *e)
{
	int rc = 0;

	h->late_at = clock_mono_ms() + HISTORY_COUNT_MS;
	while (rc == 0 && h->n < max) {
		AUTO_COMMIT git_commit *commit = NULL;

		rc = history_next(h, true, &commit, e);
		if (rc == 0 && history_in_time(h, commit))
			h->n++;
	}
	return rc == -1 ? -1 : 0;
}

static int
history_run(struct history *h, git_commit *from, struct err *e)
{
	bool count = json_bool_or(h->c->in, "count", false);
	int64_t end = h->skip + h->limit;
	int rc;

	if (history_walk(h, from, e) == -1)
		return -1;
	rc = history_page(h, e);
	if (rc == 0)
		rc = history_rest(h, count ? INT64_MAX : end + 1, e);
	if (rc == -1)
		return -1;
	jw_bool(h->c->w, "more", h->n > end);
	jw_i64(h->c->w, "total", h->n);
	jw_bool(h->c->w, "late", h->late);
	return 0;
}

static int
history_op(struct worker_call *c, struct err *e)
{
	AUTO_COMMIT git_commit *from = NULL;
	struct history h = { .c = c,
		.since = json_i64_or(c->in, "since", 0),
		.until = json_i64_or(c->in, "until", 0),
		.skip = json_i64_or(c->in, "skip", 0),
		.limit = json_i64_or(c->in, "limit", 0),
		.late_at = clock_mono_ms() + HISTORY_WALK_MS };
	const char *rev;
	int rc;

	if (h.limit < 1 || h.limit > GIT_ASK_COMMITS_MAX || h.skip < 0)
		return err_set(e, ERR_INVALID, "limit is out of range");
	worker_want_read(c, &h.want);
	if (worker_arg(c, "rev", &rev, e) == -1 ||
	    worker_commit_named(c->repo, rev, &from, e) == -1)
		return -1;
	rc = history_run(&h, from, e);
	trail_free(h.trail);
	git_revwalk_free(h.walk);
	return rc;
}

/* base and head as a person names them, and what head has beyond. */
static int
history_range_op(struct worker_call *c, struct err *e)
{
	AUTO_COMMIT git_commit *base = NULL;
	AUTO_COMMIT git_commit *head = NULL;
	size_t ahead = 0, behind = 0;
	const char *a, *b;
	git_oid mb;
	int rc;

	if (worker_arg(c, "base", &a, e) == -1 ||
	    worker_arg(c, "head", &b, e) == -1 ||
	    worker_commit_named(c->repo, a, &base, e) == -1 ||
	    worker_commit_named(c->repo, b, &head, e) == -1)
		return -1;
	rc = git_graph_ahead_behind(
	    &ahead, &behind, c->repo, git_commit_id(head), git_commit_id(base));
	if (rc < 0)
		return worker_fail(e, rc, "compare");
	rc = git_merge_base(
	    &mb, c->repo, git_commit_id(base), git_commit_id(head));
	if (rc < 0 && rc != GIT_ENOTFOUND)
		return worker_fail(e, rc, "merge base");
	worker_oid(c->w, "base", git_commit_id(base));
	worker_oid(c->w, "head", git_commit_id(head));
	worker_oid(c->w, "merge_base", rc == 0 ? &mb : NULL);
	jw_u64(c->w, "ahead", ahead);
	jw_u64(c->w, "behind", behind);
	return 0;
}

const struct worker_op worker_ops_history[] = {
	{ "history", history_op },
	{ "range", history_range_op },
	{ NULL, NULL },
};
