#include "server/service/svc_restore.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/str.h"
#include "lib/io/loop.h"
#include "lib/wire/json.h"
#include "server/git/git_pool.h"
#include "server/service/svc.h"
#include "server/service/svc_refs.h"
#include "server/store/care.h"
#include "server/store/db.h"
#include "server/store/pulls.h"
#include "server/store/refs.h"

enum {
	RESTORE_BATCH = 1000 /* refs in one question to git */
};

struct restore_ref {
	char *ref;
	char sha[SHA_HEX + 1];
};

struct restore {
	struct svc *s;
	int64_t project;
	const struct map *have;
	svc_restore_is_gone_fn *is_gone;
	svc_restore_done_fn *done;
	void *arg;
	struct restore_ref *v;
	size_t n, cap, at, batch;
	size_t lost;
	char *error;
};

static void
restore_end(struct restore *x)
{
	x->done(x->n - x->lost, x->lost, x->arg);
	for (size_t i = 0; i < x->n; i++)
		free(x->v[i].ref);
	free(x->v);
	free(x->error);
	free(x);
}

static void
restore_add(struct restore *x, const char *ref, const char *sha)
{
	struct restore_ref *r;

	if (map_get(x->have, ref) != NULL || x->is_gone(ref, x->arg))
		return;
	if (x->n == x->cap) {
		x->cap = x->cap == 0 ? 256 : x->cap * 2;
		x->v = xrealloc(x->v, x->cap * sizeof(*x->v));
	}
	r = &x->v[x->n++];
	*r = (struct restore_ref){ .ref = xstrdup(ref) };
	memcpy(r->sha, sha, SHA_HEX);
}

static int
restore_read_rows(struct restore *x, struct err *e)
{
	AUTO_FREE char *after = xstrdup("");
	bool more = true;

	while (more) {
		struct ref_row_list l = { .n = 0 };

		if (refs_list(db_reader(x->s->db), x->project, after, &l, e) ==
		    -1)
			return -1;
		for (size_t i = 0; i < l.n; i++)
			/* The next synchronisation brings upstream's. */
			if (strncmp(l.at[i].ref, "refs/heads/", 11) == 0 ||
			    strncmp(l.at[i].ref, "refs/tags/", 10) == 0)
				restore_add(x, l.at[i].ref, l.at[i].sha);
		more = l.more && l.n > 0;
		if (more) {
			free(after);
			after = xstrdup(l.at[l.n - 1].ref);
		}
		ref_row_list_release(&l);
	}
	return 0;
}

static int
restore_read_kept(struct restore *x, struct err *e)
{
	for (int64_t offset = 0;; offset += DB_LIST_MAX) {
		struct kept_ref_list l = { .n = 0 };
		size_t n;

		if (kept_list(db_reader(x->s->db), x->project, 0, DB_LIST_MAX,
			offset, &l, e) == -1)
			return -1;
		n = l.n;
		for (size_t i = 0; i < n; i++)
			restore_add(x, l.at[i].kept, l.at[i].sha);
		kept_ref_list_release(&l);
		if (n < DB_LIST_MAX)
			return 0;
	}
}

static int
restore_read_pulls(struct restore *x, struct err *e)
{
	struct pull_filter f = { .project_id = x->project,
		.limit = DB_LIST_MAX };

	for (;; f.offset += DB_LIST_MAX) {
		struct pull_list l = { .n = 0 };
		size_t n;

		if (pulls_list(db_reader(x->s->db), &f, &l, e) == -1)
			return -1;
		n = l.n;
		for (size_t i = 0; i < n; i++) {
			AUTO_FREE char *ref = xasprintf(
			    "refs/pull/%" PRId64 "/head", l.at[i].issue.number);

			restore_add(x, ref, l.at[i].head_sha);
		}
		pull_list_release(&l);
		if (n < DB_LIST_MAX)
			return 0;
	}
}

static int
restore_job(struct txn *t, void *arg, struct err *e)
{
	const struct restore *x = arg;
	const struct svc_refs who = { .project = x->project,
		.actor = x->s->agentd_id,
		.now = x->s->now() };
	AUTO_STR struct str data = STR_INIT;
	struct care_row row;
	struct jw w;
	int rc;

	if (care_get(t, x->project, &row, e) == -1)
		return -1;
	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_str(&w, "error", x->error);
	jw_end(&w);
	if (x->lost > 0) {
		row.past.health = CARE_CORRUPT;
		row.past.checked_at = who.now;
		free(row.error);
		row.error = xstrdup(x->error);
	}
	rc = care_put(t, &row, e);
	care_row_release(&row);
	if (rc == -1)
		return -1;
	return svc_refs_event(t, &who,
	    x->lost > 0 ? "repository.corrupt" : "repository.failed",
	    str_cstr(&data), e);
}

static void
restore_on_written(const struct err *fail, void *arg)
{
	struct restore *x = arg;

	if (fail != NULL)
		log_error("restore rows project=%" PRId64 " err=%s", x->project,
		    log_val(fail->msg));
	restore_end(x);
}

static void
restore_tell(struct restore *x)
{
	if (x->lost > 0)
		x->error = xasprintf(
		    "refs were lost on disk: %zu are back, %zu are not, whose "
		    "commits are gone: bring the repository back from a backup",
		    x->n - x->lost, x->lost);
	else
		x->error = xasprintf(
		    "%zu refs were lost on disk and are back: look after the "
		    "disk",
		    x->n);
	log_error("restore project=%" PRId64 " err=%s", x->project,
	    log_val(x->error));
	db_write(x->s->db, restore_job, restore_on_written, x);
}

static void restore_next(struct restore *x);

static void
restore_on_updated(const struct git_result *r, void *arg)
{
	struct restore *x = arg;

	if (r->fail != NULL)
		x->lost += x->batch;
	else
		x->lost += (size_t)json_i64_or(r->j, "failed", 0);
	x->at += x->batch;
	restore_next(x);
}

static void
restore_next(struct restore *x)
{
	struct git_ref_change *v;
	struct git_refs_spec spec = { .atomic = false };

	if (x->at == x->n) {
		restore_tell(x);
		return;
	}
	x->batch = x->n - x->at < RESTORE_BATCH ? x->n - x->at : RESTORE_BATCH;
	v = xcalloc(x->batch, sizeof(*v));
	for (; spec.n < x->batch; spec.n++)
		v[spec.n] = (struct git_ref_change){
			.ref = x->v[x->at + spec.n].ref,
			.old = GIT_ZERO_SHA,
			.new_sha = x->v[x->at + spec.n].sha
		};
	spec.v = v;
	gitpool_refs_update(
	    x->s->git, x->project, &spec, restore_on_updated, x);
	free(v);
}

static void
restore_begin(void *arg)
{
	struct restore *x = arg;

	if (x->n == 0)
		restore_end(x);
	else
		restore_next(x);
}

void
svc_restore(struct svc *s, int64_t project, const struct map *have,
    svc_restore_is_gone_fn *is_gone, svc_restore_done_fn *done, void *arg)
{
	struct restore *x = xcalloc(1, sizeof(*x));
	struct err e = ERR_INIT;

	*x = (struct restore){ .s = s,
		.project = project,
		.have = have,
		.is_gone = is_gone,
		.done = done,
		.arg = arg };
	if (restore_read_rows(x, &e) == -1 || restore_read_kept(x, &e) == -1 ||
	    restore_read_pulls(x, &e) == -1)
		log_error("restore read project=%" PRId64 " err=%s", project,
		    log_val(e.msg));
	x->have = NULL;
	loop_defer(s->loop, restore_begin, x);
}
