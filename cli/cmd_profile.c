/* cmd_profile: root file systems for sandboxes. */
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/out.h"
#include "cli/profile.h"
#include "cli/tables.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

struct profile_args {
	const char *suite, *mirror;
	bool force;
};

static void
profile_list_json(struct cli *c, char (*names)[PROFILE_NAME_MAX + 1], size_t n)
{
	AUTO_STR struct str out = STR_INIT;
	struct jw w;

	jw_init(&w, &out);
	jw_array(&w, NULL);
	for (size_t i = 0; i < n; i++) {
		struct profile p;
		struct err e = ERR_INIT;
		char version[128];

		profile_version(c, names[i], version);
		jw_object(&w, NULL);
		jw_str(&w, "name", names[i]);
		if (profile_load(c, names[i], &p, &e) == -1)
			jw_str(&w, "error", e.msg);
		jw_bool(&w, "shipped", p.shipped);
		jw_u64(&w, "packages", p.n);
		jw_str(&w, "version", version[0] != '\0' ? version : NULL);
		jw_end(&w);
		profile_release(&p);
	}
	jw_end(&w);
	out_json_line(&out);
}

static int
profile_list_run(struct cli *c, const void *args, int argc, char **argv)
{
	char names[PROFILES_MAX][PROFILE_NAME_MAX + 1];
	size_t n = profile_names(c, names, PROFILES_MAX);
	struct out_table *t;

	(void)args;
	(void)argc;
	(void)argv;
	if (c->g.json) {
		profile_list_json(c, names, n);
		return CLI_OK;
	}
	t = out_table_new(4);
	out_cell(t, "profile");
	out_cell(t, "from");
	out_cell(t, "packages");
	out_cell(t, "built");
	for (size_t i = 0; i < n; i++) {
		struct profile p;
		struct err e = ERR_INIT;
		char version[128];
		int rc = profile_load(c, names[i], &p, &e);

		profile_version(c, names[i], version);
		out_cell(t, names[i]);
		out_cell(t, p.shipped ? "shipped" : "home");
		if (rc == -1)
			out_cell(t, e.msg);
		else
			out_cellf(t, "%zu", p.n);
		out_cell(t, version[0] != '\0' ? version : NULL);
		profile_release(&p);
	}
	out_table_print(t, c);
	return CLI_OK;
}

static int
profile_build_run(struct cli *c, const void *args, int argc, char **argv)
{
	const struct profile_args *a = args;
	const struct profile_build b = {
		.suite = a->suite != NULL ? a->suite : "bookworm",
		.mirror = a->mirror,
		.force = a->force,
	};
	struct profile p;
	struct err e = ERR_INIT;
	int rc;

	(void)argc;
	rc = profile_load(c, argv[0], &p, &e);
	if (rc == 0 && c->g.dry_run) {
		(void)printf(
		    "mmdebstrap %s: %s\n", b.suite, str_cstr(&p.packages));
		profile_release(&p);
		return CLI_OK;
	}
	if (rc == 0 && geteuid() != 0)
		rc = err_set(&e, ERR_DENIED, "a root is built by root");
	if (rc == 0) {
		cli_note("%s: %zu packages of %s ...", p.name, p.n, b.suite);
		rc = profile_make(c, &p, &b, &e);
	}
	profile_release(&p);
	if (rc == -1)
		return cli_fail(c, &e, "profile build %s", argv[0]);
	if (c->g.json)
		(void)printf("{\"built\":%s}\n", rc == 1 ? "false" : "true");
	cli_note(rc == 1 ? "%s is up to date"
			 : "%s is built; a sandbox gets it when it starts "
			   "next",
	    argv[0]);
	return CLI_OK;
}

#define PROFILE(field) offsetof(struct profile_args, field)

static const struct command_option profile_build_options[] = {
	{ 0, OPT_STR, "suite", PROFILE(suite), "NAME",
	    "Debian release (default bookworm)" },
	{ 0, OPT_STR, "mirror", PROFILE(mirror), "URL",
	    "where packages come from (default: Debian's)" },
	{ 'f', OPT_FLAG, "force", PROFILE(force), NULL,
	    "also when it is up to date: newer packages" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

const struct command cmd_profile[] = {
	{ .name = "profile list",
	    .group = "Sandboxes",
	    .summary = "root file systems for sandboxes",
	    .usage = "",
	    .run = profile_list_run },
	{ .name = "profile build",
	    .group = "Sandboxes",
	    .summary = "build one from its list of Debian packages",
	    .usage = "NAME [--suite S] [--mirror URL] [--force]",
	    .min = 1,
	    .max = 1,
	    .args_size = sizeof(struct profile_args),
	    .options = profile_build_options,
	    .run = profile_build_run,
	    .more = "A profile of your own is HOME/profiles/NAME/packages, one "
		    "name a line; it must\nbring git, byobu and sshd.\n" },
	{ .name = NULL },
};
