/* cmd_model: the providers of models and their keys. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/confirm.h"
#include "cli/gatewaylink.h"
#include "cli/out.h"
#include "cli/program.h"
#include "cli/tables.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	MODEL_KEY_MAX = 4096
};

struct model_args {
	bool remove, yes;
};

static int
model_ask(struct cli *c, const char *op, struct json **out, struct err *e)
{
	AUTO_STR struct str order = STR_INIT;
	struct jw w;

	jw_init(&w, &order);
	jw_object(&w, NULL);
	jw_str(&w, "op", op);
	jw_end(&w);
	return gatewaylink_ask(c, &order, out, e);
}

static int
model_list(struct cli *c, const void *args, int argc, char **argv)
{
	static const char *const head[] = { "provider", "kind", "key", "costs",
		"url" };
	struct out_table *t;
	struct err e = ERR_INIT;
	struct json *j = NULL;

	(void)args;
	(void)argc;
	(void)argv;
	if (model_ask(c, "hello", &j, &e) == -1)
		return cli_fail(c, &e, "model list");
	if (c->g.json) {
		out_json(json_get(j, "providers"));
		json_free(j);
		return CLI_OK;
	}
	t = out_table_new(5);
	for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++)
		out_cell(t, head[i]);
	for (const struct json *p = json_first(json_get(j, "providers"));
	     p != NULL; p = json_next(p)) {
		out_cell(t, json_str_or(p, "name", NULL));
		out_cell(t, json_str_or(p, "kind", NULL));
		out_cell_state(
		    t, json_bool_or(p, "ready", false) ? "ready" : "missing");
		out_cell(t, json_bool_or(p, "free", false) ? "nothing" : "yes");
		out_cell(t, json_str_or(p, "url", NULL));
	}
	out_table_print(t, c);
	json_free(j);
	return CLI_OK;
}

static int
model_reload(struct cli *c, const void *args, int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct json *j = NULL;

	(void)args;
	(void)argc;
	(void)argv;
	if (c->g.dry_run) {
		(void)printf("would have the gateway read providers and prices "
			     "again\n");
		return CLI_OK;
	}
	if (model_ask(c, "reload", &j, &e) == -1)
		return cli_fail(c, &e, "model reload");
	json_free(j);
	if (c->g.json)
		(void)printf("{\"reloaded\":true}\n");
	return CLI_OK;
}

/* Standard input to its end; not a word of it is shown. */
static int
model_read_key(char key[MODEL_KEY_MAX + 2], size_t *len, struct err *e)
{
	ssize_t n;

	if (isatty(STDIN_FILENO) == 1)
		return err_set(e, ERR_INVALID,
		    "the key comes on standard input: coffer model key NAME < "
		    "FILE");
	*len = 0;
	while (*len < MODEL_KEY_MAX + 2) {
		n = read(STDIN_FILENO, key + *len, MODEL_KEY_MAX + 2 - *len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(e, ERR_IO, "read the key");
		if (n == 0)
			break;
		*len += (size_t)n;
	}
	return 0;
}

/* As the gateway's own user, which alone reads its keys. */
static int
model_set_key(struct cli *c, const char *name, struct view key, struct err *e)
{
	AUTO_FREE char *program = program_find_own("coffer-gateway", e);
	const char *argv[] = { program, "--home", c->home, "--set-key", name,
		NULL };
	const struct program_spec spec = { .argv = argv, .in = key };
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc;

	if (program == NULL)
		return -1;
	rc = program_check(c, &spec, &r, e);
	program_result_release(&r);
	return rc;
}

static int
model_remove_key(struct cli *c, const char *name, struct err *e)
{
	AUTO_FREE char *path = xasprintf("%s/gateway/keys/%s", c->home, name);

	if (unlink(path) == -1)
		return errno == ENOENT
		    ? err_set(e, ERR_NOTFOUND, "%s has no key", name)
		    : err_sys(e, ERR_IO, "remove %s", path);
	return 0;
}

static int
model_key(struct cli *c, const void *args, int argc, char **argv)
{
	const struct model_args *a = args;
	char key[MODEL_KEY_MAX + 2];
	struct err e = ERR_INIT;
	size_t len = 0;
	int rc;

	(void)argc;
	if (!path_component_ok(argv[0]))
		return cli_usage(
		    "model key: %.40s is no provider's name", argv[0]);
	if (c->g.dry_run) {
		(void)printf("would %s the key of %s\n",
		    a->remove ? "remove" : "set", argv[0]);
		return CLI_OK;
	}
	if (a->remove && !confirm_possible(c, a->yes, "model key --remove"))
		return CLI_USAGE;
	if (a->remove &&
	    !confirm_ask(c, a->yes, "yes",
		"the key of %s is forgotten: runs that need it fail", argv[0]))
		return CLI_FAILED;
	if (a->remove) {
		rc = model_remove_key(c, argv[0], &e);
	} else {
		rc = model_read_key(key, &len, &e);
		if (rc == 0)
			rc = model_set_key(
			    c, argv[0], (struct view){ key, len }, &e);
		explicit_bzero(key, sizeof(key));
	}
	if (rc == -1)
		return cli_fail(c, &e, "model key %s", argv[0]);
	if (c->g.json)
		(void)printf("{\"%s\":true}\n", a->remove ? "removed" : "set");
	return CLI_OK;
}

static const struct command_option model_key_options[] = {
	{ 0, OPT_FLAG, "remove", offsetof(struct model_args, remove), NULL,
	    "it has none any more" },
	{ 'y', OPT_FLAG, "yes", offsetof(struct model_args, yes), NULL,
	    "do not ask, with --remove" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

const struct command cmd_model[] = {
	{ .name = "model list",
	    .group = "Models",
	    .summary = "the providers of models, and whether they have a key",
	    .usage = "",
	    .run = model_list },
	{ .name = "model key",
	    .group = "Models",
	    .summary = "standard input becomes a provider's key",
	    .usage = "PROVIDER < FILE | PROVIDER --remove [--yes]",
	    .min = 1,
	    .max = 1,
	    .args_size = sizeof(struct model_args),
	    .options = model_key_options,
	    .run = model_key },
	{ .name = "model reload",
	    .group = "Models",
	    .summary = "read HOME/gateway/providers and prices again",
	    .usage = "",
	    .run = model_reload },
	{ .name = NULL },
};
