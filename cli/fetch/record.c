#include "cli/fetch/record.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/fetch/fetch.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/failpoint.h"
#include "lib/base/path.h"
#include "lib/net/signed_json.h"
#include "lib/wire/json.h"

static const char *const record_reviews[] = {
	[FETCH_REVIEW_NONE] = "none: no reviewer configured",
	[FETCH_REVIEW_UNASKED] = "not asked: blocked before",
	[FETCH_REVIEW_SKIPPED] = "skipped",
	[FETCH_REVIEW_OK] = "ok",
	[FETCH_REVIEW_FINDINGS] = "findings",
	[FETCH_REVIEW_INCOMPLETE] = "incomplete",
	[FETCH_REVIEW_FAILED] = "failed",
};

char *
fetch_record_key(void)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	const struct passwd *pw;

	if (xdg != NULL && xdg[0] == '/')
		return path_join(xdg, "coffer/fetch.key");
	if (home == NULL || home[0] != '/') {
		pw = getpwuid(geteuid());
		home = pw == NULL ? "/" : pw->pw_dir;
	}
	return path_join(home, ".config/coffer/fetch.key");
}

static void
record_user(const struct fetch_job *j, struct jw *w)
{
	const struct passwd *pw = getpwuid(geteuid());

	jw_str(w, "user", pw == NULL ? "?" : pw->pw_name);
	/* A key is of the account that its first record names. */
	if (j->account[0] != '\0')
		jw_str(w, "account", j->account);
}

static void
record_head(struct fetch_job *j, const char *result, struct jw *w)
{
	jw_i64(w, "version", RECORD_VERSION);
	jw_time(w, "at", clock_now_ms());
	jw_str(w, "result", result);
	record_user(j, w);
	jw_str(w, "project", j->full);
	jw_str(w, "url", j->c->url);
	jw_str(w, "branch", j->branch);
	if (j->pull != 0)
		jw_i64(w, "pull", j->pull);
	jw_str(w, "base", j->base);
	jw_str(w, "head", j->head);
	jw_str(w, "clone_head", j->clone_head);
	if (j->tree[0] != '\0')
		jw_str(w, "tree", j->tree);
	jw_str(w, "apply", j->args->apply);
}

static void
record_body(struct fetch_job *j, const char *result, size_t max, struct jw *w)
{
	record_head(j, result, w);
	jw_str(w, "review", record_reviews[j->review]);
	if (j->review_model[0] != '\0')
		jw_str(w, "reviewer", j->review_model);
	if (j->review_why[0] != '\0')
		jw_str(w, "review_why", j->review_why);
	fetch_review_info_json(w, "review_info", &j->info);
	if (j->refused[0] != '\0')
		jw_str(w, "refused", j->refused);
	if (j->confirmed != NULL)
		jw_str(w, "confirmed", j->confirmed);
	if (j->args->reason != NULL)
		jw_str(w, "reason", j->args->reason);
	jw_array(w, "allowed");
	for (int i = 0; i < j->args->allow.n; i++)
		jw_str(w, NULL, j->args->allow.v[i]);
	jw_end(w);
	findings_json(w, "findings", &j->findings, max);
}

/* What an apply puts into each file, and what it leaves out. */
static void
record_files(
    const struct plan *p, enum plan_step step, const char *key, struct jw *w)
{
	size_t n = 0, left = 0;

	jw_array(w, key);
	for (size_t i = 0; i < p->n; i++) {
		const struct plan_entry *x = &p->list[i];

		if (x->step != step)
			continue;
		if (n >= RECORD_FILES_MAX || w->out->len > RECORD_FILES_END) {
			left++;
			continue;
		}
		n++;
		jw_object(w, NULL);
		jw_str(w, "path", x->path);
		jw_str(w, "blob", x->new_mode == 0 ? "" : x->new_id);
		if (step == PLAN_HELD)
			jw_str(w, "why", x->why);
		jw_end(w);
	}
	jw_end(w);
	if (left > 0) {
		AUTO_FREE char *more = xasprintf("%s_not_listed", key);

		jw_u64(w, more, left);
	}
}

void
fetch_json(struct fetch_job *j, const char *result, struct str *out)
{
	struct jw w;

	jw_init(&w, out);
	jw_object(&w, NULL);
	record_body(j, result, SIZE_MAX, &w);
	record_files(&j->preview, PLAN_HELD, "held", &w);
	if (j->record != NULL)
		jw_str(&w, "record", j->record);
	jw_end(&w);
}

