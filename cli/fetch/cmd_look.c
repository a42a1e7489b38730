/* cmd_look: a change from the quarantine, shown; nothing is applied. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/fetch/fetch.h"
#include "cli/fetch/own.h"
#include "cli/out.h"
#include "cli/program.h"
#include "cli/tables.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"

enum {
	LOOK_OUTPUT_MAX = 64 << 20,
	LOOK_SETTINGS_MAX = 32
};

struct look_args {
	const char *project, *base, *tool;
	bool branch, stat;
};

static int
look_bring(struct fetch_job *j, struct fetch_args *f, const struct look_args *a,
    int argc, char **argv, struct err *e)
{
	f->project = a->project;
	f->base = a->base;
	f->apply = a->branch ? "branch" : "unstaged";
	f->take_all = true;
	j->mode = a->branch ? FETCH_BRANCH : FETCH_UNSTAGED;
	j->args = f;
	if (a->base != NULL && a->base[0] == '-')
		return err_set(
		    e, ERR_INVALID, "--base %s is not a commit", a->base);
	if (a->project != NULL && argc > 1)
		return err_set(e, ERR_INVALID, "the project is named twice");
	return fetch_bring(j,
	    a->project != NULL ? a->project
		: argc > 1     ? argv[0]
			       : NULL,
	    argv[argc - 1], e);
}

static int
look_diff_print(struct fetch_job *j, const struct look_args *a, struct err *e)
{
	const char *const argv[] = { "diff-tree", "-r",
		a->stat ? "--stat" : "-p", "--no-renames", "--no-ext-diff",
		"--no-textconv", "--src-prefix=a/", "--dst-prefix=b/",
		"--end-of-options", j->from, j->to, NULL };
	const struct fetch_git g = {
		.place = FETCH_BOX, .argv = argv, .max_output = LOOK_OUTPUT_MAX
	};
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc = fetch_git(j, &g, &r, e);

	if (rc == 0)
		(void)out_log(str_view(&r.out), j->c);
	program_result_release(&r);
	return rc;
}

static int
look_end(struct fetch_job *j, int rc, const struct err *e, const char *what)
{
	if (rc == -1)
		rc = e->code == ERR_INVALID ? cli_usage("%s: %s", what, e->msg)
					    : cli_fail(j->c, e, "%s", what);
	fetch_job_release(j);
	return rc;
}

static int
look_diff(struct cli *c, const void *args, int argc, char **argv)
{
	const struct look_args *a = args;
	struct fetch_args f = { .apply = NULL };
	struct fetch_job j = { .c = c };
	struct err e = ERR_INIT;
	int rc = look_bring(&j, &f, a, argc, argv, &e);

	if (rc == 0)
		rc = look_diff_print(&j, a, &e);
	return look_end(&j, rc, &e, "fetch diff");
}

/* What this clone's own configuration says of tools, which git does not read
 * for the box: as NAME=VALUE; true: it is taken. */
static bool
look_setting(struct view record, struct str *out)
{
	struct view rest = record, key;

	if (!view_split(&rest, '\n', &key) || rest.p == NULL || key.len == 0 ||
	    memchr(key.p, '=', key.len) != NULL)
		return false;
	str_addf(out, "%.*s=%.*s", (int)key.len, key.p, (int)rest.len, rest.p);
	return true;
}

/* As words for git, in argv from *n on; free(3) each odd one. */
static int
look_settings(struct fetch_job *j, const char **argv, size_t *n, struct err *e)
{
	static const char *const ask[] = { "config", "--local", "--includes",
		"-z", "--get-regexp",
		"^(diff\\.(tool|guitool)|merge\\.(tool|guitool)|"
		"difftool\\..*|mergetool\\..*)$",
		NULL };
	const struct fetch_git g = { .place = FETCH_CLONE, .argv = ask };
	struct program_result r = PROGRAM_RESULT_INIT;
	struct view rest, record;
	int rc = fetch_git_run(j, &g, &r, e);

	rest = str_view(&r.out);
	for (int i = 0; rc == 0 && r.code == 0 && i < LOOK_SETTINGS_MAX &&
	     rest.len > 0 && view_split(&rest, '\0', &record);
	     i++) {
		AUTO_STR struct str one = STR_INIT;

		if (!look_setting(record, &one))
			continue;
		argv[(*n)++] = "-c";
		argv[(*n)++] = xstrdup(str_cstr(&one));
	}
	program_result_release(&r);
	return rc;
}

