#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/failpoint.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/git/care_git.h"
#include "server/git/git_env.h"
#include "server/git/git_pool.h"
#include "server/git/packs.h"
#include "server/git/repo.h"
#include "server/git/repo_use.h"
#include "server/jobs/care_priv.h"
#include "server/service/svc.h"
#include "server/service/svc_kept.h"
#include "server/service/svc_refs.h"
#include "server/store/db.h"

static void careturn_plan(struct care_turn *t);
static void careturn_survey(void *arg);

static void
careturn_free(struct care_turn *t)
{
	care_git_cancel(t->git);
	svc_kept_tidy_cancel(t->tidy);
	repo_use_leave(t->hold);
	care_row_release(&t->row);
	free(t->failed);
	free(t);
}

static void
careturn_over(struct care_turn *t, enum care_turn_end end)
{
	t->end = end;
	repo_use_leave(t->hold);
	t->hold = NULL;
	care_turn_over(t->c, t);
	careturn_free(t);
}

/* What answers all the same frees it then. */
void
care_turn_close(struct care_turn *t)
{
	t->closed = true;
	if (t->waits != CARE_FOR_LOOP && t->waits != CARE_FOR_DB)
		careturn_free(t);
}

/* An answer came.  True: it is nobody's, and the turn is freed. */
static bool
careturn_closed(struct care_turn *t)
{
	t->waits = CARE_FOR_NONE;
	if (!t->closed)
		return false;
	careturn_free(t);
	return true;
}

void
care_turn_stop(struct care_turn *t)
{
	t->stop = true;
	if (t->git != NULL)
		care_git_stop(t->git);
}

static void
careturn_on_stop(void *arg)
{
	care_turn_stop(arg);
}

static int64_t
careturn_now(const struct care_turn *t)
{
	return t->svc->now();
}

static void
careturn_text(char **where, const char *text)
{
	free(*where);
	*where = xstrdup(text);
}

/* One event of the user agentd, as the mirror's are. */
static int
careturn_event(struct txn *t, const struct care_turn *c, const char *kind,
    const char *error, struct err *e)
{
	const struct svc_refs who = { .project = c->project,
		.actor = c->svc->agentd_id,
		.now = c->ask.now };
	AUTO_STR struct str data = STR_INIT;
	struct jw w;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	if (error != NULL)
		jw_str(&w, "error", error);
	jw_end(&w);
	return svc_refs_event(t, &who, kind, str_cstr(&data), e);
}

static int
careturn_job(struct txn *t, void *arg, struct err *e)
{
	const struct care_turn *c = arg;
	enum care_health now = c->row.past.health;
	int rc = care_put(t, &c->row, e);

	if (rc == 0 && c->purge_seen != 0)
		rc = care_purged(t, c->project, c->purge_seen, e);
	if (rc == 0 && now == CARE_CORRUPT && c->was != CARE_CORRUPT)
		rc = careturn_event(
		    t, c, "repository.corrupt", c->row.error, e);
	if (rc == 0 && now == CARE_OK && c->was == CARE_CORRUPT)
		rc = careturn_event(t, c, "repository.healthy", NULL, e);
	if (rc == 0 && c->failed != NULL)
		rc = careturn_event(t, c, "repository.failed", c->failed, e);
	return rc;
}

static void
careturn_on_written(const struct err *fail, void *arg)
{
	struct care_turn *t = arg;

	if (careturn_closed(t))
		return;
	if (fail != NULL)
		log_warn("care row project=%" PRId64 " err=%s", t->project,
		    log_val(fail->msg));
	t->was = t->row.past.health;
	if (t->purge_seen != 0)
		t->row.past.purge_at = 0;
	t->purge_seen = 0;
	free(t->failed);
	t->failed = NULL;
	t->touched = false;
	if (t->end == CARE_TURN_DONE)
		careturn_survey(t);
	else
		careturn_over(t, t->end);
}

/* Then the next step, or the end that is set. */
static void
careturn_write(struct care_turn *t)
{
	t->waits = CARE_FOR_DB;
	db_write(t->svc->db, careturn_job, careturn_on_written, t);
}

