#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/fetch/fetch.h"
#include "cli/fetch/review_files.h"
#include "cli/reviewer/exchange.h"
#include "cli/reviewer/reviewer.h"
#include "cli/reviewer/role.h"
#include "lib/base/alloc.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"

enum {
	REVIEW_LIST_SHARE = 6, /* of a chunk, for the list of files */
	REVIEW_FOUND_MAX = 8,  /* findings that are said of a file again */
	REVIEW_TOLD_MAX = 40   /* findings for what was not reviewed */
};

/* One reviewer on its way through the change. */
struct review {
	struct fetch_job *j;
	struct review_files *files;
	const struct role *role;
	const struct str *evidence;
	struct reviewer_session s;
	struct fetch_review_by *by;
	size_t budget;
	uint64_t parts_max;
	/* Where it is: item 0 is the evidence, then the files. */
	size_t item;
	struct chunk_part part;
	struct str patch;   /* of item `loaded` */
	size_t loaded;      /* SIZE_MAX: none */
	int64_t started_ms; /* for the moving line */
};

static void
review_on_tick(void *arg)
{
	const struct review *r = arg;
	AUTO_STR struct str name = STR_INIT;

	if (isatty(STDERR_FILENO) != 1)
		return;
	esc_term(&name, view_of(r->s.r->model));
	(void)fprintf(stderr,
	    "\r\033[K%s: part %" PRId64 ", %zu of %zu files, %" PRId64 " s",
	    str_cstr(&name), r->by->parts + 1, r->item == 0 ? 0 : r->item - 1,
	    r->files->n, (clock_mono_ms() - r->started_ms) / 1000);
	(void)fflush(stderr);
}

static void
review_end_line(void)
{
	if (isatty(STDERR_FILENO) == 1)
		(void)fprintf(stderr, "\r\033[K");
}

/* Which files there are: a part can be judged only in its place. */
static void
review_list(const struct review *r, struct chunk *c)
{
	const size_t max = r->budget / REVIEW_LIST_SHARE;
	size_t i;

	chunk_say(c, "%zu files are changed, by number:", r->files->n);
	for (i = 0; i < r->files->n && c->text.len < max; i++) {
		const struct review_file *f = &r->files->v[i];

		chunk_say(c, "  %zu %c %s%s%s", i + 1, f->status, f->path,
		    f->skip == NULL ? "" : ", not shown: ",
		    f->skip == NULL ? "" : f->skip);
	}
	if (i < r->files->n)
		chunk_say(c, "  and %zu more", r->files->n - i);
}

static void
review_found(const struct review *r, struct chunk *c, const char *path)
{
	const struct findings *f = &r->j->findings;
	int n = 0;

	for (size_t i = 0; i < f->n && n < REVIEW_FOUND_MAX; i++) {
		if (strcmp(f->list[i].file, path) != 0 ||
		    strcmp(f->list[i].id, "review") == 0)
			continue;
		n++;
		chunk_say(c,
		    "the checks say of the next file: %s %s, line %u: "
		    "%s",
		    finding_severity_name(f->list[i].severity), f->list[i].id,
		    f->list[i].line, f->list[i].message);
	}
}

/* The text of this item; 1: it is not shown. */
static int
review_load(struct review *r, struct err *e)
{
	struct review_file *f;
	size_t at = r->part.at;

	if (r->item == 0) {
		r->part = (struct chunk_part){
			.what = { .path = "what is known around the change:" },
			.text = str_view(r->evidence),
			.at = at
		};
		return 0;
	}
	f = &r->files->v[r->item - 1];
	if (f->skip == NULL && r->loaded != r->item) {
		r->loaded = r->item;
		if (review_files_patch(r->j, f, &r->patch, e) == -1)
			return -1;
	}
	r->part = (struct chunk_part){ .what = { .number = (int64_t)r->item,
					   .path = f->path },
		.text = str_view(&r->patch),
		.patch = true,
		.at = at };
	return f->skip == NULL ? 0 : 1;
}

/* As much as fits, from where it is; an empty chunk: there is nothing more. */
static int
review_fill(struct review *r, struct chunk *c, struct err *e)
{
	int rc;

	chunk_init(c);
	review_list(r, c);
	for (; r->item <= r->files->n; r->item++, r->part.at = 0) {
		const size_t len = c->text.len, lines = c->lines;

		if ((rc = review_load(r, e)) == -1)
			return -1;
		if (rc == 1)
			continue;
		if (r->item > 0 && r->part.at == 0)
			review_found(r, c, r->files->v[r->item - 1].path);
		if (!chunk_add(c, &r->part, r->budget)) {
			chunk_cut(c, len, lines);
			break;
		}
		if (r->part.at < r->part.text.len)
			break;
	}
	return 0;
}

