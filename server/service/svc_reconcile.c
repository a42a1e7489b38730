#include "server/service/svc_reconcile.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/num.h"
#include "lib/io/loop.h"
#include "lib/wire/json.h"
#include "server/domain/refname.h"
#include "server/git/git_env.h"
#include "server/git/git_pool.h"
#include "server/git/repo.h"
#include "server/service/svc.h"
#include "server/service/svc_pull.h"
#include "server/service/svc_refs.h"
#include "server/service/svc_restore.h"
#include "server/store/care.h"
#include "server/store/commit_writers.h"
#include "server/store/db.h"
#include "server/store/projects.h"
#include "server/store/refs.h"

enum {
	RECONCILE_BATCH = 200 /* projects per question to the database */
};

struct reconcile {
	struct svc_reconcile_spec spec;
	svc_reconcile_done_fn *done;
	void *arg;
	int64_t *ids;
	size_t n, at;
	uint32_t moved, failed;
	struct svc_refs rows;
	size_t forced_at; /* the row whose history is asked */
	bool restored;    /* this project's lost refs were sought */
};

static void reconcile_next(struct reconcile *r);

static void
reconcile_finish(struct reconcile *r)
{
	r->done(r->moved, r->failed, r->arg);
	svc_refs_release(&r->rows);
	free(r->ids);
	free(r);
}

static int64_t
reconcile_project(const struct reconcile *r)
{
	return r->ids[r->at];
}

static void
reconcile_fail(struct reconcile *r, const struct err *e)
{
	if (e->code != ERR_NOTFOUND) {
		log_error("reconcile failed project=%" PRId64 " err=%s",
		    reconcile_project(r), log_val(e->msg));
		r->failed++;
	}
	r->at++;
	reconcile_next(r);
}

static int
reconcile_job(struct txn *t, void *arg, struct err *e)
{
	struct reconcile *r = arg;

	return svc_refs_write(t, &r->rows, e);
}

static void
reconcile_on_written(const struct err *fail, void *arg)
{
	struct reconcile *r = arg;

	if (fail != NULL) {
		reconcile_fail(r, fail);
		return;
	}
	for (size_t i = 0; i < r->rows.n; i++) {
		const struct svc_ref_move *m = &r->rows.v[i];
		const char *branch = refname_branch(m->ref);

		if (!m->changed)
			continue;
		r->moved++;
		log_info("reconcile moved project=%" PRId64
			 " ref=%s old=%.10s new=%.10s",
		    reconcile_project(r), log_val(m->ref), m->was, m->now);
		if (branch != NULL)
			svc_pull_on_branch(r->spec.svc, reconcile_project(r),
			    branch, m->actor != 0 ? m->actor : r->rows.actor);
	}
	r->at++;
	reconcile_next(r);
}

static void
reconcile_write(struct reconcile *r)
{
	db_write(r->spec.db, reconcile_job, reconcile_on_written, r);
}

static void
reconcile_on_kept(const struct git_result *res, void *arg)
{
	struct reconcile *r = arg;

	if (res->fail != NULL)
		log_warn("reconcile keep project=%" PRId64 " err=%s",
		    reconcile_project(r), log_val(res->fail->msg));
	reconcile_write(r);
}

/* Tips that were lost in the crash: rows know them, no ref does. */
static void
reconcile_keep(struct reconcile *r)
{
	struct git_ref_change *v = xcalloc(r->rows.n + 1, sizeof(*v));
	struct git_refs_spec spec = { .v = v, .atomic = false };
	int64_t at = clock_now_ms();

	for (size_t i = 0; i < r->rows.n; i++) {
		struct svc_ref_move *m = &r->rows.v[i];

		if (!m->forced || gitpool_sha_is_zero(m->was))
			continue;
		m->kept = svc_refs_kept_name(at, m->ref);
		memcpy(m->kept_sha, m->was, sizeof(m->kept_sha));
		m->why = "dropped while the server stopped";
		v[spec.n++] = (struct git_ref_change){
			.ref = m->kept, .old = "", .new_sha = m->was
		};
	}
	if (spec.n == 0)
		reconcile_write(r);
	else
		gitpool_refs_update(r->spec.pool, reconcile_project(r), &spec,
		    reconcile_on_kept, r);
	free(v);
}

static void reconcile_ask_forced(struct reconcile *r);

static void
reconcile_on_forced(const struct git_result *res, void *arg)
{
	struct reconcile *r = arg;
	struct svc_ref_move *m = &r->rows.v[r->forced_at];

	/* An old tip that git does not have cannot be kept. */
	m->forced = res->fail != NULL ? res->fail->code != ERR_NOTFOUND
				      : !json_bool_or(res->j, "yes", false);
	r->forced_at++;
	reconcile_ask_forced(r);
}