/* Told once: the same problem of the next turn is no news. */
static void
careturn_problem(struct care_turn *t, const char *text)
{
	if (t->row.problem[0] == '\0') {
		free(t->failed);
		t->failed = xstrdup(text);
		log_warn("care problem project=%" PRId64 " step=%s err=%s",
		    t->project, care_step_name(t->next.step), log_val(text));
	}
	careturn_text(&t->row.problem, text);
	t->touched = true;
}

static void
careturn_later(struct care_turn *t)
{
	t->ask.done &= ~(1u << t->next.step);
	log_info("care gave-way project=%" PRId64 " step=%s", t->project,
	    care_step_name(t->next.step));
	careturn_over(t, CARE_TURN_LATER);
}

static void
careturn_failed(struct care_turn *t, const struct err *e)
{
	AUTO_STR struct str text = STR_INIT;

	str_addf(&text, "%s: %s", care_step_name(t->next.step), e->msg);
	careturn_problem(t, str_cstr(&text));
	t->row.failures++;
	t->row.next_at = careturn_now(t) +
	    care_plan_backoff((unsigned)t->row.failures);
	t->fail = *e;
	t->end = CARE_TURN_FAILED;
	careturn_write(t);
}

static void
careturn_corrupt(struct care_turn *t, const char *text)
{
	log_error("care corrupt project=%" PRId64 " err=%s", t->project,
	    log_val(text));
	t->row.past.health = CARE_CORRUPT;
	t->row.past.checked_at = careturn_now(t);
	careturn_text(&t->row.error, text);
	t->ask.done |= 1u << CARE_SUMS | 1u << CARE_WALK;
}

/* A problem begins with the name of its step. */
static void
careturn_solved(struct care_turn *t, enum care_step s)
{
	const char *name = care_step_name(s);

	if (s == CARE_FULL || strncmp(t->row.problem, name, strlen(name)) == 0)
		careturn_text(&t->row.problem, "");
}

static void
careturn_stepped(struct care_turn *t)
{
	struct care_past *p = &t->row.past;
	int64_t now = careturn_now(t);
	enum care_step s = t->next.step;

	if (s == CARE_FULL || s == CARE_PURGE)
		p->full_at = now;
	if (s == CARE_PURGE)
		t->purge_seen = p->purge_at;
	/* A kept answer may have what went. */
	if (s == CARE_PURGE)
		packs_drop(t->svc->env, t->project);
	if (s == CARE_PRUNE || s == CARE_PURGE)
		p->pruned_at = now;
	if (s == CARE_SUMS)
		p->checked_at = now;
	if (s == CARE_WALK)
		p->walked_at = now;
	/* Sums alone do not mend what a walk found. */
	if (s == CARE_WALK || (s == CARE_SUMS && p->health != CARE_CORRUPT)) {
		p->health = CARE_OK;
		careturn_text(&t->row.error, "");
	}
	if (!care_step_checks(s)) {
		t->row.maintained_at = now;
		t->row.failures = 0;
		t->row.next_at = 0;
		careturn_solved(t, s);
	}
	log_info("care done project=%" PRId64 " step=%s ms=%" PRId64,
	    t->project, care_step_name(s), now - t->step_at);
}

static void
careturn_on_swept(const struct git_result *r, void *arg)
{
	struct care_turn *t = arg;

	(void)r;
	if (careturn_closed(t))
		return;
	repo_use_leave(t->hold);
	t->hold = NULL;
	careturn_failed(t, &t->fail);
}

static void
careturn_on_git(const struct care_git_end *end, void *arg)
{
	struct care_turn *t = arg;

	t->git = NULL;
	t->waits = CARE_FOR_NONE;
	if (!care_step_checks(t->next.step))
		gitpool_refs_moved(t->svc->git, t->project);
	if (end->stopped) {
		careturn_later(t);
		return;
	}
	if (end->fail != NULL && !end->corrupt) {
		t->fail = *end->fail;
		if (end->full)
			(void)err_set(&t->fail, ERR_IO,
			    "the disk is full: what was begun is taken back");
		/* A half pack is given back at once. */
		t->waits = CARE_FOR_POOL;
		if (t->hold != NULL) {
			gitpool_clean_all(
			    t->svc->git, t->project, careturn_on_swept, t);
			return;
		}
		careturn_failed(t, &t->fail);
		return;
	}
	repo_use_leave(t->hold);
	t->hold = NULL;
	if (end->fail != NULL)
		careturn_corrupt(t, end->fail->msg);
	else
		careturn_stepped(t);
	t->touched = true;
	careturn_write(t);
}

