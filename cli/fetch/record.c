#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/fetch/fetch.h"
#include "cli/program.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
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
fetch_record_dir(struct fetch_job *j, struct err *e)
{
	AUTO_FREE char *dir = path_join(j->git_dir, "coffer/fetch");

	if (path_mkdirs(dir, 0700, e) == -1)
		return NULL;
	return STEAL(dir);
}

static void
record_on_change(const struct scan_change *c, void *arg)
{
	struct jw *w = arg;

	jw_object(w, NULL);
	jw_str(w, "path", c->path);
	jw_str(w, "blob", c->new_mode == 0 ? "" : c->new_id);
	jw_end(w);
}

/* What the apply left in each file it touched, for undo. */
static int
record_files(struct fetch_job *j, struct jw *w, struct err *e)
{
	const char *const argv[] = { "diff-tree", "-r", "-z", "--raw",
		"--no-renames", "--full-index", "--no-abbrev",
		"--end-of-options", j->clone_head, j->tree, NULL };
	const struct fetch_git g = {
		.place = FETCH_BOX, .argv = argv, .max_output = FETCH_RAW_MAX
	};
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc = fetch_git(j, &g, &r, e);

	jw_array(w, "files");
	if (rc == 0)
		rc = scan_raw(str_view(&r.out), record_on_change, w, e);
	jw_end(w);
	program_result_release(&r);
	return rc;
}

static void
record_body(struct fetch_job *j, const char *result, struct jw *w)
{
	jw_time(w, "at", clock_now_ms());
	jw_str(w, "result", result);
	jw_str(w, "project", j->full);
	jw_str(w, "url", j->c->url);
	jw_str(w, "branch", j->branch);
	if (j->pull != 0)
		jw_i64(w, "pull", j->pull);
	jw_str(w, "base", j->base);
	jw_str(w, "head", j->head);
	jw_str(w, "clone_head", j->clone_head);
	jw_str(w, "apply", j->args->apply);
	jw_str(w, "review", record_reviews[j->review]);
	if (j->review_model[0] != '\0')
		jw_str(w, "reviewer", j->review_model);
	if (j->review_why[0] != '\0')
		jw_str(w, "review_why", j->review_why);
	fetch_review_info_json(w, "review_info", &j->info);
	if (j->args->reason != NULL)
		jw_str(w, "reason", j->args->reason);
	jw_array(w, "allowed");
	for (int i = 0; i < j->args->allow.n; i++)
		jw_str(w, NULL, j->args->allow.v[i]);
	jw_end(w);
	findings_json(w, "findings", &j->findings);
}

void
fetch_json(struct fetch_job *j, const char *result, struct str *out)
{
	struct jw w;

	jw_init(&w, out);
	jw_object(&w, NULL);
	record_body(j, result, &w);
	if (j->record != NULL)
		jw_str(&w, "record", j->record);
	jw_end(&w);
}

int
fetch_record(struct fetch_job *j, const char *result, struct err *e)
{
	AUTO_FREE char *dir = fetch_record_dir(j, e);
	AUTO_FREE char *last = NULL;
	AUTO_STR struct str text = STR_INIT;
	char when[CLOCK_TEXT_MAX];
	int64_t now = clock_now_ms();
	struct jw w;
	int rc = 0;

	if (dir == NULL)
		return -1;
	jw_init(&w, &text);
	jw_object(&w, NULL);
	record_body(j, result, &w);
	if (j->tree[0] != '\0' && strcmp(result, "applied") == 0) {
		jw_str(&w, "tree", j->tree);
		rc = record_files(j, &w, e);
	}
	jw_end(&w);
	str_addc(&text, '\n');
	if (rc == -1)
		return err_wrap(e, "record");
	j->record = xasprintf("%s/%.19s.%03d.json", dir,
	    clock_rfc3339(now, when), (int)(now % 1000));
	if (path_write_atomic(j->record, str_cstr(&text), text.len, 0600, e) ==
	    -1)
		return -1;
	if (j->patch_file == NULL || strcmp(result, "applied") != 0)
		return 0;
	last = path_join(dir, "last.json");
	return path_write_atomic(last, str_cstr(&text), text.len, 0600, e);
}
