#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/out.h"
#include "cli/program.h"
#include "cli/tables.h"
#include "cli/target.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	OPEN_LIMIT_MS = 20 * 1000
};

struct open_args {
	bool browser;
};

/* xdg-open finds the desktop by its environment, which is the caller's. */
static int
open_browser(struct cli *c, const char *url)
{
	struct err e = ERR_INIT;
	AUTO_FREE char *program = program_find("xdg-open", &e);
	const char *const argv[] = { program, url, NULL };
	const struct program_spec spec = { .argv = argv,
		.envp = (const char *const *)environ,
		.limit_ms = OPEN_LIMIT_MS };
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc;

	if (program == NULL) {
		(void)err_set(&e, ERR_NOTFOUND,
		    "no xdg-open here; open %s yourself", url);
		return cli_fail(c, &e, "open");
	}
	rc = program_check(c, &spec, &r, &e);
	program_result_release(&r);
	return rc == -1 ? cli_fail(c, &e, "xdg-open") : CLI_OK;
}

static int
open_run(struct cli *c, const void *args, int argc, char **argv)
{
	const struct open_args *a = args;
	AUTO_STR struct str url = STR_INIT;
	char full[TARGET_FULL_MAX];
	struct err e = ERR_INIT;
	int64_t n;

	str_add(&url, c->url);
	if (argc > 1 && target_item(argv[1], &n, &e) == -1)
		return cli_usage("open: %s", e.msg);
	if (argc > 0) {
		if (target_project(c, argv[0], full, &e) == -1)
			return cli_fail(c, &e, "open %s", argv[0]);
		str_addf(&url, "/%s", full);
	}
	if (argc > 1)
		str_addf(&url, "/issues/%lld", (long long)n);
	if (c->g.json) {
		AUTO_STR struct str out = STR_INIT;
		struct jw w;

		jw_init(&w, &out);
		jw_object(&w, NULL);
		jw_str(&w, "url", str_cstr(&url));
		jw_end(&w);
		out_json_line(&out);
	} else {
		(void)printf("%s\n", str_cstr(&url));
	}
	(void)fflush(stdout);
	return a->browser && !c->g.dry_run ? open_browser(c, str_cstr(&url))
					   : CLI_OK;
}

static const struct command_option open_options[] = {
	{ 'b', OPT_FLAG, "browser", offsetof(struct open_args, browser), NULL,
	    "and open it in the desktop's browser" },
	{ .name = NULL },
};

const struct command cmd_open[] = {
	{ .name = "open",
	    .group = "Work",
	    .summary = "the address of the page of a project or an issue",
	    .usage = "[PROJECT [N]] [--browser]",
	    .max = 2,
	    .args_size = sizeof(struct open_args),
	    .options = open_options,
	    .run = open_run },
	{ .name = NULL },
};