static void
careturn_run(struct care_turn *t)
{
	const struct care_git_spec spec = { .loop = t->svc->loop,
		.env = t->svc->env,
		.project = t->project,
		.step = t->next.step,
		.limit_ms = t->limit_ms,
		.done = careturn_on_git,
		.arg = t };
	struct err e = ERR_INIT;

	t->step_at = careturn_now(t);
	log_info("care step project=%" PRId64 " step=%s why=%s", t->project,
	    care_step_name(t->next.step), log_val(t->next.why));
	t->waits = CARE_FOR_CHILD;
	t->git = care_git_start(&spec, &e);
	if (t->git == NULL)
		careturn_failed(t, &e);
	else
		FAIL_POINT(care_step);
}

static void
careturn_on_clean(const struct git_result *r, void *arg)
{
	struct care_turn *t = arg;

	if (careturn_closed(t))
		return;
	if (r->fail != NULL)
		log_warn("care clean project=%" PRId64 " err=%s", t->project,
		    log_val(r->fail->msg));
	else if (json_i64_or(r->j, "removed", 0) > 0)
		log_info("care clean project=%" PRId64 " removed=%" PRId64,
		    t->project, json_i64_or(r->j, "removed", 0));
	if (t->stop) {
		careturn_later(t);
	} else if (t->next.step == CARE_SWEEP) {
		repo_use_leave(t->hold);
		t->hold = NULL;
		careturn_survey(t);
	} else {
		careturn_run(t);
	}
}

/* Is there room for what the step writes beside what is there? */
static bool
careturn_has_room(struct care_turn *t)
{
	int64_t need = care_plan_room(t->next.step, &t->facts);
	AUTO_STR struct str text = STR_INIT;
	struct statvfs vfs;
	int64_t have;

	if (need == 0 || statvfs(gitenv_repos(t->svc->env), &vfs) == -1)
		return true;
	have = (int64_t)(vfs.f_bavail * vfs.f_frsize);
	if (have >= need)
		return true;
	str_addf(&text,
	    "%s: the disk is too full: it needs %" PRId64
	    " MiB of room and there are %" PRId64,
	    care_step_name(t->next.step), need >> 20, have >> 20);
	careturn_problem(t, str_cstr(&text));
	t->row.next_at = careturn_now(t) + CARE_HOUR;
	(void)err_set(&t->fail, ERR_IO, "%s", str_cstr(&text));
	return false;
}

/* The step in t->next. */
static void
careturn_step(struct care_turn *t)
{
	t->ask.done |= 1u << t->next.step;
	if (care_step_checks(t->next.step)) {
		careturn_run(t);
		return;
	}
	t->hold = repo_use_own(t->svc->use, t->project, careturn_on_stop, t);
	if (t->hold == NULL) {
		careturn_later(t);
		return;
	}
	if (!careturn_has_room(t)) {
		repo_use_leave(t->hold);
		t->hold = NULL;
		careturn_plan(t);
		return;
	}
	t->waits = CARE_FOR_POOL;
	gitpool_clean_all(t->svc->git, t->project, careturn_on_clean, t);
}

/* Nothing is left to do. */
static void
careturn_finish(struct care_turn *t)
{
	if (t->row.past.health == CARE_CORRUPT && t->fail.code == ERR_NONE)
		(void)err_set(&t->fail, ERR_IO, "the repository is corrupt: %s",
		    t->row.error);
	if (t->touched) {
		/* The end that is set is the write's. */
		t->end = CARE_TURN_WRITTEN;
		careturn_write(t);
		return;
	}
	careturn_over(t, CARE_TURN_DONE);
}

static void
careturn_plan(struct care_turn *t)
{
	if (t->stop) {
		careturn_over(t, CARE_TURN_LATER);
		return;
	}
	t->ask.now = careturn_now(t);
	t->next = care_plan_next(&t->facts, &t->row.past, &t->ask);
	if (t->next.step == CARE_NONE)
		careturn_finish(t);
	else
		careturn_step(t);
}