static void
reconcile_ask_forced(struct reconcile *r)
{
	for (; r->forced_at < r->rows.n; r->forced_at++) {
		struct svc_ref_move *m = &r->rows.v[r->forced_at];

		if (gitpool_sha_is_zero(m->was))
			continue;
		if (gitpool_sha_is_zero(m->now)) {
			m->forced = true;
			continue;
		}
		gitpool_is_ancestor(r->spec.pool, reconcile_project(r), m->was,
		    m->now, reconcile_on_forced, r);
		return;
	}
	reconcile_keep(r);
}

/* Whose push it was that moved the ref there, 0: nobody's that is known. */
static int64_t
reconcile_pusher(const struct reconcile *r, const char *ref, const char *now)
{
	struct view rest = gitenv_left(r->spec.svc->env), line;

	while (rest.len > 0 && view_split(&rest, '\n', &line)) {
		struct view by, project, actor, sha;
		struct err e = ERR_INIT;
		AUTO_FREE char *id = NULL;
		AUTO_FREE char *user = NULL;
		uint64_t n;

		if (!view_split(&line, ' ', &by) ||
		    !view_split(&line, ' ', &project) ||
		    !view_split(&line, ' ', &actor) ||
		    !view_split(&line, ' ', &sha) || !view_is(line, ref) ||
		    !view_is(sha, now))
			continue;
		id = view_dup(project);
		user = view_dup(actor);
		if (num_u64(id, 1, INT64_MAX, &n, &e) == 0 &&
		    (int64_t)n == reconcile_project(r) &&
		    num_u64(user, 1, INT64_MAX, &n, &e) == 0)
			return (int64_t)n;
	}
	return 0;
}

/* The same of what no git child moved. */
static int64_t
reconcile_claimant(const struct reconcile *r, const char *ref, const char *now)
{
	struct err e = ERR_INIT;
	int64_t id;

	if (refname_branch(ref) == NULL)
		return 0;
	if (commit_writers_claimant(db_reader(r->spec.db), reconcile_project(r),
		now, &id, &e) == -1)
		log_warn("reconcile claimant project=%" PRId64 " err=%s",
		    reconcile_project(r), log_val(e.msg));
	return id;
}

static void
reconcile_row(
    struct reconcile *r, const char *ref, const char *was, const char *now)
{
	struct svc_ref_move *m = svc_refs_add(&r->rows, ref, now);

	(void)memcpy(m->was, was, SHA_HEX);
	m->actor = reconcile_pusher(r, ref, now);
	if (m->actor == 0)
		m->actor = reconcile_claimant(r, ref, now);
}

/* Rows of refs/heads and refs/tags; the mirror minds its own namespace. */
static int
reconcile_compare(struct reconcile *r, struct map *now, struct err *e)
{
	AUTO_FREE char *after = xstrdup("");
	bool more = true;
	size_t cursor = 0;
	const char *name;
	void *value;

	while (more) {
		struct ref_row_list l = { .n = 0 };

		if (refs_list(db_reader(r->spec.db), reconcile_project(r),
			after, &l, e) == -1)
			return -1;
		for (size_t i = 0; i < l.n; i++) {
			char *sha = map_del(now, l.at[i].ref);

			if (strncmp(l.at[i].ref, "refs/heads/", 11) != 0 &&
			    strncmp(l.at[i].ref, "refs/tags/", 10) != 0)
				continue;
			if (sha == NULL)
				reconcile_row(
				    r, l.at[i].ref, l.at[i].sha, SHA_ZERO);
			else if (strcmp(sha, l.at[i].sha) != 0)
				reconcile_row(r, l.at[i].ref, l.at[i].sha, sha);
			free(sha);
		}
		more = l.more && l.n > 0;
		if (more) {
			free(after);
			after = xstrdup(l.at[l.n - 1].ref);
		}
		ref_row_list_release(&l);
	}
	while (map_next(now, &cursor, &name, &value)) {
		reconcile_row(r, name, SHA_ZERO, value);
		free(value);
	}
	return 0;
}

static bool
reconcile_was_deleted(const char *ref, void *arg)
{
	return reconcile_pusher(arg, ref, SHA_ZERO) != 0;
}

static void reconcile_ask_refs(struct reconcile *r);

static void
reconcile_on_restored(size_t restored, size_t lost, void *arg)
{
	struct reconcile *r = arg;

	repo_packed_forget(r->spec.svc->env, reconcile_project(r));
	if (lost == 0) {
		r->moved += (uint32_t)restored;
		reconcile_ask_refs(r);
		return;
	}
	r->failed++;
	r->at++;
	reconcile_next(r);
}

/* No push, merge or synchronisation takes all branches at once, and git never
 * writes an empty list of refs: the disk lost them.  What is corrupt may have
 * been brought back from a backup by halves. */
