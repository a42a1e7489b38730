#include "cli/fetch/review_files.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "cli/fetch/fetch.h"
#include "cli/program.h"
#include "findings/check.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/mask.h"
#include "lib/base/num.h"
#include "lib/base/str.h"

enum {
	FILES_SIZES_MAX = 16 << 20,
	RISK_MADE = 0,
	RISK_TEXT = 10,
	RISK_TEST = 20,
	RISK_CODE = 30,
	RISK_RUNS = 40,
	/* Of what the checks found in it. */
	RISK_NOTE = 50,
	RISK_ASK = 100,
	RISK_BLOCK = 200
};

/* The first row that fits; on the path or its last part. */
static const struct {
	const char *glob;
	int risk;
} files_rows[] = {
	{ "*.lock", RISK_MADE },
	{ "package-lock.json", RISK_MADE },
	{ "npm-shrinkwrap.json", RISK_MADE },
	{ "pnpm-lock.yaml", RISK_MADE },
	{ "go.sum", RISK_MADE },
	{ "*.min.js", RISK_MADE },
	{ "*.min.css", RISK_MADE },
	{ "*.map", RISK_MADE },
	{ "*.svg", RISK_MADE },
	{ "*.snap", RISK_MADE },
	{ "*.pb.go", RISK_MADE },
	{ "*_pb2.py", RISK_MADE },
	{ "*.csv", RISK_MADE },
	{ ".github/*", RISK_RUNS },
	{ "*.sh", RISK_RUNS },
	{ "*.bash", RISK_RUNS },
	{ "*.ps1", RISK_RUNS },
	{ "*.bat", RISK_RUNS },
	{ "*.cmd", RISK_RUNS },
	{ "Makefile*", RISK_RUNS },
	{ "*.mk", RISK_RUNS },
	{ "*.cmake", RISK_RUNS },
	{ "*.gradle*", RISK_RUNS },
	{ "package.json", RISK_RUNS },
	{ "setup.py", RISK_RUNS },
	{ "conftest.py", RISK_RUNS },
	{ "build.rs", RISK_RUNS },
	{ "Dockerfile*", RISK_RUNS },
	{ "*.yml", RISK_RUNS },
	{ "*.yaml", RISK_RUNS },
	{ "*.toml", RISK_RUNS },
	{ "*.md", RISK_TEXT },
	{ "*.rst", RISK_TEXT },
	{ "*.txt", RISK_TEXT },
	{ "*.po", RISK_TEXT },
	{ "*.html", RISK_TEXT },
	{ "*.css", RISK_TEXT },
	{ "LICENSE*", RISK_TEXT },
};

int
review_files_risk(const char *path, bool *made)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash == NULL ? path : slash + 1;
	int risk = check_is_test(path) ? RISK_TEST : RISK_CODE;

	for (size_t i = 0; i < sizeof(files_rows) / sizeof(files_rows[0]);
	     i++) {
		if (fnmatch(files_rows[i].glob, base, 0) != 0 &&
		    fnmatch(files_rows[i].glob, path, 0) != 0)
			continue;
		risk = files_rows[i].risk;
		break;
	}
	*made = risk == RISK_MADE;
	return risk;
}

static int
files_found(const struct findings *f, const char *path)
{
	static const int risks[] = { [FINDING_NOTE] = RISK_NOTE,
		[FINDING_ASK] = RISK_ASK,
		[FINDING_BLOCK] = RISK_BLOCK };
	int risk = 0;

	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->list[i].file, path) == 0 &&
		    risks[f->list[i].severity] > risk)
			risk = risks[f->list[i].severity];
	return risk;
}

struct files_load {
	struct fetch_job *j;
	struct review_files *files;
	struct str ids; /* two lines a file: the old blob and the new one */
	size_t cap;
};

static bool
files_is_blob(uint32_t mode)
{
	return mode != 0 && (mode & SCAN_MODE_TYPE) != SCAN_MODE_SUBMODULE;
}

static void
files_on_change(const struct scan_change *c, void *arg)
{
	struct files_load *l = arg;
	struct review_files *files = l->files;
	static const char none[] = "0000000000000000000000000000000000000000";
	struct review_file *f;

	if (files->n == REVIEW_FILES_MAX) {
		l->ids.full = true;
		return;
	}
	if (files->n == l->cap) {
		l->cap = l->cap == 0 ? 64 : 2 * l->cap;
		files->v = xrealloc(files->v, l->cap * sizeof(*files->v));
	}
	f = &files->v[files->n++];
	*f = (struct review_file){ .path = xstrdup(c->path),
		.status = c->status };
	memcpy(
	    f->blob, c->new_mode != 0 ? c->new_id : c->old_id, sizeof(f->blob));
	f->risk = review_files_risk(c->path, &f->made) +
	    files_found(&l->j->findings, c->path);
	if (c->new_mode != 0 && (c->new_mode & 0111) != 0)
		f->risk += RISK_TEXT;
	str_addf(&l->ids, "%s\n%s\n",
	    files_is_blob(c->old_mode) ? c->old_id : none,
	    files_is_blob(c->new_mode) ? c->new_id : none);
}

