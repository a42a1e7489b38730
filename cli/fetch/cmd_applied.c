/* cmd_applied: what was applied: taken back, what was held, what is on record.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/fetch/fetch.h"
#include "cli/fetch/held.h"
#include "cli/fetch/record.h"
#include "cli/fetch/shelf.h"
#include "cli/fetch/tell.h"
#include "cli/out.h"
#include "cli/tables.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/net/signed_json.h"
#include "lib/wire/json.h"

static const struct fetch_args applied_none = { .apply = "unstaged" };

enum {
	APPLIED_LIST_MAX = 200,
	APPLIED_URL_MAX = 1024
};

/* Files of an apply before it that were taken after it. */
static void
applied_tell_stays(const struct plan *p, struct jw *w)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct plan_entry *x = &p->list[i];

		if (!x->later || x->step != PLAN_PUT)
			continue;
		if (w != NULL) {
			jw_str(w, NULL, x->path);
			continue;
		}
		out_text(stdout, x->path);
		(void)printf(" of %s, taken later, stays\n", p->what);
	}
}

/* Of all that are before it: on the shelf, and in its place by now. */
static void
applied_tell_all_stay(
    struct fetch_job *j, const struct plan *next, struct jw *w)
{
	AUTO_FREE char *dir = path_join(j->dir, "apply");
	struct shelf_list shelf = { .n = 0 };
	struct err ignored = ERR_INIT;

	if (w != NULL)
		jw_array(w, "stays");
	if (next != NULL)
		applied_tell_stays(next, w);
	if (shelf_list(dir, &shelf, &ignored) == -1)
		shelf.n = 0;
	for (size_t i = 0; i < shelf.n; i++) {
		struct plan p = { .dir = NULL };

		if (plan_load(&p, shelf.dirs[i], &ignored) == 0)
			applied_tell_stays(&p, w);
		plan_release(&p);
	}
	shelf_list_release(&shelf);
	if (w != NULL)
		jw_end(w);
}

/* Which one it was, and whether one before it can be undone, too; cut: the one
 * that recovery found. */
static void
applied_tell_undone(struct fetch_job *j, const struct plan *p, bool cut)
{
	AUTO_FREE char *dir = path_join(j->dir, "apply");
	AUTO_STR struct str text = STR_INIT;
	struct plan next = { .dir = NULL };
	struct err ignored = ERR_INIT;
	bool dry = j->c->g.dry_run && !cut;
	bool more = !dry && plan_load(&next, dir, &ignored) == 0;
	struct jw w;

	if (j->c->g.json) {
		jw_init(&w, &text);
		jw_object(&w, NULL);
		jw_bool(&w, "undone", !dry);
		jw_str(&w, "what", p->what);
		if (cut)
			jw_bool(&w, "cut_off", true);
		if (more)
			jw_str(&w, "next", next.what);
		applied_tell_all_stay(j, more ? &next : NULL, &w);
		jw_end(&w);
		out_json_line(&text);
	} else if (dry) {
		(void)printf("would undo the apply of %s\n", p->what);
		applied_tell_all_stay(j, NULL, NULL);
	} else {
		(void)printf("%s of %s is undone\n",
		    p->taking ? "what was taken later" : "the apply", p->what);
		if (!p->taking)
			applied_tell_all_stay(j, more ? &next : NULL, NULL);
		if (more)
			(void)printf("before it came %s: `coffer fetch undo` "
				     "takes that back, too\n",
			    next.what);
	}
	plan_release(&next);
}

/* On record where the clone says what it is of; the undo is done either way. */
static void
applied_record_undone(struct fetch_job *j, const struct plan *p)
{
	char url[APPLIED_URL_MAX] = "";
	struct err e = ERR_INIT;

	if (j->c->g.dry_run ||
	    fetch_config_get(
		j, "coffer.project", j->full, sizeof(j->full), &e) != 0 ||
	    fetch_config_get(j, "coffer.url", url, sizeof(url), &e) != 0 ||
	    strcmp(url, j->c->url) != 0)
		return;
	fetch_load_account(j);
	if (fetch_record_undone(j, p, &e) == -1)
		(void)cli_fail(j->c, &e, "fetch undo: record");
	else
		fetch_send_records(j);
}

struct undo_args {
	bool forget;
};

