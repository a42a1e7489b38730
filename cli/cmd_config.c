#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/confcheck.h"
#include "cli/confedit.h"
#include "cli/conffile.h"
#include "cli/layout.h"
#include "cli/out.h"
#include "cli/svcstate.h"
#include "cli/tables.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/io/foreground.h"
#include "lib/wire/json.h"

enum {
	CONFIG_FILE_MAX = 1 << 20,
	CONFIG_NAME_MAX = 64,
	CONFIG_MODE = 0644
};

struct config_args {
	bool def;
};

/* SECTION.KEY in two words. */
static int
config_name(
    const char *word, char section[CONFIG_NAME_MAX], char key[CONFIG_NAME_MAX])
{
	const char *dot = strchr(word, '.');
	size_t n = dot == NULL ? 0 : (size_t)(dot - word);

	if (n == 0 || n >= CONFIG_NAME_MAX || dot[1] == '\0' ||
	    strlen(dot + 1) >= CONFIG_NAME_MAX ||
	    strspn(dot + 1, "abcdefghijklmnopqrstuvwxyz0123456789_") !=
		strlen(dot + 1))
		return cli_usage("config: want SECTION.KEY, such as "
				 "server.listen, not %s",
		    word);
	(void)snprintf(section, CONFIG_NAME_MAX, "%.*s", (int)n, word);
	(void)snprintf(key, CONFIG_NAME_MAX, "%s", dot + 1);
	if (confcheck_find(section) == NULL)
		return cli_usage("config: no section %s; there are server, "
				 "agentd, router, gateway and runner",
		    section);
	return 0;
}

static int
config_read(const struct cli *c, char **path, struct str *text, struct err *e)
{
	*path = path_join(c->home, "coffer.conf");
	if (path_read(*path, CONFIG_FILE_MAX, text, e) == -1)
		return e->code == ERR_NOTFOUND
		    ? err_wrap(
			  e, "`coffer --home %s setup` makes it", c->home_word)
		    : -1;
	return 0;
}

static int
config_write(
    struct cli *c, const char *path, const struct str *text, struct err *e)
{
	if (confcheck_text(c, str_view(text), e) == -1)
		return -1;
	if (path_write_atomic(
		path, str_cstr(text), text->len, CONFIG_MODE, e) == -1)
		return -1;
	if (svcstate_holder(c->home) != 0)
		cli_note("it counts from the next start: `coffer down`, then "
			 "`coffer up -d`");
	return 0;
}

static bool
config_show(struct view section, struct view key, struct view value, void *arg)
{
	AUTO_FREE char *name = xasprintf(
	    "%.*s.%.*s", (int)section.len, section.p, (int)key.len, key.p);
	AUTO_FREE char *text = view_dup(value);

	if (arg != NULL) {
		jw_str(arg, name, text);
	} else {
		out_text(stdout, name);
		(void)printf(" = ");
		out_text(stdout, text);
		(void)printf("\n");
	}
	return true;
}

static int
config_list(struct cli *c, const void *args, int argc, char **argv)
{
	AUTO_FREE char *path = NULL;
	AUTO_STR struct str text = STR_INIT, out = STR_INIT;
	struct err e = ERR_INIT;
	struct jw w;

	(void)args;
	(void)argc;
	(void)argv;
	if (config_read(c, &path, &text, &e) == -1)
		return cli_fail(c, &e, "config list");
	if (!c->g.json) {
		conffile_each(str_view(&text), config_show, NULL);
		return CLI_OK;
	}
	jw_init(&w, &out);
	jw_object(&w, NULL);
	conffile_each(str_view(&text), config_show, &w);
	jw_end(&w);
	out_json_line(&out);
	return CLI_OK;
}