/* Of the items from `item` on those that the answered part came to the end
 * of; never before there is an answer: a part may be cut and filled again. */
static void
review_cover(struct review *r, size_t item)
{
	for (size_t i = item == 0 ? 1 : item; i < r->item; i++) {
		struct review_file *f = &r->files->v[i - 1];

		f->covered = f->skip == NULL && !f->hidden;
	}
}

/* Fills, and again with another mark or less in it until it can be asked. */
static int
review_part(struct review *r, bool *more, struct err *e)
{
	const size_t item = r->item, at = r->part.at;
	struct chunk c = { .n = 0 };
	const struct exchange x = { .system = str_cstr(&r->role->system),
		.chunk = &c,
		.number = r->by->parts + 1,
		.by = r->j->info.n > 1 ? r->s.r->model : NULL };
	int rc = 1;

	*more = true;
	while (rc == 1) {
		r->item = item;
		r->part.at = at;
		chunk_release(&c);
		if ((rc = review_fill(r, &c, e)) == -1 || c.n == 0)
			break;
		if (!chunk_mark_ok(&c)) {
			rc = 1;
			continue;
		}
		rc = exchange_run(&r->s, &x, &r->j->findings, e);
		r->budget = rc == 1 ? r->budget / 2 : r->budget;
		if (r->budget < EXCHANGE_CHUNK_MIN)
			rc = err_wrap(e, "however small a part is");
	}
	*more = c.n > 0;
	if (rc == 0 && c.n > 0) {
		review_cover(r, item);
		r->by->parts++;
	}
	chunk_release(&c);
	return rc;
}

static int
review_parts(struct review *r, struct err *e)
{
	bool more = true;

	while (more && (uint64_t)r->by->parts < r->parts_max) {
		if (isatty(STDERR_FILENO) != 1)
			cli_note("review by %s, part %" PRId64 " ...",
			    r->s.r->model, r->by->parts + 1);
		review_on_tick(r);
		if (review_part(r, &more, e) == -1)
			return -1;
	}
	return 0;
}

/* What it took, and how much of the change it saw. */
static void
review_account(struct review *r, size_t findings, int rc)
{
	struct fetch_review_by *by = r->by;
	size_t shown = 0;

	(void)snprintf(by->reported, sizeof(by->reported), "%s", r->s.reported);
	by->mode = provider_mode_name(r->s.mode);
	by->requests = r->s.requests;
	by->tokens_in = r->s.tokens_in;
	by->tokens_out = r->s.tokens_out;
	by->ids = str_steal(&r->s.ids);
	for (size_t i = 0; i < r->files->n; i++)
		shown += r->files->v[i].covered ? 1 : 0;
	by->covered = shown;
	by->verdict = rc == -1 ? "failed"
	    : shown < r->files->n || fetch_review_info_cut(&r->j->info)
	    ? "incomplete"
	    : r->j->findings.n > findings ? "findings"
					  : "ok";
}

static void
review_mark_missed(struct review_files *files, int rc)
{
	for (size_t i = 0; i < files->n; i++) {
		struct review_file *f = &files->v[i];

		if (!f->covered && f->skip == NULL && rc == 0)
			f->skip = f->hidden
			    ? "what looks like keys in it is not shown"
			    : "beyond the parts that are sent";
		f->covered = false;
	}
}

static int
review_one(struct fetch_job *j, const struct reviewers *all, size_t i,
    struct review_files *files, const struct role *role,
    const struct str *evidence, struct err *e)
{
	struct review r = { .j = j,
		.files = files,
		.role = role,
		.evidence = evidence,
		.by = &j->info.by[i],
		.patch = STR_INIT,
		.parts_max = all->parts,
		.loaded = SIZE_MAX,
		.started_ms = clock_mono_ms() };
	size_t findings = j->findings.n;
	int rc = reviewer_open(&r.s, j->c, &all->by[i], e);

	r.s.tick = review_on_tick;
	r.s.tick_arg = &r;
	if (rc == 0) {
		r.budget = exchange_budget(&r.s, str_cstr(&role->system));
		rc = review_parts(&r, e);
	}
	review_end_line();
	review_account(&r, findings, rc);
	review_mark_missed(files, rc);
	reviewer_close(&r.s);
	str_release(&r.patch);
	return rc;
}