/* The user's own tool, with the user's own settings, on copies. */
static int
look_tool(struct fetch_job *j, const struct look_args *a, struct err *e)
{
	AUTO_FREE char *dir = xasprintf("--git-dir=%s", j->box);
	AUTO_FREE char *none = path_join(j->box, "none");
	AUTO_FREE char *tree = xasprintf("--work-tree=%s", none);
	AUTO_FREE char *tool = xasprintf(
	    "--tool=%s", a->tool == NULL ? "" : a->tool);
	const char *argv[14 + 2 * LOOK_SETTINGS_MAX] = { j->git };
	size_t n = 1, settings;
	int code = 0, rc = look_settings(j, argv, &n, e);

	settings = n;
	argv[n++] = "-c";
	argv[n++] = "core.hooksPath=/dev/null";
	argv[n++] = dir;
	argv[n++] = tree;
	argv[n++] = "difftool";
	argv[n++] = "--no-prompt";
	if (a->tool != NULL)
		argv[n++] = tool;
	argv[n++] = j->from;
	argv[n++] = j->to;
	argv[n] = NULL;
	if (rc == 0 && (rc = path_mkdirs(none, 0700, e)) == 0)
		rc = own_run(j->c, argv, none, &code, e);
	for (size_t i = 2; i < settings; i += 2)
		free((char *)(uintptr_t)argv[i]);
	if (rc == -1)
		return -1;
	return code == 0
	    ? 0
	    : err_set(e, ERR_INTERNAL, "git difftool ended with %d", code);
}

static int
look_review(struct cli *c, const void *args, int argc, char **argv)
{
	const struct look_args *a = args;
	struct fetch_args f = { .apply = NULL };
	struct fetch_job j = { .c = c };
	struct err e = ERR_INIT;
	int rc = look_bring(&j, &f, a, argc, argv, &e);

	if (rc == 0)
		rc = look_tool(&j, a, &e);
	return look_end(&j, rc, &e, "fetch review");
}

#define LOOK(field) offsetof(struct look_args, field)
#define LOOK_COMMON                                                       \
	{ 'p', OPT_STR, "project", LOOK(project), "PROJECT",              \
		"of this clone, when it is not linked yet" },             \
	    { 'b', OPT_STR, "base", LOOK(base), "COMMIT",                 \
		    "what it is compared with (default: merge base with " \
		    "HEAD)" },                                            \
	{                                                                 \
		0, OPT_FLAG, "branch", LOOK(branch), NULL,                \
		    "base to head, instead of what an apply would change" \
	}

static const struct command_option look_diff_options[] = {
	LOOK_COMMON,
	{ 0, OPT_FLAG, "stat", LOOK(stat), NULL, "files and counts only" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

static const struct command_option look_review_options[] = {
	LOOK_COMMON,
	{ 't', OPT_STR, "tool", LOOK(tool), "NAME",
	    "as for git difftool --tool" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

const struct command cmd_look[] = {
	{ .name = "fetch diff",
	    .group = "Your clone",
	    .summary = "what an apply would change, from quarantine",
	    .usage = "[PROJECT] BRANCH|NUMBER",
	    .min = 1,
	    .max = 2,
	    .args_size = sizeof(struct look_args),
	    .options = look_diff_options,
	    .run = look_diff },
	{ .name = "fetch review",
	    .group = "Your clone",
	    .summary = "the same in your own `git difftool`",
	    .usage = "[PROJECT] BRANCH|NUMBER",
	    .min = 1,
	    .max = 2,
	    .args_size = sizeof(struct look_args),
	    .options = look_review_options,
	    .run = look_review },
	{ .name = NULL },
};
