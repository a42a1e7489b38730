#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/layout.h"
#include "cli/program.h"
#include "cli/tables.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	SETUP_LIMIT_MS = 120 * 1000
};

static int
setup_init(struct cli *c, const char *cofferd, struct err *e)
{
	const char *const argv[] = { cofferd, "--home", c->home, "--init",
		NULL };
	const struct program_spec spec = { .argv = argv,
		.limit_ms = SETUP_LIMIT_MS };
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc = program_check(c, &spec, &r, e);

	program_result_release(&r);
	return rc == -1 ? err_wrap(e, "cofferd --init") : 0;
}

/* Where the administrator puts agents; sandboxes read it as another user. */
static int
setup_agents(const struct cli *c, struct err *e)
{
	AUTO_FREE char *dir = path_join(c->home, "agents");

	(void)umask(022);
	return path_mkdirs(dir, 0755, e);
}

static void
setup_tell(const struct cli *c, bool before)
{
	if (c->g.json) {
		AUTO_STR struct str out = STR_INIT;
		struct jw w;

		jw_init(&w, &out);
		jw_object(&w, NULL);
		jw_str(&w, "home", c->home);
		jw_str(&w, "url", c->url);
		jw_bool(&w, "already", before);
		jw_bool(&w, "sandboxes", geteuid() == 0);
		jw_end(&w);
		(void)printf("%s\n", str_cstr(&out));
		return;
	}
	(void)printf("home     %s%s\naddress  %s\ntoken    "
		     "%s/secrets/admin.token\nnext     coffer --home %s up "
		     "-d\n",
	    c->home, before ? " (was there)" : "", c->url, c->home, c->home);
	if (geteuid() != 0)
		cli_note("not root: `up` will start cofferd only; sandboxes "
			 "need `coffer setup` and `coffer up` as root");
}

static int
setup_run(struct cli *c, const void *args, int argc, char **argv)
{
	AUTO_FREE char *cofferd = NULL;
	struct err e = ERR_INIT;
	bool before = layout_is_home(c->home);

	(void)args;
	(void)argc;
	(void)argv;
	if ((cofferd = program_find_own("cofferd", &e)) == NULL)
		return cli_fail(c, &e, "setup");
	if (c->g.dry_run) {
		(void)printf(
		    "would run %s --home %s --init\n", cofferd, c->home);
		return CLI_OK;
	}
	if (setup_init(c, cofferd, &e) == -1 || setup_agents(c, &e) == -1)
		return cli_fail(c, &e, "setup");
	if (!layout_is_ready(c->home)) {
		(void)err_set(&e, ERR_INTERNAL,
		    "cofferd --init left %s without instance or token",
		    c->home);
		return cli_fail(c, &e, "setup");
	}
	setup_tell(c, before);
	return CLI_OK;
}

const struct command cmd_setup[] = {
	{ .name = "setup",
	    .group = "Service",
	    .summary = "make home, admin user and secrets; harmless to repeat",
	    .usage = "",
	    .run = setup_run },
	{ .name = NULL },
};