static void
applied_tell_forgotten(const struct fetch_job *j)
{
	const struct plan *p = &j->recovered;
	AUTO_STR struct str text = STR_INIT;
	struct jw w;

	if (!j->c->g.json) {
		(void)printf("%s of %s is forgotten; things stay as they are "
			     "(the files before it: %s/before)\n",
		    j->forgotten, p->what, p->dir);
		return;
	}
	jw_init(&w, &text);
	jw_object(&w, NULL);
	jw_bool(&w, "undone", false);
	jw_str(&w, "what", p->what);
	jw_bool(&w, "forgotten", true);
	jw_end(&w);
	out_json_line(&text);
}

static int
applied_forget(struct fetch_job *j)
{
	struct err e = ERR_INIT;

	if (j->c->g.dry_run)
		return cli_usage("--forget cannot be tried with --dry-run");
	j->forgets = true;
	if (fetch_open_clone(j, &e) == -1 || fetch_lock(j, &e) == -1)
		return cli_fail(j->c, &e, "fetch undo");
	if (j->forgotten == NULL) {
		(void)err_set(&e, ERR_NOTFOUND,
		    "nothing was cut off; there is nothing to forget");
		return cli_fail(j->c, &e, "fetch undo");
	}
	applied_tell_forgotten(j);
	return CLI_OK;
}

static int
applied_undo(struct cli *c, const void *args, int argc, char **argv)
{
	const struct undo_args *a = args;
	struct fetch_job j = { .c = c, .args = &applied_none };
	struct plan p = { .dir = NULL };
	struct err e = ERR_INIT;
	int rc = CLI_OK;

	(void)argc;
	(void)argv;
	if (a->forget) {
		rc = applied_forget(&j);
	} else if (fetch_open_clone(&j, &e) == -1 || fetch_lock(&j, &e) == -1) {
		rc = cli_fail(c, &e, "fetch undo");
	} else if (j.recovered.what != NULL) {
		/* That was the last one; the one before it is for another. */
		if (j.recovered.state == PLAN_UNDOING)
			applied_record_undone(&j, &j.recovered);
		applied_tell_undone(&j, &j.recovered, true);
	} else if (fetch_undo(&j, &p, &e) == -1) {
		rc = cli_fail(c, &e, "fetch undo");
	} else {
		applied_record_undone(&j, &p);
		applied_tell_undone(&j, &p, false);
	}
	plan_release(&p);
	fetch_job_release(&j);
	return rc;
}

struct held_args {
	struct opt_list take;
	bool all;
};

static void
held_list_of(const struct cli *c, const struct plan *p, bool last, struct jw *w)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct plan_entry *x = &p->list[i];

		if (x->step != PLAN_HELD)
			continue;
		jw_object(w, NULL);
		jw_str(w, "path", x->path);
		jw_str(w, "why", x->why);
		jw_str(w, "what", p->what);
		jw_end(w);
		if (c->g.json)
			continue;
		out_text(stdout, x->path);
		(void)printf("  (%s%s%s)\n", x->why,
		    last ? "" : "; of the earlier apply of ",
		    last ? "" : p->what);
	}
}

static void
held_list(const struct cli *c, const struct held_plans *h)
{
	AUTO_STR struct str text = STR_INIT;
	size_t n = 0;
	struct jw w;

	jw_init(&w, &text);
	jw_array(&w, NULL);
	for (size_t i = 0; i < h->n; i++) {
		n += plan_count(&h->v[i], PLAN_HELD);
		held_list_of(c, &h->v[i], i == 0, &w);
	}
	jw_end(&w);
	if (c->g.json)
		out_json_line(&text);
	else if (n == 0)
		(void)printf("nothing is held back\n");
}

static int
held_take_of(struct fetch_job *j, struct plan *p, const struct fetch_take *take,
    size_t *all, struct err *e)
{
	size_t n;

	j->mode = p->index ? FETCH_STAGED : FETCH_UNSTAGED;
	if (fetch_take(j, p, take, &n, e) == -1)
		return -1;
	*all += j->c->g.dry_run ? 0 : n;
	if (!j->c->g.json)
		(void)printf("%s%zu file%s of %s\n",
		    j->c->g.dry_run ? "would take " : "took ", n,
		    n == 1 ? "" : "s", p->what);
	return 0;
}

