/* svc_mirror_rows: rows and events of a sync, in bounded transactions: the
 * last one says that the project is as upstream was.  A crash between two
 * leaves refs that the next sync plans again from the same old state. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/failpoint.h"
#include "lib/base/log.h"
#include "lib/base/rnd.h"
#include "lib/wire/json.h"
#include "server/domain/refname.h"
#include "server/service/svc.h"
#include "server/service/svc_mirror_priv.h"
#include "server/service/svc_pull.h"
#include "server/store/db.h"
#include "server/store/projects.h"

enum {
	MIRROR_ROWS_MAX = 250, /* refs in one transaction */
	MIRROR_NOTICES_MAX = 20
};

static void
mirror_put_notices(struct jw *w, const struct mirror_job *j)
{
	size_t n = 0;

	jw_array(w, "notices");
	for (size_t i = 0; i < j->n && n < MIRROR_NOTICES_MAX; i++) {
		const struct mirror_item *x = &j->items[i];

		if ((!x->step.notice || x->waited) && !x->failed)
			continue;
		n++;
		jw_object(w, NULL);
		jw_str(w, "ref", x->ref);
		jw_str(w, "why", x->failed != NULL ? x->failed : x->step.why);
		jw_str(w, "kept", x->kept);
		jw_end(w);
	}
	jw_end(w);
}

/* Upstream's HEAD is another branch, and one that is here. */
static bool
mirror_new_default(const struct mirror_job *j)
{
	const char *branch = refname_branch(j->head);

	if (branch == NULL || strcmp(branch, j->project.default_branch) == 0)
		return false;
	for (size_t i = 0; i < j->n; i++) {
		const struct mirror_item *x = &j->items[i];

		if (strcmp(x->ref, j->head) == 0)
			return x->local[0] != '\0' ||
			    (x->target[0] != '\0' && x->failed == NULL);
	}
	return false;
}

static uint64_t
mirror_changed(const struct mirror_job *j)
{
	return j->changed + j->rows.changed;
}

static int
mirror_synced(struct txn *t, struct mirror_job *j, struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	struct jw w;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_u64(&w, "refs", j->refs);
	jw_u64(&w, "changed", mirror_changed(j));
	if (mirror_new_default(j)) {
		jw_object(&w, "default_branch");
		jw_str(&w, "old", j->project.default_branch);
		jw_str(&w, "new", refname_branch(j->head));
		jw_end(&w);
	}
	mirror_put_notices(&w, j);
	jw_end(&w);
	return svc_refs_event(t, &j->rows, "mirror.synced", str_cstr(&data), e);
}

static int
mirror_set_ok(struct txn *t, const struct mirror_job *j, struct err *e)
{
	const struct mirror_state s = { .state = MIRROR_OK,
		.refs = j->refs,
		.last_ok_at = j->now,
		.next_at = j->next_at };

	return projects_set_mirror(t, j->project.id, &s, e);
}

static int
mirror_end_rows(struct txn *t, struct mirror_job *j, struct err *e)
{
	bool news = false;

	if (mirror_set_ok(t, j, e) == -1)
		return -1;
	if (mirror_new_default(j) &&
	    projects_set_default_branch(
		t, j->project.id, refname_branch(j->head), e) == -1)
		return -1;
	if (mirror_report_write(t, j, &news, e) == -1)
		return -1;
	news = news || mirror_changed(j) > 0 || j->first ||
	    mirror_new_default(j) || j->project.mirror.state == MIRROR_FAILED ||
	    j->project.mirror.state == MIRROR_PAUSED;
	return news ? mirror_synced(t, j, e) : 0;
}

static int
mirror_rows_job(struct txn *t, void *arg, struct err *e)
{
	struct mirror_job *j = arg;

	if (svc_refs_write(t, &j->rows, e) == -1)
		return -1;
	return j->at >= j->n ? mirror_end_rows(t, j, e) : 0;
}

/* The database has answered.  False: the job is over. */
static bool
mirror_written(struct mirror_job *j, const struct err *fail)
{
	j->writing = false;
	if (j->closed) {
		mirror_job_free(j);
		return false;
	}
	if (fail == NULL)
		return true;
	mirror_job_fail(j, MIRROR_FAIL_INTERNAL, fail);
	return false;
}

static void
mirror_rows_begin(struct mirror_job *j)
{
	svc_refs_release(&j->rows);
	j->rows.project = j->project.id;
	j->rows.actor = j->m->spec.svc->agentd_id;
	j->rows.now = j->now;
	j->rows.source = "mirror";
	j->rows.quiet = j->first;
}

static void mirror_rows_next(struct mirror_job *j);

static void
mirror_rows_add(struct mirror_job *j, const struct mirror_item *x)
{
	AUTO_FREE char *up = xasprintf("refs/namespaces/upstream/%s", x->ref);
	struct svc_refs *r = &j->rows;
	struct svc_ref_move *m;

	/* Planned again next time, from the same old state. */
	if (x->failed || x->step.held)
		return;
	m = svc_refs_add(r, up, x->new_up[0] != '\0' ? x->new_up : SHA_ZERO);
	m->silent = true;
	if (x->target[0] == '\0' && x->local[0] == '\0')
		return;
	m = svc_refs_add(
	    r, x->ref, x->target[0] != '\0' ? x->target : x->local);
	m->forced = x->step.forced;
	/* A tag that moves or goes is news; a new one is not. */
	m->silent = x->facts.is_tag && x->kept == NULL;
	if (x->kept == NULL)
		return;
	m->kept = xstrdup(x->kept);
	memcpy(m->kept_sha, x->local, sizeof(m->kept_sha));
	m->why = x->step.why;
}

static void
mirror_on_rows(const struct err *fail, void *arg)
{
	struct mirror_job *j = arg;

	if (!mirror_written(j, fail))
		return;
	for (size_t i = 0; i < j->rows.n; i++) {
		const char *branch = refname_branch(j->rows.v[i].ref);

		if (branch != NULL && j->rows.v[i].changed)
			svc_pull_on_branch(j->m->spec.svc, j->project.id,
			    branch, j->rows.actor);
	}
	j->changed += (uint32_t)j->rows.changed;
	if (j->at < j->n) {
		FAIL_POINT(mirror_between_rows);
		mirror_rows_next(j);
		return;
	}
	FAIL_POINT(mirror_after_rows);
	mirror_job_contents(j);
}

static void
mirror_rows_next(struct mirror_job *j)
{
	size_t end = j->at + MIRROR_ROWS_MAX;

	mirror_rows_begin(j);
	for (; j->at < j->n && j->at < end; j->at++)
		mirror_rows_add(j, &j->items[j->at]);
	j->writing = true;
	db_write(j->m->spec.db, mirror_rows_job, mirror_on_rows, j);
}

void
mirror_job_write(struct mirror_job *j)
{
	FAIL_POINT(mirror_before_rows);
	j->now = clock_now_ms();
	j->next_at = mirror_plan_next(
	    j->now, j->project.settings.interval_s, 0, rnd_below(UINT32_MAX));
	mirror_report_make(j);
	j->at = 0;
	mirror_rows_next(j);
}