static int
config_get(struct cli *c, const void *args, int argc, char **argv)
{
	char section[CONFIG_NAME_MAX], key[CONFIG_NAME_MAX];
	AUTO_FREE char *path = NULL;
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	struct view value;

	(void)args;
	(void)argc;
	if (config_name(argv[0], section, key) != 0)
		return CLI_USAGE;
	if (config_read(c, &path, &text, &e) == -1)
		return cli_fail(c, &e, "config get");
	if (!conffile_get(str_view(&text), section, key, &value)) {
		(void)err_set(&e, ERR_NOTFOUND,
		    "coffer.conf does not set it: its default counts (%s has "
		    "the defaults of [server] as remarks)",
		    path);
		return cli_fail(c, &e, "config get %s", argv[0]);
	}
	if (c->g.json) {
		AUTO_STR struct str out = STR_INIT;
		AUTO_FREE char *plain = view_dup(value);
		struct jw w;

		jw_init(&w, &out);
		jw_object(&w, NULL);
		jw_str(&w, argv[0], plain);
		jw_end(&w);
		out_json_line(&out);
	} else {
		out_bytes(stdout, value.p, value.len);
		(void)printf("\n");
	}
	return CLI_OK;
}

static int
config_set(struct cli *c, const void *args, int argc, char **argv)
{
	const struct config_args *a = args;
	char section[CONFIG_NAME_MAX], key[CONFIG_NAME_MAX];
	AUTO_FREE char *path = NULL;
	AUTO_STR struct str text = STR_INIT, out = STR_INIT;
	AUTO_CLOSE int lock = -1;
	struct err e = ERR_INIT;

	if (config_name(argv[0], section, key) != 0)
		return CLI_USAGE;
	if (a->def == (argc == 2))
		return cli_usage(
		    "config set: want either a value or --default");
	if (argc == 2 && strpbrk(argv[1], "\r\n") != NULL)
		return cli_usage("config set: a value is one line");
	if (!c->g.dry_run && layout_is_home(c->home) &&
	    (lock = confedit_lock(c->home, &e)) == -1)
		return cli_fail(c, &e, "config set");
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	if (config_read(c, &path, &text, &e) == -1)
		return cli_fail(c, &e, "config set");
	conffile_set(
	    &out, str_view(&text), section, key, a->def ? NULL : argv[1]);
	if (c->g.dry_run) {
		if (confcheck_text(c, str_view(&out), &e) == -1)
			return cli_fail(c, &e, "config set %s", argv[0]);
		(void)printf("would set %s in %s\n", argv[0], path);
		return CLI_OK;
	}
	if (config_write(c, path, &out, &e) == -1)
		return cli_fail(c, &e, "config set %s", argv[0]);
	if (c->g.json)
		(void)printf("{\"changed\":true}\n");
	return CLI_OK;
}

static int
config_check(struct cli *c, const void *args, int argc, char **argv)
{
	int rc = CLI_OK;

	(void)args;
	(void)argc;
	(void)argv;
	for (const struct confcheck_section *s = confcheck_sections;
	     s->section != NULL; s++) {
		struct err e = ERR_INIT;

		if (confcheck_home(c, s, c->home, &e) == -1) {
			(void)cli_fail(c, &e, "[%s]", s->section);
			rc = CLI_FAILED;
		}
	}
	if (c->g.json)
		out_json_text(rc == CLI_OK ? VIEW_LIT("{\"taken\":true}\n")
					   : VIEW_LIT("{\"taken\":false}\n"));
	else if (rc == CLI_OK)
		(void)printf(
		    "%s/coffer.conf: every program takes its part\n", c->home);
	return rc;
}

/* The caller's editor on a file, on his terminal and with his environment. */
static int
config_run_editor(const char *file, struct err *e)
{
	const char *editor = getenv("VISUAL");
	const char *argv[] = { "/bin/sh", "-c", "exec $0 \"$1\"", NULL, file,
		NULL };
	int status;

	if (editor == NULL || editor[0] == '\0')
		editor = getenv("EDITOR");
	if (editor == NULL || editor[0] == '\0')
		editor = "vi";
	argv[3] = editor; /* as git does: it may have options */
	(void)fflush(NULL);
	if (foreground_run(argv, (const char *const *)environ, &status, e) ==
	    -1)
		return -1;
	if (status != 0)
		return err_set(e, ERR_INTERNAL,
		    "%s did not end well (%d); set EDITOR to another", editor,
		    status);
	return 0;
}

