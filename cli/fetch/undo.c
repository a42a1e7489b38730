#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/fetch/fetch.h"
#include "cli/program.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/wire/json.h"

enum {
	UNDO_RECORD_MAX = 16 << 20
};

/* Forwards, the patch must not apply any more; backwards it must, and giving
 * back exactly the tree that was there: then nothing has changed since. */
static int
undo_check(struct fetch_job *j, const char *patch, struct err *e)
{
	const char *const argv[] = { "apply", "-R", "--check",
		"--whitespace=nowarn", "-p1", "--", patch, NULL };
	const struct fetch_git g = {
		.place = FETCH_CLONE, .argv = argv, .no_filters = true
	};
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc = fetch_git_run(j, &g, &r, e);

	if (rc == 0 && r.code != 0)
		rc = err_set(e, ERR_DENIED,
		    "the files were changed since; nothing was undone");
	program_result_release(&r);
	return rc;
}

/* One file against the blob that the apply left there. */
static int
undo_file(struct fetch_job *j, const struct json *f, struct err *e)
{
	const char *path = json_str_or(f, "path", "");
	const char *want = json_str_or(f, "blob", "");
	AUTO_FREE char *full = path_join(j->top, path);
	const char *const argv[] = { "hash-object", "--no-filters", "--", full,
		NULL };
	struct fetch_git g = { .place = FETCH_CLONE, .argv = argv };
	static const char *const link_argv[] = { "hash-object", "--no-filters",
		"--stdin", NULL };
	char id[SCAN_ID + 1] = "", target[SCAN_PATH_MAX];
	struct stat st;
	ssize_t n;

	if (path[0] == '\0' || strstr(path, "../") != NULL)
		return err_set(e, ERR_INVALID, "the record is damaged");
	if (lstat(full, &st) == -1) {
		if (errno == ENOENT && want[0] == '\0')
			return 0;
		return err_set(e, ERR_DENIED,
		    "%s was changed since; nothing was undone", path);
	}
	if (S_ISLNK(st.st_mode)) {
		n = readlink(full, target, sizeof(target));
		g.argv = link_argv;
		g.in = (struct view){ target, n > 0 ? (size_t)n : 0 };
	}
	if (fetch_git_line(j, &g, id, sizeof(id), e) == -1)
		return -1;
	if (strcmp(id, want) != 0)
		return err_set(e, ERR_DENIED,
		    "%s was changed since; nothing was undone", path);
	return 0;
}

static int
undo_files(struct fetch_job *j, const struct json *record, struct err *e)
{
	if (strcmp(json_str_or(record, "clone_head", ""), j->clone_head) != 0)
		return err_set(
		    e, ERR_DENIED, "HEAD has moved since; nothing was undone");
	for (const struct json *f = json_first(json_get(record, "files"));
	     f != NULL; f = json_next(f))
		if (undo_file(j, f, e) == -1)
			return -1;
	return 0;
}

static int
undo_apply(struct fetch_job *j, const char *patch, struct err *e)
{
	const char *const argv[] = { "apply", "-R", "--whitespace=nowarn",
		"-p1", "--", patch, NULL };
	const struct fetch_git g = {
		.place = FETCH_CLONE, .argv = argv, .no_filters = true
	};
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc = fetch_git(j, &g, &r, e);

	program_result_release(&r);
	return rc;
}

int
fetch_undo(struct fetch_job *j, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;
	AUTO_FREE char *dir = fetch_record_dir(j, e);
	AUTO_FREE char *last = NULL, *patch = NULL;
	struct json *record;
	int rc;

	if (dir == NULL)
		return -1;
	last = path_join(dir, "last.json");
	patch = path_join(dir, "last.patch");
	if (path_read(last, UNDO_RECORD_MAX, &text, e) == -1) {
		if (e->code == ERR_NOTFOUND)
			return err_set(
			    e, ERR_NOTFOUND, "no apply is on record here");
		return -1;
	}
	record = json_parse(str_view(&text), UNDO_RECORD_MAX, e);
	if (record == NULL)
		return -1;
	rc = undo_files(j, record, e);
	json_free(record);
	if (rc == -1 || undo_check(j, patch, e) == -1)
		return -1;
	if (j->c->g.dry_run)
		return 0;
	if (undo_apply(j, patch, e) == -1)
		return -1;
	(void)unlink(last);
	(void)unlink(patch);
	return 0;
}