static void
careturn_read(struct care_turn *t, const struct json *j)
{
	struct care_facts *f = &t->facts;
	int64_t loose = t->row.loose, packs = t->row.packs, size = t->row.size;

	f->size = json_i64_or(j, "size", 0);
	f->packs = json_i64_or(j, "packs", 0);
	f->pack_bytes = json_i64_or(j, "pack_bytes", 0);
	f->big_bytes = json_i64_or(j, "big_bytes", 0);
	f->loose = json_i64_or(j, "loose", 0);
	f->loose_at = json_i64_or(j, "loose_at", 0);
	f->loose_refs = json_i64_or(j, "loose_refs", 0);
	f->written_at = json_i64_or(j, "written_at", 0);
	f->graph_at = json_i64_or(j, "graph_at", 0);
	f->cruft_at = json_i64_or(j, "cruft_at", 0);
	f->half = json_i64_or(j, "half", 0);
	f->bitmap = json_bool_or(j, "bitmap", false);
	t->row.size = f->size;
	t->row.packs = f->packs;
	t->row.loose = f->loose;
	if (loose != f->loose || packs != f->packs || size != f->size ||
	    t->row.surveyed_at == 0)
		t->touched = true;
	t->row.surveyed_at = careturn_now(t);
}

static void
careturn_on_survey(const struct git_result *r, void *arg)
{
	struct care_turn *t = arg;

	if (careturn_closed(t))
		return;
	if (r->fail == NULL) {
		careturn_read(t, r->j);
		careturn_plan(t);
	} else if (!repo_exists(t->svc->env, t->project)) {
		careturn_over(t, CARE_TURN_GONE);
	} else if (r->fail->code == ERR_BUSY || r->fail->code == ERR_TIMEOUT ||
	    r->fail->code == ERR_LIMIT) {
		careturn_over(t, CARE_TURN_FAILED);
	} else {
		careturn_corrupt(t, r->fail->msg);
		t->fail = *r->fail;
		t->end = CARE_TURN_WRITTEN;
		careturn_write(t);
	}
}

static void
careturn_survey(void *arg)
{
	struct care_turn *t = arg;

	t->waits = CARE_FOR_POOL;
	gitpool_survey(t->svc->git, t->project, careturn_on_survey, t);
}

static void
careturn_on_tidied(const struct err *fail, void *arg)
{
	struct care_turn *t = arg;

	t->tidy = NULL;
	t->waits = CARE_FOR_NONE;
	if (fail != NULL)
		log_warn("care kept project=%" PRId64 " err=%s", t->project,
		    log_val(fail->msg));
	careturn_survey(t);
}

static void
careturn_begin(void *arg)
{
	struct care_turn *t = arg;
	struct err e = ERR_INIT;

	if (careturn_closed(t))
		return;
	if (care_get(db_reader(t->svc->db), t->project, &t->row, &e) == -1) {
		t->fail = e;
		careturn_over(t,
		    e.code == ERR_NOTFOUND ? CARE_TURN_GONE : CARE_TURN_FAILED);
		return;
	}
	t->was = t->row.past.health;
	t->ask.now = careturn_now(t);
	/* A crash may have parted kept refs from their rows.  Of what is
	 * corrupt nothing is removed. */
	if (t->was == CARE_CORRUPT ||
	    (!t->asked && !t->fresh &&
		care_plan_check_at(&t->row.past, t->project, t->ask.now,
		    t->ask.check_ms) > t->ask.now)) {
		careturn_survey(t);
		return;
	}
	t->waits = CARE_FOR_CHILD;
	t->tidy = svc_kept_tidy(
	    t->svc, t->project, t->expires, careturn_on_tidied, t);
}

struct care_turn *
care_turn_start(struct care *c, const struct care_turn_spec *spec)
{
	struct care_turn *t = xcalloc(1, sizeof(*t));

	t->c = c;
	t->svc = spec->care->svc;
	t->project = spec->project;
	t->limit_ms = spec->care->limit_ms;
	t->asked = spec->asked;
	t->fresh = spec->fresh;
	t->expires = spec->expires;
	t->ask = (struct care_ask){ .check_ms = spec->care->check_ms,
		.project = spec->project,
		.wanted = spec->wanted };
	/* Both drop unreachable objects by their age. */
	if (!t->expires)
		t->ask.done = (1u << CARE_FULL | 1u << CARE_PRUNE) &
		    ~spec->wanted;
	t->waits = CARE_FOR_LOOP;
	loop_defer(t->svc->loop, careturn_begin, t);
	return t;
}