static bool
reconcile_has_lost(struct reconcile *r, const struct git_result *res)
{
	struct ref_row_list l = { .n = 0 };
	struct view raw = res->raw;
	struct err e = ERR_INIT;
	struct git_ref ref;
	bool rows;

	struct care_row care = { .project_id = 0 };
	bool corrupt;

	if (r->restored)
		return false;
	corrupt = care_get(db_reader(r->spec.db), reconcile_project(r), &care,
		      &e) == 0 &&
	    care.past.health == CARE_CORRUPT;
	care_row_release(&care);
	if (corrupt ||
	    repo_packed_is_torn(r->spec.svc->env, reconcile_project(r)))
		return true;
	while (gitpool_ref_next(&raw, &ref))
		if (view_starts(ref.name, "refs/heads/"))
			return false;
	if (refs_list(db_reader(r->spec.db), reconcile_project(r),
		"refs/heads/", &l, &e) == -1)
		return false;
	rows = l.n > 0 && strncmp(l.at[0].ref, "refs/heads/", 11) == 0;
	ref_row_list_release(&l);
	return rows;
}

static void
reconcile_restore(struct reconcile *r, const struct git_result *res)
{
	struct view raw = res->raw;
	struct map *have = map_new();
	struct git_ref ref;

	while (gitpool_ref_next(&raw, &ref)) {
		AUTO_FREE char *name = view_dup(ref.name);

		(void)map_put(have, name, r);
	}
	r->restored = true;
	svc_restore(r->spec.svc, reconcile_project(r), have,
	    reconcile_was_deleted, reconcile_on_restored, r);
	map_free(have);
}

static void
reconcile_on_refs(const struct git_result *res, void *arg)
{
	struct reconcile *r = arg;
	struct view raw = res->raw;
	struct err e = ERR_INIT;
	struct git_ref ref;
	struct map *now;
	int rc;

	if (res->fail != NULL) {
		reconcile_fail(r, res->fail);
		return;
	}
	if (reconcile_has_lost(r, res)) {
		reconcile_restore(r, res);
		return;
	}
	now = map_new();
	while (gitpool_ref_next(&raw, &ref)) {
		AUTO_FREE char *name = view_dup(ref.name);

		if (view_starts(ref.name, "refs/heads/") ||
		    view_starts(ref.name, "refs/tags/"))
			free(map_put(now, name, xstrdup(ref.sha)));
	}
	rc = reconcile_compare(r, now, &e);
	map_free(now);
	if (rc == -1) {
		reconcile_fail(r, &e);
		return;
	}
	if (r->rows.n == 0) {
		r->at++;
		reconcile_next(r);
		return;
	}
	r->forced_at = 0;
	reconcile_ask_forced(r);
}

static void
reconcile_ask_refs(struct reconcile *r)
{
	gitpool_refs(
	    r->spec.pool, reconcile_project(r), "refs/", reconcile_on_refs, r);
}

static void
reconcile_on_clean(const struct git_result *res, void *arg)
{
	struct reconcile *r = arg;

	if (res->fail != NULL)
		log_warn("reconcile clean project=%" PRId64 " err=%s",
		    reconcile_project(r), log_val(res->fail->msg));
	else if (json_i64_or(res->j, "removed", 0) > 0)
		log_info("reconcile clean project=%" PRId64 " removed=%" PRId64,
		    reconcile_project(r), json_i64_or(res->j, "removed", 0));
	reconcile_ask_refs(r);
}

static void
reconcile_next(struct reconcile *r)
{
	svc_refs_release(&r->rows);
	r->restored = false;
	if (r->at == r->n) {
		reconcile_finish(r);
		return;
	}
	r->rows.project = reconcile_project(r);
	r->rows.actor = r->spec.svc->agentd_id;
	r->rows.now = clock_now_ms();
	r->rows.source = "reconcile";
	gitpool_clean(
	    r->spec.pool, reconcile_project(r), reconcile_on_clean, r);
}

static void
reconcile_begin(void *arg)
{
	reconcile_next(arg);
}

static int
reconcile_read(struct reconcile *r, struct err *e)
{
	struct project_filter f = { .limit = RECONCILE_BATCH };

	for (;;) {
		struct project_list l = { .n = 0 };

		if (projects_list(db_reader(r->spec.db), &f, &l, e) == -1)
			return -1;
		r->ids = xrealloc(r->ids, (r->n + l.n + 1) * sizeof(*r->ids));
		for (size_t i = 0; i < l.n; i++)
			/* Never mirrored: there is no repository yet. */
			if (l.at[i].mirror.last_ok_at > 0 ||
			    l.at[i].upstream[0] == '\0')
				r->ids[r->n++] = l.at[i].id;
		f.offset += (int64_t)l.n;
		if (l.n < RECONCILE_BATCH) {
			project_list_release(&l);
			return 0;
		}
		project_list_release(&l);
	}
}

void
svc_reconcile_start(const struct svc_reconcile_spec *spec,
    svc_reconcile_done_fn *done, void *arg)
{
	struct reconcile *r = xcalloc(1, sizeof(*r));
	struct err e = ERR_INIT;

	r->spec = *spec;
	r->done = done;
	r->arg = arg;
	if (reconcile_read(r, &e) == -1) {
		log_error("reconcile list err=%s", log_val(e.msg));
		r->failed++;
	}
	repo_sweep(spec->loop, spec->svc->env);
	loop_defer(spec->loop, reconcile_begin, r);
}