/* Each path of the newest apply that holds it; of all, those of the newest. */
static int
held_take_each(struct fetch_job *j, struct held_plans *h,
    const struct held_args *a, size_t *all, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < h->n; i++) {
		struct opt_list paths = { .n = 0 };
		const struct fetch_take take = { a->all, &paths };

		for (int k = 0; k < a->take.n; k++)
			if (held_find(h, a->take.v[k]) == &h->v[i])
				paths.v[paths.n++] = a->take.v[k];
		if (a->all && held_find(h, NULL) == &h->v[i])
			return held_take_of(j, &h->v[i], &take, all, e);
		if (!a->all && paths.n > 0)
			rc = held_take_of(j, &h->v[i], &take, all, e);
	}
	return rc;
}

static int
held_take(struct fetch_job *j, struct held_plans *h, const struct held_args *a,
    struct err *e)
{
	size_t all = 0;
	int rc;

	if (held_find(h, NULL) == NULL)
		return err_set(e, ERR_NOTFOUND, "%s",
		    h->last ? "no such file is held back"
			    : "no apply is on record here");
	/* All of them, or none. */
	for (int k = 0; k < a->take.n; k++)
		if (held_find(h, a->take.v[k]) == NULL)
			return err_set(e, ERR_NOTFOUND,
			    "%s: no such file is held back; nothing was taken",
			    a->take.v[k]);
	fetch_load_account(j);
	if (fetch_resolve_project(j, NULL, e) == -1)
		return -1;
	rc = held_take_each(j, h, a, &all, e);
	if (rc == 0 && j->c->g.json)
		(void)printf("{\"taken\":%zu}\n", all);
	if (rc == 0 && !j->c->g.dry_run && !j->c->g.json)
		fetch_tell_earlier(j);
	if (!j->c->g.dry_run && all > 0)
		fetch_send_records(j);
	return rc;
}

/* What was asked for may have been what was cut off. */
static bool
held_is_over(const struct fetch_job *j)
{
	if (j->recovered.what == NULL || j->recovered.taking)
		return false;
	if (j->c->g.json)
		(void)printf("{\"taken\":0,\"cut_off\":true}\n");
	else
		(void)printf("nothing was taken; `coffer fetch held` says what "
			     "is held back now\n");
	return true;
}

static int
applied_held(struct cli *c, const void *args, int argc, char **argv)
{
	const struct held_args *a = args;
	const bool takes = a->all || a->take.n > 0;
	struct fetch_job j = { .c = c, .args = &applied_none };
	struct held_plans h = { .n = 0 };
	struct err e = ERR_INIT;
	int rc = CLI_OK;

	(void)argc;
	(void)argv;
	j.looks = !takes;
	if (fetch_open_clone(&j, &e) == -1 || fetch_lock(&j, &e) == -1 ||
	    held_load(&j, &h, &e) == -1)
		rc = cli_fail(c, &e, "fetch held");
	else if (!takes)
		held_list(c, &h);
	else if (!held_is_over(&j) && held_take(&j, &h, a, &e) == -1)
		rc = cli_fail(c, &e, "fetch held");
	held_release(&h);
	fetch_job_release(&j);
	return rc;
}

static int
applied_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)b, *(char *const *)a);
}

/* Names of the records, the newest first. */
static int
applied_names(const char *dir, char ***out, size_t *n, struct err *e)
{
	DIR *d = opendir(dir);
	struct dirent *x;
	size_t cap = 0;

	*out = NULL;
	*n = 0;
	if (d == NULL)
		return err_sys(e, ERR_IO, "open %s", dir);
	while ((x = readdir(d)) != NULL) {
		size_t len = strlen(x->d_name);

		if (x->d_name[0] < '0' || x->d_name[0] > '9' || len < 5 ||
		    strcmp(x->d_name + len - 5, ".json") != 0)
			continue;
		if (*n == cap) {
			cap = cap == 0 ? 64 : 2 * cap;
			*out = xrealloc(*out, cap * sizeof(**out));
		}
		(*out)[(*n)++] = xstrdup(x->d_name);
	}
	(void)closedir(d);
	if (*n > 0)
		qsort(*out, *n, sizeof(**out), applied_order);
	return 0;
}

static void
applied_row(const struct fetch_job *j, const char *name, struct out_table *t,
    struct jw *w)
{
	AUTO_FREE char *path = path_join(j->dir, name);
	AUTO_STR struct str text = STR_INIT_MAX(RECORD_MAX);
	struct err e = ERR_INIT;
	struct json *r = NULL;
	bool is_signed = true;