/* Not over what another changed while the editor was open. */
static int
config_take_edited(struct cli *c, const char *path, const struct str *before,
    const struct str *after, struct err *e)
{
	AUTO_CLOSE int lock = confedit_lock(c->home, e);
	AUTO_STR struct str now = STR_INIT;

	if (lock == -1 || path_read(path, CONFIG_FILE_MAX, &now, e) == -1)
		return -1;
	if (!view_eq(str_view(&now), str_view(before)))
		return err_set(e, ERR_BUSY,
		    "somebody changed it meanwhile; edit it again");
	return config_write(c, path, after, e);
}

static int
config_edit_copy(struct cli *c, const char *path, const char *copy,
    const struct str *before, struct err *e)
{
	AUTO_STR struct str after = STR_INIT;

	if (path_replace(copy, str_cstr(before), before->len, 0600, e) == -1 ||
	    config_run_editor(copy, e) == -1 ||
	    path_read(copy, CONFIG_FILE_MAX, &after, e) == -1)
		return -1;
	if (view_eq(str_view(&after), str_view(before))) {
		cli_note("nothing was changed");
		return 0;
	}
	return config_take_edited(c, path, before, &after, e);
}

static int
config_edit(struct cli *c, const void *args, int argc, char **argv)
{
	char dir[] = "/tmp/coffer-edit.XXXXXX";
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *copy = NULL;
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT, sub = ERR_INIT;

	(void)args;
	(void)argc;
	(void)argv;
	if (config_read(c, &path, &text, &e) == -1)
		return cli_fail(c, &e, "config edit");
	if (c->g.dry_run) {
		(void)printf("would open an editor on a copy of %s\n", path);
		return CLI_OK;
	}
	if (mkdtemp(dir) == NULL) {
		(void)err_sys(&e, ERR_IO, "make a folder in /tmp");
		return cli_fail(c, &e, "config edit");
	}
	copy = path_join(dir, "coffer.conf");
	if (config_edit_copy(c, path, copy, &text, &e) == -1) {
		int rc = cli_fail(c, &e, "config edit");

		cli_note("%s is as it was; your text is in %s", path, copy);
		return rc;
	}
	if (path_rmtree(dir, &sub) == -1)
		cli_note("%s stays: %s", dir, sub.msg);
	return CLI_OK;
}

static const struct command_option config_set_options[] = {
	{ 0, OPT_FLAG, "default", offsetof(struct config_args, def), NULL,
	    "do not set it any more" },
	{ .name = NULL },
};

const struct command cmd_config[] = {
	{ .name = "config list",
	    .group = "Service",
	    .summary = "what HOME/coffer.conf sets",
	    .usage = "",
	    .run = config_list },
	{ .name = "config get",
	    .group = "Service",
	    .summary = "one setting (exit code 4: its default counts)",
	    .usage = "SECTION.KEY",
	    .min = 1,
	    .max = 1,
	    .run = config_get },
	{ .name = "config set",
	    .group = "Service",
	    .summary = "change one, if the programs take it",
	    .usage = "SECTION.KEY VALUE | SECTION.KEY --default",
	    .min = 1,
	    .max = 2,
	    .args_size = sizeof(struct config_args),
	    .options = config_set_options,
	    .run = config_set },
	{ .name = "config edit",
	    .group = "Service",
	    .summary = "open $EDITOR on it; what is wrong is not taken",
	    .usage = "",
	    .run = config_edit },
	{ .name = "config check",
	    .group = "Service",
	    .summary = "ask every program whether it takes its part",
	    .usage = "",
	    .run = config_check },
	{ .name = NULL },
};