/* What nobody saw is on record, and a person has to agree to it. */
static void
review_missed(struct fetch_job *j, const struct review_files *files)
{
	struct fetch_review_info *info = &j->info;

	for (size_t i = 0; i < files->n; i++) {
		const struct review_file *f = &files->v[i];
		struct fetch_review_missed *m;

		if (f->skip == NULL)
			continue;
		if (info->missed_all++ < REVIEW_TOLD_MAX)
			finding_add(&j->findings, "not-reviewed", f->path, 0,
			    "no reviewer saw it: %s, %" PRId64
			    " bytes, blob %.12s",
			    f->skip, f->bytes, f->blob);
		if (info->missed_n == FETCH_REVIEW_MISSED_MAX)
			continue;
		m = &info->missed[info->missed_n++];
		*m = (struct fetch_review_missed){ .path = xstrdup(f->path),
			.why = f->skip,
			.bytes = f->bytes };
		(void)snprintf(m->blob, sizeof(m->blob), "%s", f->blob);
	}
	if (info->missed_all > REVIEW_TOLD_MAX)
		finding_add(&j->findings, "not-reviewed", "", 0,
		    "no reviewer saw %zu more files",
		    info->missed_all - REVIEW_TOLD_MAX);
}

/* A model is shown what there is at the end; the rest of the history comes in
 * with a branch or a merge, and only the checks have read it. */
static void
review_passing(struct fetch_job *j)
{
	if (j->passing == 0 ||
	    (j->mode != FETCH_BRANCH && j->mode != FETCH_MERGE))
		return;
	j->info.history_unseen = j->passing;
	finding_add(&j->findings, "not-reviewed", j->passing_path, 0,
	    "no reviewer saw %zu contents that the history has and its end has "
	    "not, of this file first; unstaged or staged leaves them out",
	    j->passing);
}

static int
review_all(struct fetch_job *j, const struct reviewers *all,
    struct review_files *files, struct err *e)
{
	AUTO_STR struct str evidence = STR_INIT;
	struct role role;
	int rc = role_load(&role, e);

	if (rc == 0)
		rc = review_files_load(j, files, e);
	if (rc == 0) {
		(void)snprintf(j->info.prompt_sha, sizeof(j->info.prompt_sha),
		    "%s", role.sha);
		j->info.files = files->n;
		review_evidence(j, &evidence);
	}
	for (size_t i = 0; rc == 0 && i < all->n; i++) {
		rc = review_one(j, all, i, files, &role, &evidence, e);
		if (rc == -1 && all->n > 1)
			(void)err_wrap(e, "%s", all->by[i].model);
	}
	role_release(&role);
	return rc;
}

static void
review_name(struct fetch_job *j, const struct reviewers *all)
{
	j->info.n = (size_t)all->n;
	for (size_t i = 0; i < j->info.n; i++) {
		struct fetch_review_by *by = &j->info.by[i];
		size_t used = strlen(j->review_model);

		*by = (struct fetch_review_by){ .mode = "none",
			.verdict = "not asked" };
		(void)snprintf(by->provider, sizeof(by->provider), "%s",
		    all->by[i].provider);
		(void)snprintf(
		    by->model, sizeof(by->model), "%s", all->by[i].model);
		(void)snprintf(j->review_model + used,
		    sizeof(j->review_model) - used, "%s%s",
		    i == 0 ? "" : " and ", all->by[i].model);
	}
}

static void
review_fail(struct fetch_job *j, const struct err *e)
{
	j->review = FETCH_REVIEW_FAILED;
	(void)snprintf(j->review_why, sizeof(j->review_why), "%s", e->msg);
}

void
fetch_review(struct fetch_job *j)
{
	struct reviewers all = { .n = 0 };
	struct review_files files = { .v = NULL };
	struct err e = ERR_INIT;
	size_t before = j->findings.n;
	int rc;

	if (j->args->skip_review) {
		j->review = FETCH_REVIEW_SKIPPED;
		return;
	}
	rc = reviewers_load(&all, &e);
	if (rc == 1) {
		j->review = FETCH_REVIEW_NONE;
		return;
	}
	if (rc == 0) {
		review_name(j, &all);
		rc = review_all(j, &all, &files, &e);
	}
	if (rc == -1) {
		review_fail(j, &e);
	} else {
		review_missed(j, &files);
		review_passing(j);
		j->review = j->info.missed_all > 0 ||
			j->info.history_unseen > 0 ||
			fetch_review_info_cut(&j->info)
		    ? FETCH_REVIEW_INCOMPLETE
		    : j->findings.n > before ? FETCH_REVIEW_FINDINGS
					     : FETCH_REVIEW_OK;
	}
	review_files_release(&files);
	reviewers_release(&all);
}
