#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/confcheck.h"
#include "cli/conffile.h"
#include "cli/layout.h"
#include "cli/out.h"
#include "cli/program.h"
#include "cli/tables.h"
#include "cli/terminal.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	SETUP_LIMIT_MS = 120 * 1000,
	SETUP_LINE_MAX = 256,
	SETUP_CONF_MAX = 1 << 20
};

struct setup_args {
	const char *listen;
	bool start, yes;
};

/* What will be done. */
struct setup_plan {
	char *listen; /* owned; NULL: as it is */
	bool before, start;
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

/* One line from the terminal, or what counts when it is empty; false at its
 * end. */
static bool
setup_ask(const char *question, const char *def, char answer[SETUP_LINE_MAX])
{
	(void)fprintf(stderr, "%s [%s]: ", question, def);
	if (fgets(answer, SETUP_LINE_MAX, stdin) == NULL) {
		(void)fprintf(stderr, "\n");
		return false;
	}
	answer[strcspn(answer, "\r\n")] = '\0';
	if (answer[0] == '\0')
		(void)snprintf(answer, SETUP_LINE_MAX, "%s", def);
	return true;
}

/* Does cofferd take it? */
static int
setup_try_listen(struct cli *c, const char *addr, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;

	conffile_set(&text, view_of(""), "server", "listen", addr);
	return confcheck_text(c, str_view(&text), e);
}

/* server.listen of a home that is there. */
static int
setup_listen(struct cli *c, const char *addr, struct err *e)
{
	AUTO_FREE char *path = path_join(c->home, "coffer.conf");
	AUTO_STR struct str text = STR_INIT, out = STR_INIT;

	if (path_read(path, SETUP_CONF_MAX, &text, e) == -1)
		return -1;
	conffile_set(&out, str_view(&text), "server", "listen", addr);
	if (confcheck_text(c, str_view(&out), e) == -1)
		return -1;
	if (path_write_atomic(path, str_cstr(&out), out.len, 0644, e) == -1)
		return -1;
	free(c->url); /* where it will be */
	c->url = xasprintf("http://%s", addr);
	return 0;
}

static int
setup_nothing(void)
{
	cli_note("setup: nothing was made");
	return CLI_FAILED;
}

static int
setup_start(struct cli *c)
{
	const char *const argv[] = { "/proc/self/exe", "--home", c->home, "up",
		"-d", NULL };
	const struct program_spec spec = {
		.argv = argv, .limit_ms = SETUP_LIMIT_MS, .show_err = true
	};
	struct program_result r = PROGRAM_RESULT_INIT;
	struct err e = ERR_INIT;
	int rc = program_run(c, &spec, &r, &e) == -1
	    ? cli_fail(c, &e, "setup: up")
	    : r.code;

	(void)fputs(str_cstr(&r.out), stdout);
	program_result_release(&r);
	return rc;
}

/* What a person at a terminal is asked, of a new home, before anything of it
 * is made: an end or a Ctrl-C leaves nothing. */
static int
setup_guide(struct setup_plan *p, struct cli *c, const struct setup_args *a)
{
	char answer[SETUP_LINE_MAX] = "";
	struct err e = ERR_INIT;

	p->start = a->start;
	if (a->listen != NULL) {
		p->listen = xstrdup(a->listen);
		if (setup_try_listen(c, p->listen, &e) == -1)
			return cli_fail(c, &e, "setup: --listen");
	}
	if (p->before || a->yes || a->start || c->g.json || !terminal_is_both())
		return CLI_OK;
	while (p->listen == NULL) {
		if (!setup_ask("Address and port of the page, of git and the "
			       "API",
			"127.0.0.1:3000", answer))
			return setup_nothing();
		e = ERR_INIT;
		if (setup_try_listen(c, answer, &e) == 0)
			p->listen = xstrdup(answer);
		else
			(void)cli_fail(c, &e, "setup");
	}
	if (!setup_ask("Start it when it is made?", "yes", answer))
		return setup_nothing();
	p->start = answer[0] == 'y' || answer[0] == 'Y';
	return CLI_OK;
}

static void
setup_tell(const struct cli *c, bool before, bool start)
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
		out_json_line(&out);
		return;
	}
	(void)printf("home     %s%s\naddress  %s\ntoken    "
		     "%s/secrets/admin.token\n",
	    c->home, before ? " (was there)" : "", c->url, c->home);
	if (!start)
		(void)printf("next     coffer --home %s up -d\n", c->home_word);
	if (geteuid() != 0)
		cli_note("not root: `up` will start cofferd only; sandboxes "
			 "need `coffer setup` and `coffer up` as root");
}

static int
setup_make(struct cli *c, const char *cofferd, const struct setup_plan *p)
{
	struct err e = ERR_INIT;

	if (setup_init(c, cofferd, &e) == -1 || setup_agents(c, &e) == -1)
		return cli_fail(c, &e, "setup");
	if (!layout_is_ready(c->home)) {
		(void)err_set(&e, ERR_INTERNAL,
		    "cofferd --init left %s without instance or token",
		    c->home);
		return cli_fail(c, &e, "setup");
	}
	if (p->listen != NULL && setup_listen(c, p->listen, &e) == -1)
		return cli_fail(c, &e, "setup: listen");
	setup_tell(c, p->before, p->start);
	(void)fflush(stdout);
	return p->start ? setup_start(c) : CLI_OK;
}

static int
setup_run(struct cli *c, const void *args, int argc, char **argv)
{
	const struct setup_args *a = args;
	AUTO_FREE char *cofferd = NULL;
	struct setup_plan p = { .before = layout_is_home(c->home) };
	struct err e = ERR_INIT;
	int rc;

	(void)argc;
	(void)argv;
	if ((cofferd = program_find_own("cofferd", &e)) == NULL)
		return cli_fail(c, &e, "setup");
	if (c->g.dry_run) {
		(void)printf("would run %s --home %s --init%s\n", cofferd,
		    c->home, a->start ? ", then `coffer up -d`" : "");
		return CLI_OK;
	}
	if ((rc = setup_guide(&p, c, a)) == CLI_OK)
		rc = setup_make(c, cofferd, &p);
	free(p.listen);
	return rc;
}

#define SETUP(field) offsetof(struct setup_args, field)

static const struct command_option setup_options[] = {
	{ 'l', OPT_STR, "listen", SETUP(listen), "ADDR:PORT",
	    "kept in coffer.conf (127.0.0.1:3000)" },
	{ 0, OPT_FLAG, "start", SETUP(start), NULL, "and `coffer up -d`" },
	{ 'y', OPT_FLAG, "yes", SETUP(yes), NULL,
	    "ask nothing on a terminal either" },
	{ .name = NULL },
};

const struct command cmd_setup[] = {
	{ .name = "setup",
	    .group = "Service",
	    .summary = "make home, admin user and secrets; harmless to repeat",
	    .usage = "[--listen ADDR:PORT] [--start] [--yes]",
	    .args_size = sizeof(struct setup_args),
	    .options = setup_options,
	    .run = setup_run,
	    .more = "On a terminal it asks where to listen and whether to "
		    "start; else nothing." },
	{ .name = NULL },
};