static int
record_sign(struct jw *w, struct err *e)
{
	AUTO_FREE char *path = fetch_record_key();
	AUTO_FREE char *dir = xstrndup(
	    path, (size_t)(strrchr(path, '/') - path));

	if (path_mkdirs(dir, 0700, e) == -1 ||
	    signed_json_end(w, path, RECORD_DOMAIN, e) == -1)
		return err_wrap(e, "key of records");
	return 0;
}

static int
record_write(struct fetch_job *j, const char *result, const struct plan *p,
    const char *path, struct err *e)
{
	AUTO_STR struct str text = STR_INIT_MAX(RECORD_MAX);
	struct jw w;

	jw_init(&w, &text);
	jw_object(&w, NULL);
	record_body(j, result, RECORD_FINDINGS_END, &w);
	if (p != NULL) {
		record_files(p, PLAN_TODO, "files", &w);
		record_files(p, PLAN_HELD, "held", &w);
	}
	if (record_sign(&w, e) == -1)
		return -1;
	return path_write_atomic(path, str_cstr(&text), text.len, 0600, e);
}

static char *
record_name(const struct fetch_job *j)
{
	char when[CLOCK_TEXT_MAX];
	int64_t now = clock_now_ms();

	return xasprintf("%s/%.19s.%03d.json", j->dir, clock_rfc3339(now, when),
	    (int)(now % 1000));
}

int
fetch_record(struct fetch_job *j, const char *result, struct err *e)
{
	free(j->record);
	j->record = record_name(j);
	if (record_write(j, result, NULL, j->record, e) == 0)
		return 0;
	free(j->record);
	j->record = NULL;
	return err_wrap(e, "record");
}

int
fetch_record_stage(struct fetch_job *j, const struct plan *p, struct err *e)
{
	AUTO_FREE char *path = path_join(p->dir, "record.json");

	if (record_write(j, "applied", p, path, e) == -1)
		return err_wrap(e, "record");
	return 0;
}

/* Of something that was applied before: what became of it. */
static int
record_later(struct fetch_job *j, const struct plan *p, const char *result,
    const char *path, struct err *e)
{
	AUTO_STR struct str text = STR_INIT_MAX(RECORD_MAX);
	struct jw w;

	jw_init(&w, &text);
	jw_object(&w, NULL);
	jw_i64(&w, "version", RECORD_VERSION);
	jw_time(&w, "at", clock_now_ms());
	jw_str(&w, "result", result);
	record_user(j, &w);
	jw_str(&w, "project", j->full);
	jw_str(&w, "url", j->c->url);
	if (p->branch[0] != '\0')
		jw_str(&w, "branch", p->branch);
	if (p->commit[0] != '\0')
		jw_str(&w, "head", p->commit);
	if (p->pull != 0)
		jw_i64(&w, "pull", p->pull);
	jw_str(&w, "what", p->what);
	jw_str(&w, "clone_head", p->head);
	if (p->taking)
		record_files(p, PLAN_TODO, "files", &w);
	if (record_sign(&w, e) == -1)
		return err_wrap(e, "record");
	return path_write_atomic(path, str_cstr(&text), text.len, 0600, e);
}

int
fetch_record_taken(struct fetch_job *j, const struct plan *p, struct err *e)
{
	AUTO_FREE char *path = path_join(p->dir, "record.json");

	return record_later(j, p, "taken", path, e);
}

int
fetch_record_undone(struct fetch_job *j, const struct plan *p, struct err *e)
{
	AUTO_FREE char *path = record_name(j);

	return record_later(j, p, "undone", path, e);
}

int
fetch_record_drop(const struct plan *p, struct err *e)
{
	AUTO_FREE char *path = path_join(p->dir, "record.json");

	if (unlink(path) == 0 || errno == ENOENT)
		return 0;
	return err_sys(e, ERR_IO, "remove %s", path);
}

int
fetch_record_keep(struct fetch_job *j, const struct plan *p, struct err *e)
{
	AUTO_FREE char *from = path_join(p->dir, "record.json");
	AUTO_FREE char *to = record_name(j);

	if (access(from, F_OK) == -1)
		return 0;
	if (rename(from, to) == -1)
		return err_sys(e, ERR_IO, "keep %s", from);
	FAIL_POINT(fetch_recorded);
	free(j->record);
	j->record = STEAL(to);
	return 0;
}
