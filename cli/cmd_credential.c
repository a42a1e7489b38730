/* cmd_credential: what opens a project's upstream: a token, an ssh key, the
 * keys of its host.  Read from files, never from arguments. */
#include <stddef.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/confirm.h"
#include "cli/remote.h"
#include "cli/tables.h"
#include "cli/target.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	CREDENTIAL_FILE_MAX = 64 << 10
};

struct credential_args {
	char *token_file;
	char *key_file;
	char *known_hosts;
	bool remove, yes;
};

/* The file's text as a member; a file that is not named leaves it out. */
static int
credential_put(struct jw *w, const char *name, const char *file, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;

	if (file == NULL)
		return 0;
	if (path_read(file, CREDENTIAL_FILE_MAX, &text, e) == -1)
		return -1;
	if (view_trim(str_view(&text)).len == 0)
		return err_set(e, ERR_INVALID, "%s is empty", file);
	jw_view(w, name, view_trim(str_view(&text)));
	explicit_bzero(text.p, text.len);
	return 0;
}

static int
credential_send(struct cli *c, const struct json *p, const char *what,
    struct str *body, struct err *e)
{
	AUTO_FREE char *path = xasprintf("/api/coffer/v1/projects/%s/%s",
	    json_str_or(p, "full_name", ""), what);
	const struct remote_call call = {
		.method = "PUT", .path = path, .body = body, .secret = true
	};
	struct json *j = NULL;

	if (remote_send(c, &call, &j, NULL, e) == -1)
		return -1;
	json_free(j);
	return 0;
}

static int
credential_token(struct cli *c, const struct json *p,
    const struct credential_args *a, struct err *e)
{
	AUTO_STR struct str body = STR_INIT;
	struct jw w;

	if (a->token_file == NULL && !a->remove)
		return 0;
	jw_init(&w, &body);
	jw_object(&w, NULL);
	if (a->remove)
		jw_str(&w, "token", "");
	else if (credential_put(&w, "token", a->token_file, e) == -1)
		return -1;
	jw_end(&w);
	return credential_send(c, p, "upstream-token", &body, e);
}

static int
credential_key(struct cli *c, const struct json *p,
    const struct credential_args *a, struct err *e)
{
	AUTO_STR struct str body = STR_INIT;
	struct jw w;

	if (a->key_file == NULL && a->known_hosts == NULL && !a->remove)
		return 0;
	jw_init(&w, &body);
	jw_object(&w, NULL);
	if (a->remove)
		jw_str(&w, "key", "");
	if (credential_put(&w, "key", a->key_file, e) == -1 ||
	    credential_put(&w, "known_hosts", a->known_hosts, e) == -1)
		return -1;
	jw_end(&w);
	return credential_send(c, p, "upstream-key", &body, e);
}

static int
credential_run(struct cli *c, const void *args, int argc, char **argv)
{
	const struct credential_args *a = args;
	struct err e = ERR_INIT;
	struct json *p;
	int rc = CLI_OK;

	(void)argc;
	if (a->token_file == NULL && a->key_file == NULL &&
	    a->known_hosts == NULL && !a->remove)
		return cli_usage("credential: name a file, or --remove");
	if (a->remove && (a->token_file != NULL || a->key_file != NULL))
		return cli_usage("credential: --remove, or a new one");
	if (a->remove && !confirm_possible(c, a->yes, "credential --remove"))
		return CLI_USAGE;
	if (a->remove &&
	    !confirm_ask(c, a->yes, "yes",
		"the token and the key of %s are forgotten: its mirror stops "
		"if upstream is private",
		argv[0]))
		return CLI_FAILED;
	p = target_load(c, argv[0], &e);
	if (p == NULL || credential_token(c, p, a, &e) == -1 ||
	    credential_key(c, p, a, &e) == -1)
		rc = cli_fail(c, &e, "credential %s", argv[0]);
	else if (c->g.json && !c->g.dry_run)
		(void)printf("{\"changed\":true}\n");
	json_free(p);
	return rc;
}

#define CREDENTIAL(field) offsetof(struct credential_args, field)

static const struct command_option credential_options[] = {
	{ 0, OPT_STR, "token-file", CREDENTIAL(token_file), "FILE",
	    "token of an https upstream" },
	{ 0, OPT_STR, "key-file", CREDENTIAL(key_file), "FILE",
	    "private key of an ssh upstream, without passphrase" },
	{ 0, OPT_STR, "known-hosts", CREDENTIAL(known_hosts), "FILE",
	    "keys of its host, as ssh-keyscan prints them" },
	{ 0, OPT_FLAG, "remove", CREDENTIAL(remove), NULL,
	    "forget the token and the key" },
	{ 'y', OPT_FLAG, "yes", CREDENTIAL(yes), NULL,
	    "do not ask, with --remove" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

const struct command cmd_credential[] = {
	{ .name = "credential",
	    .group = "Projects",
	    .summary = "set what opens a project's upstream",
	    .usage = "PROJECT [OPTION...]",
	    .min = 1,
	    .max = 1,
	    .args_size = sizeof(struct credential_args),
	    .options = credential_options,
	    .run = credential_run,
	    .more = "A mirror that was paused goes on.  Compare a host's key "
		    "with what\nits operator publishes before you set it.\n" },
	{ .name = NULL },
};
