/* cmd_seed: the user's own agent settings, for every sandbox. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/out.h"
#include "cli/seed.h"
#include "cli/tables.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

struct seed_args {
	const char *from;
	bool remove, list;
};

/* A row of each: a line, or with --json of the array in arg. */
static void
seed_show(const struct seed_file *f, void *arg)
{
	struct jw *w = arg;

	if (w != NULL) {
		jw_object(w, NULL);
		jw_str(w, "path", f->path);
		jw_str(w, "refused", f->refused);
		jw_end(w);
		return;
	}
	(void)printf("%s ", f->refused == NULL ? "+" : "-");
	out_text(stdout, f->path);
	if (f->refused != NULL)
		(void)printf(": %s", f->refused);
	(void)printf("\n");
}

static int
seed_drop(const char *path, struct err *e)
{
	return access(path, F_OK) == -1 ? 0 : path_rmtree(path, e);
}

/* The old one stays until the new one is whole, and changes to it in one
 * step. */
static int
seed_replace(const char *from, const char *at, struct jw *w, struct err *e)
{
	AUTO_FREE char *fresh = xasprintf("%s.new", at);
	int n;

	if (seed_drop(fresh, e) == -1)
		return -1;
	n = seed_copy(from, fresh, seed_show, w, e);
	if (n == -1)
		return -1;
	if (renameat2(AT_FDCWD, fresh, AT_FDCWD, at, RENAME_EXCHANGE) == 0)
		return seed_drop(fresh, e) == -1 ? -1 : n;
	if (errno != ENOENT || rename(fresh, at) == -1)
		return err_sys(e, ERR_IO, "rename %s", fresh);
	return n;
}

/* A sandbox that begins meanwhile has all of it or none. */
static int
seed_remove(const char *at, struct err *e)
{
	AUTO_FREE char *old = xasprintf("%s.new", at);

	if (seed_drop(old, e) == -1)
		return -1;
	if (rename(at, old) == -1 && errno != ENOENT)
		return err_sys(e, ERR_IO, "rename %s", at);
	return seed_drop(old, e);
}

static void
seed_places(const struct cli *c)
{
	AUTO_STR struct str out = STR_INIT;
	struct jw w;

	jw_init(&w, &out);
	jw_array(&w, NULL);
	for (const char *const *p = seed_list(); *p != NULL; p++) {
		jw_str(&w, NULL, *p);
		if (!c->g.json)
			(void)printf("%s\n", *p);
	}
	jw_end(&w);
	if (c->g.json)
		out_json_line(&out);
}

static int
seed_take(struct cli *c, const char *from, const char *at, struct err *e)
{
	AUTO_STR struct str out = STR_INIT;
	struct jw w, *rows = c->g.json ? &w : NULL;
	int n;

	jw_init(&w, &out);
	jw_array(&w, NULL);
	n = c->g.dry_run ? seed_copy(from, NULL, seed_show, rows, e)
			 : seed_replace(from, at, rows, e);
	jw_end(&w);
	if (n != -1 && c->g.json)
		out_json_line(&out);
	return n;
}

static int
seed_run(struct cli *c, const void *args, int argc, char **argv)
{
	const struct seed_args *a = args;
	const char *from = a->from != NULL ? a->from : getenv("HOME");
	AUTO_FREE char *at = path_join(c->home, "seed");
	struct err e = ERR_INIT;
	int n = 0;

	(void)argc;
	(void)argv;
	if (a->list) {
		seed_places(c);
		return CLI_OK;
	}
	if (a->remove) {
		if (c->g.dry_run)
			(void)printf("would remove %s\n", at);
		else if (seed_remove(at, &e) == -1)
			return cli_fail(c, &e, "seed");
		else if (c->g.json)
			(void)printf("{\"removed\":true}\n");
		return CLI_OK;
	}
	if (from == NULL)
		return cli_usage("seed: no $HOME; name a folder with --from");
	if ((n = seed_take(c, from, at, &e)) == -1)
		return cli_fail(c, &e, "seed");
	cli_note("%d files%s", n,
	    c->g.dry_run ? " would be taken"
			 : "; a sandbox gets them when it starts next");
	return CLI_OK;
}

#define SEED(field) offsetof(struct seed_args, field)

static const struct command_option seed_options[] = {
	{ 0, OPT_STR, "from", SEED(from), "DIR",
	    "whose settings (default: $HOME)" },
	{ 0, OPT_FLAG, "list", SEED(list), NULL,
	    "the places that are looked at" },
	{ 0, OPT_FLAG, "remove", SEED(remove), NULL,
	    "sandboxes begin with none from now on" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

const struct command cmd_seed[] = {
	{ .name = "seed",
	    .group = "Sandboxes",
	    .summary = "give sandboxes your agents' settings, commands, skills",
	    .usage = "[--from DIR] [--list] [--remove]",
	    .args_size = sizeof(struct seed_args),
	    .options = seed_options,
	    .run = seed_run,
	    .more = "Copied once, now. Links, and what looks like a "
		    "credential by its name or text,\nare left out and "
		    "named.\n" },
	{ .name = NULL },
};