/* "blob SIZE", or "ID missing" of one that is not there. */
static int
files_size(struct view line, int64_t *size)
{
	AUTO_FREE char *number = NULL;
	struct err ignored = ERR_INIT;
	struct view type;
	uint64_t n = 0;

	*size = 0;
	if (!view_split(&line, ' ', &type) || !view_is(type, "blob"))
		return -1;
	number = view_dup(line);
	if (num_u64(number, 0, INT64_MAX / 4, &n, &ignored) == -1)
		return -1;
	*size = (int64_t)n;
	return 0;
}

static int
files_sizes(struct files_load *l, struct err *e)
{
	static const char *const argv[] = { "cat-file",
		"--batch-check=%(objecttype) %(objectsize)", NULL };
	const struct fetch_git g = { .place = FETCH_BOX,
		.argv = argv,
		.in = str_view(&l->ids),
		.max_output = FILES_SIZES_MAX };
	struct program_result r = PROGRAM_RESULT_INIT;
	struct view rest, line = { .p = "", .len = 0 };
	int rc = l->files->n == 0 ? 0 : fetch_git(l->j, &g, &r, e);

	rest = str_view(&r.out);
	for (size_t i = 0; rc == 0 && i < 2 * l->files->n; i++) {
		struct review_file *f = &l->files->v[i / 2];
		int64_t size = 0;

		if (rest.len == 0 || !view_split(&rest, '\n', &line))
			rc = err_set(e, ERR_PROTO, "git lost count of sizes");
		else if (files_size(line, &size) == 0 && size > f->bytes)
			f->bytes = size;
	}
	program_result_release(&r);
	return rc;
}

static int
files_order(const void *a, const void *b)
{
	const struct review_file *x = a, *y = b;

	if (x->risk != y->risk)
		return x->risk > y->risk ? -1 : 1;
	return strcmp(x->path, y->path);
}

int
review_files_load(
    struct fetch_job *j, struct review_files *files, struct err *e)
{
	const char *const argv[] = { "diff-tree", "-r", "-z", "--raw",
		"--no-renames", "--full-index", "--no-abbrev",
		"--end-of-options", j->from, j->to, NULL };
	const struct fetch_git g = {
		.place = FETCH_BOX, .argv = argv, .max_output = FETCH_RAW_MAX
	};
	struct files_load l = { .j = j, .files = files, .ids = STR_INIT };
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc;

	*files = (struct review_files){ .v = NULL };
	rc = fetch_git(j, &g, &r, e);
	if (rc == 0)
		rc = scan_raw(str_view(&r.out), files_on_change, &l, e);
	if (rc == 0 && !str_ok(&l.ids))
		rc = err_set(
		    e, ERR_LIMIT, "too many files are changed for a review");
	if (rc == 0)
		rc = files_sizes(&l, e);
	if (rc == 0 && files->n > 0)
		qsort(files->v, files->n, sizeof(*files->v), files_order);
	program_result_release(&r);
	str_release(&l.ids);
	return rc;
}

void
review_files_release(struct review_files *files)
{
	for (size_t i = 0; i < files->n; i++)
		free(files->v[i].path);
	free(files->v);
	*files = (struct review_files){ .v = NULL };
}

int
review_files_patch(
    struct fetch_job *j, struct review_file *f, struct str *out, struct err *e)
{
	const char *const argv[] = { "--literal-pathspecs", "diff-tree", "-r",
		"-p", "--no-renames", "--no-ext-diff", "--no-textconv",
		"--text", "--full-index", "--src-prefix=a/", "--dst-prefix=b/",
		j->from, j->to, "--", f->path, NULL };
	const struct fetch_git g = {
		.place = FETCH_BOX, .argv = argv, .max_output = REVIEW_PATCH_MAX
	};
	const struct mask no_words = { .n = 0 };
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc;

	str_reset(out);
	if (f->bytes > REVIEW_BLOB_MAX) {
		f->skip = "too large";
		return 0;
	}
	rc = fetch_git_run(j, &g, &r, e);
	if (rc == 0 && r.truncated)
		f->skip = "too large";
	else if (rc == 0 && (r.code != 0 || r.out.len == 0))
		rc = err_set(
		    e, ERR_PROTO, "git shows no change of %.160s", f->path);
	else if (rc == 0 && memchr(r.out.p, '\0', r.out.len) != NULL)
		f->skip = "binary";
	else if (rc == 0 && f->made && r.out.len > REVIEW_LOCK_MAX)
		f->skip = "a large lock or generated file";
	else if (rc == 0)
		str_addv(out, str_view(&r.out));
	if (rc == 0 && out->len > 0 &&
	    mask_text(&no_words, out->p, out->len) > 0)
		f->hidden = true;
	program_result_release(&r);
	return rc;
}