	if (path_read(path, RECORD_MAX, &text, &e) == -1)
		return;
	if ((r = signed_json_read(
		 str_view(&text), RECORD_DOMAIN, RECORD_MAX, &e)) == NULL) {
		is_signed = false;
		r = json_parse(str_view(&text), RECORD_MAX, &e);
	}
	jw_object(w, NULL);
	jw_str(w, "record", path);
	jw_str(w, "at", json_str_or(r, "at", ""));
	jw_str(w, "result", json_str_or(r, "result", ""));
	jw_str(w, "branch", json_str_or(r, "branch", ""));
	jw_str(w, "head", json_str_or(r, "head", ""));
	jw_str(w, "apply", json_str_or(r, "apply", ""));
	jw_str(w, "review", json_str_or(r, "review", ""));
	jw_bool(w, "signed", is_signed);
	jw_end(w);
	if (t == NULL) {
		json_free(r);
		return;
	}
	out_cell(t, name);
	out_cell_state(t, json_str_or(r, "result", "?"));
	out_cell(t, json_str_or(r, "branch", ""));
	out_cellf(t, "%.12s", json_str_or(r, "head", ""));
	out_cell(t, json_str_or(r, "apply", ""));
	out_cell(t, json_str_or(r, "review", ""));
	out_cell(t, is_signed ? "yes" : "NO");
	json_free(r);
}

static int
applied_list(struct cli *c, const void *args, int argc, char **argv)
{
	static const char *const heads[] = { "RECORD", "RESULT", "BRANCH",
		"HEAD", "APPLY", "REVIEW", "SIGNED" };
	struct fetch_job j = { .c = c, .args = &applied_none, .looks = true };
	AUTO_STR struct str text = STR_INIT;
	struct out_table *t = NULL;
	struct err e = ERR_INIT;
	char **names = NULL;
	struct jw w;
	size_t n = 0;
	int rc = CLI_OK;

	(void)args;
	(void)argc;
	(void)argv;
	if (fetch_open_clone(&j, &e) == -1 || fetch_lock(&j, &e) == -1 ||
	    applied_names(j.dir, &names, &n, &e) == -1) {
		rc = cli_fail(c, &e, "fetch list");
		fetch_job_release(&j);
		return rc;
	}
	if (!c->g.json)
		t = out_table_new(sizeof(heads) / sizeof(heads[0]));
	for (size_t i = 0; t != NULL && i < sizeof(heads) / sizeof(heads[0]);
	     i++)
		out_cell(t, heads[i]);
	jw_init(&w, &text);
	jw_array(&w, NULL);
	for (size_t i = 0; i < n; i++) {
		if (i < APPLIED_LIST_MAX)
			applied_row(&j, names[i], t, &w);
		free(names[i]);
	}
	free(names);
	jw_end(&w);
	if (c->g.json)
		out_json_line(&text);
	else
		out_table_print(t, c);
	fetch_job_release(&j);
	return rc;
}

static const struct command_option undo_options[] = {
	{ 0, OPT_FLAG, "forget", offsetof(struct undo_args, forget), NULL,
	    "leave as it is what was cut off and cannot be taken back" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

static const struct command_option held_options[] = {
	{ 0, OPT_LIST, "take", offsetof(struct held_args, take), "PATH",
	    "apply this one; may be repeated" },
	{ 0, OPT_FLAG, "all", offsetof(struct held_args, all), NULL,
	    "apply all of them" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

const struct command cmd_applied[] = {
	{ .name = "fetch undo",
	    .group = "Your clone",
	    .summary = "take the last apply back; again: the one before it",
	    .usage = "[--forget]",
	    .args_size = sizeof(struct undo_args),
	    .options = undo_options,
	    .run = applied_undo },
	{ .name = "fetch held",
	    .group = "Your clone",
	    .summary = "the files that applies held back",
	    .usage = "[--take PATH | --all]",
	    .args_size = sizeof(struct held_args),
	    .options = held_options,
	    .run = applied_held },
	{ .name = "fetch list",
	    .group = "Your clone",
	    .summary = "what was fetched into this clone, and what came of it",
	    .usage = "",
	    .run = applied_list },
	{ .name = NULL },
};
