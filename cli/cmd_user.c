#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/confirm.h"
#include "cli/out.h"
#include "cli/remote.h"
#include "cli/tables.h"
#include "cli/target.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/base/view.h"
#include "lib/wire/json.h"

enum {
	USER_SECRET_MAX = 256, /* bytes of a line with a password */
	USER_SCOPES_MAX = 400
};

struct user_args {
	const char *user;
	const char *email, *full_name;
	const char *scope, *repo, *expires;
	bool bot, password, purge, yes;
};

/* A password, as one line of standard input. */
static int
user_read_password(char out[USER_SECRET_MAX], struct err *e)
{
	if (isatty(STDIN_FILENO))
		cli_note("the password, as one line of standard input:");
	if (fgets(out, USER_SECRET_MAX, stdin) == NULL)
		return err_set(
		    e, ERR_INVALID, "standard input has no password");
	out[strcspn(out, "\r\n")] = '\0';
	return 0;
}

static int
user_table(struct cli *c, const char *path, const char *what,
    const char *const keys[2])
{
	struct err e = ERR_INIT;
	struct json *j = NULL;
	struct out_table *t;

	if (remote_get(c, path, &j, &e) == -1)
		return cli_fail(c, &e, "%s", what);
	if (c->g.json) {
		out_json(j);
		json_free(j);
		return CLI_OK;
	}
	t = out_table_new(3);
	out_cell(t, "id");
	out_cell(t, keys[0]);
	out_cell(t, keys[1]);
	for (const struct json *u = json_first(j); u != NULL;
	     u = json_next(u)) {
		out_cellf(t, "%" PRId64, json_i64_or(u, "id", 0));
		out_cell(t, json_str_or(u, keys[0], NULL));
		out_cell(t, json_str_or(u, keys[1], NULL));
	}
	out_table_print(t, c);
	json_free(j);
	return CLI_OK;
}

static int
user_list(struct cli *c, const void *args, int argc, char **argv)
{
	static const char *const keys[] = { "login", "kind" };

	(void)args;
	(void)argc;
	(void)argv;
	return user_table(c, "/api/v1/admin/users?limit=50", "user list", keys);
}

static int
user_add(struct cli *c, const void *args, int argc, char **argv)
{
	const struct user_args *a = args;
	AUTO_STR struct str body = STR_INIT;
	char password[USER_SECRET_MAX] = "";
	struct err e = ERR_INIT;
	struct json *j = NULL;
	struct jw w;
	int rc;

	(void)argc;
	if (!path_component_ok(argv[0]))
		return cli_usage("user add: %s is not a name", argv[0]);
	if (a->password && user_read_password(password, &e) == -1)
		return cli_fail(c, &e, "user add %s", argv[0]);
	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_str(&w, "username", argv[0]);
	if (a->email != NULL)
		jw_str(&w, "email", a->email);
	if (a->full_name != NULL)
		jw_str(&w, "full_name", a->full_name);
	if (a->bot)
		jw_str(&w, "type", "bot");
	if (a->password)
		jw_str(&w, "password", password);
	jw_end(&w);
	explicit_bzero(password, sizeof(password));
	rc = remote_send(c,
	    &(struct remote_call){ .method = "POST",
		.path = "/api/v1/admin/users",
		.body = &body,
		.secret = a->password },
	    &j, NULL, &e);
	if (rc == -1)
		return cli_fail(c, &e, "user add %s", argv[0]);
	if (rc == 0 && c->g.json)
		out_json(j);
	else if (rc == 0)
		(void)printf("user %s; next: coffer token new --user %s "
			     "NAME\n",
		    argv[0], argv[0]);
	json_free(j);
	return CLI_OK;
}

/* An admin's word: the user need not change it. */
static int
user_password(struct cli *c, const void *args, int argc, char **argv)
{
	AUTO_STR struct str body = STR_INIT;
	AUTO_FREE char *path = NULL;
	char password[USER_SECRET_MAX] = "";
	struct err e = ERR_INIT;
	struct json *j = NULL;
	struct jw w;
	int rc;

	(void)args;
	(void)argc;
	if (!path_component_ok(argv[0]))
		return cli_usage("user password: %s is not a name", argv[0]);
	if (user_read_password(password, &e) == -1)
		return cli_fail(c, &e, "user password %s", argv[0]);
	path = xasprintf("/api/v1/admin/users/%s", argv[0]);
	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_str(&w, "login_name", argv[0]);
	jw_i64(&w, "source_id", 0);
	jw_str(&w, "password", password);
	jw_bool(&w, "must_change_password", false);
	jw_end(&w);
	explicit_bzero(password, sizeof(password));
	rc = remote_send(c,
	    &(struct remote_call){ .method = "PATCH",
		.path = path,
		.body = &body,
		.secret = true },
	    &j, NULL, &e);
	json_free(j);
	if (rc == -1)
		return cli_fail(c, &e, "user password %s", argv[0]);
	if (rc == 0 && c->g.json)
		(void)printf("{\"changed\":true}\n");
	else if (rc == 0)
		(void)printf("%s has a new password\n", argv[0]);
	return CLI_OK;
}

static int
user_remove(struct cli *c, const void *args, int argc, char **argv)
{
	const struct user_args *a = args;
	AUTO_FREE char *path = NULL;
	struct err e = ERR_INIT;
	struct json *j = NULL;
	int rc;

	(void)argc;
	if (!path_component_ok(argv[0]))
		return cli_usage("user remove: %s is not a name", argv[0]);
	if (a->purge && !confirm_possible(c, a->yes, "user remove --purge"))
		return CLI_USAGE;
	if (a->purge &&
	    !confirm_ask(c, a->yes, argv[0],
		"remove %s and every project of that user: their "
		"repositories, issues and sandboxes are deleted",
		argv[0]))
		return CLI_FAILED;
	path = xasprintf(
	    "/api/v1/admin/users/%s%s", argv[0], a->purge ? "?purge=true" : "");
	rc = remote_send(c,
	    &(struct remote_call){ .method = "DELETE", .path = path }, &j, NULL,
	    &e);
	json_free(j);
	if (rc == -1)
		return cli_fail(c, &e, "user remove %s", argv[0]);
	if (rc == 0 && c->g.json)
		(void)printf("{\"removed\":true}\n");
	else if (rc == 0)
		(void)printf("user %s is removed\n", argv[0]);
	return CLI_OK;
}

static int
user_grant(struct cli *c, const void *args, int argc, char **argv)
{
	AUTO_STR struct str body = STR_INIT;
	AUTO_FREE char *path = NULL;
	char full[TARGET_FULL_MAX];
	struct err e = ERR_INIT;
	struct json *j = NULL;
	struct jw w;
	int rc;

	(void)args;
	(void)argc;
	if (!path_component_ok(argv[1]))
		return cli_usage("user grant: %s is not a name", argv[1]);
	if (target_project(c, argv[0], full, &e) == -1)
		return cli_fail(c, &e, "user grant");
	path = xasprintf("/api/v1/repos/%s/collaborators/%s", full, argv[1]);
	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_str(&w, "permission", argc > 2 ? argv[2] : "write");
	jw_end(&w);
	rc = remote_send(c,
	    &(struct remote_call){
		.method = "PUT", .path = path, .body = &body },
	    &j, NULL, &e);
	json_free(j);
	if (rc == -1)
		return cli_fail(c, &e, "user grant");
	if (rc == 0 && c->g.json)
		(void)printf("{\"granted\":true}\n");
	else if (rc == 0)
		(void)printf("%s: %s may %s\n", full, argv[1],
		    argc > 2 ? argv[2] : "write");
	return CLI_OK;
}

/* The user of --user, or whose token this is. */
static char *
user_who(struct cli *c, const struct user_args *a, struct err *e)
{
	struct json *j = NULL;
	char *name;

	if (a->user != NULL) {
		if (path_component_ok(a->user))
			return xstrdup(a->user);
		(void)err_set(
		    e, ERR_INVALID, "%s is not a user's name", a->user);
		return NULL;
	}
	if (remote_get(c, "/api/v1/user", &j, e) == -1)
		return NULL;
	name = xstrdup(json_str_or(j, "login", ""));
	json_free(j);
	if (path_component_ok(name))
		return name;
	free(name);
	(void)err_set(e, ERR_PROTO, "cofferd sent no user name");
	return NULL;
}

/* {name, scopes, expires_at} of a new token. */
static int
user_token_body(const struct user_args *a, const char *name, struct str *body,
    struct err *e)
{
	struct view rest = view_of(a->scope != NULL ? a->scope : "all"), word;
	AUTO_FREE char *bound = NULL;
	int64_t in = 0;
	struct jw w;

	if (rest.len > USER_SCOPES_MAX)
		return err_set(e, ERR_INVALID, "--scope is too long");
	if (a->expires != NULL &&
	    num_duration_ms(a->expires, 1000, INT64_MAX / 2, &in, e) == -1)
		return err_wrap(e, "--expires");
	jw_init(&w, body);
	jw_object(&w, NULL);
	jw_str(&w, "name", name);
	jw_array(&w, "scopes");
	while (view_split(&rest, ',', &word))
		jw_view(&w, NULL, view_trim(word));
	if (a->repo != NULL) {
		bound = xasprintf("repo:%s", a->repo);
		jw_str(&w, NULL, bound);
	}
	jw_end(&w);
	if (in != 0)
		jw_time(&w, "expires_at", clock_now_ms() + in);
	jw_end(&w);
	return 0;
}

static int
user_token_new(struct cli *c, const void *args, int argc, char **argv)
{
	AUTO_STR struct str body = STR_INIT;
	AUTO_FREE char *who = NULL, *path = NULL;
	struct err e = ERR_INIT;
	struct json *j = NULL;
	int rc;

	(void)argc;
	if (user_token_body(args, argv[0], &body, &e) == -1)
		return cli_usage("token new: %s", e.msg);
	if ((who = user_who(c, args, &e)) == NULL)
		return cli_fail(c, &e, "token new");
	path = xasprintf("/api/v1/users/%s/tokens", who);
	rc = remote_send(c,
	    &(struct remote_call){
		.method = "POST", .path = path, .body = &body },
	    &j, NULL, &e);
	if (rc == -1)
		return cli_fail(c, &e, "token new");
	if (rc == 0 && c->g.json) {
		out_json(j);
	} else if (rc == 0) {
		cli_note("the token is shown once; keep it:");
		out_text(stdout, json_str_or(j, "sha1", ""));
		(void)printf("\n");
	}
	json_free(j);
	return CLI_OK;
}

static int
user_token_list(struct cli *c, const void *args, int argc, char **argv)
{
	static const char *const keys[] = { "name", "token_last_eight" };
	AUTO_FREE char *who = NULL, *path = NULL;
	struct err e = ERR_INIT;

	(void)argc;
	(void)argv;
	if ((who = user_who(c, args, &e)) == NULL)
		return cli_fail(c, &e, "token list");
	path = xasprintf("/api/v1/users/%s/tokens", who);
	return user_table(c, path, "token list", keys);
}

static int
user_token_revoke(struct cli *c, const void *args, int argc, char **argv)
{
	AUTO_FREE char *who = NULL, *path = NULL;
	struct err e = ERR_INIT;
	struct json *j = NULL;
	int64_t id;
	int rc;

	(void)argc;
	if (num_i64(argv[0], 1, INT64_MAX, &id, &e) == -1)
		return cli_usage("token revoke: %s", e.msg);
	if ((who = user_who(c, args, &e)) == NULL)
		return cli_fail(c, &e, "token revoke");
	path = xasprintf("/api/v1/users/%s/tokens/%" PRId64, who, id);
	rc = remote_send(c,
	    &(struct remote_call){ .method = "DELETE", .path = path }, &j, NULL,
	    &e);
	json_free(j);
	if (rc == -1)
		return cli_fail(c, &e, "token revoke %" PRId64, id);
	if (rc == 0 && c->g.json)
		(void)printf("{\"revoked\":%" PRId64 "}\n", id);
	else if (rc == 0)
		(void)printf("token %" PRId64 " is revoked\n", id);
	return CLI_OK;
}

static const struct command_option user_token_options[] = {
	{ 'u', OPT_STR, "user", offsetof(struct user_args, user), "NAME",
	    "whose (default: one's own)" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

static const struct command_option user_new_options[] = {
	{ 'u', OPT_STR, "user", offsetof(struct user_args, user), "NAME",
	    "whose (default: one's own)" },
	{ 0, OPT_STR, "scope", offsetof(struct user_args, scope), "S,S",
	    "what it may: all (default), read:X, write:X, status" },
	{ 0, OPT_STR, "repo", offsetof(struct user_args, repo), "OWNER/NAME",
	    "only in that repository" },
	{ 0, OPT_STR, "expires", offsetof(struct user_args, expires), "TIME",
	    "after 12h, 30d (default: never)" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

static const struct command_option user_add_options[] = {
	{ 0, OPT_STR, "email", offsetof(struct user_args, email), "ADDRESS",
	    "commits with it are the user's" },
	{ 0, OPT_STR, "full-name", offsetof(struct user_args, full_name),
	    "NAME", "shown beside the name" },
	{ 0, OPT_FLAG, "bot", offsetof(struct user_args, bot), NULL,
	    "a program: no password, no notifications" },
	{ 0, OPT_FLAG, "password", offsetof(struct user_args, password), NULL,
	    "read one from standard input; good until it is changed" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

static const struct command_option user_remove_options[] = {
	{ 0, OPT_FLAG, "purge", offsetof(struct user_args, purge), NULL,
	    "and the projects that the user owns" },
	{ 'y', OPT_FLAG, "yes", offsetof(struct user_args, yes), NULL,
	    "do not ask, with --purge" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

const struct command cmd_user[] = {
	{ .name = "user add",
	    .group = "People",
	    .summary = "make a user",
	    .usage = "NAME [--email ADDRESS] [--full-name NAME] [--bot] "
		     "[--password]",
	    .min = 1,
	    .max = 1,
	    .args_size = sizeof(struct user_args),
	    .options = user_add_options,
	    .run = user_add },
	{ .name = "user password",
	    .group = "People",
	    .summary = "set a user's password, read from standard input",
	    .usage = "NAME",
	    .min = 1,
	    .max = 1,
	    .run = user_password },
	{ .name = "user remove",
	    .group = "People",
	    .summary = "remove a user, its tokens and roles",
	    .usage = "NAME [--purge [--yes]]",
	    .min = 1,
	    .max = 1,
	    .args_size = sizeof(struct user_args),
	    .options = user_remove_options,
	    .run = user_remove },
	{ .name = "user list",
	    .group = "People",
	    .summary = "list users",
	    .usage = "",
	    .run = user_list },
	{ .name = "user grant",
	    .group = "People",
	    .summary = "let a user read or write a project",
	    .usage = "PROJECT NAME [read|write]",
	    .min = 2,
	    .max = 3,
	    .run = user_grant },
	{ .name = "token new",
	    .group = "People",
	    .summary = "make a token; it is shown once",
	    .usage = "NAME [--user USER] [--scope S,S] [--repo OWNER/NAME] "
		     "[--expires TIME]",
	    .min = 1,
	    .max = 1,
	    .args_size = sizeof(struct user_args),
	    .options = user_new_options,
	    .run = user_token_new },
	{ .name = "token list",
	    .group = "People",
	    .summary = "list tokens, without their secrets",
	    .usage = "[--user USER]",
	    .args_size = sizeof(struct user_args),
	    .options = user_token_options,
	    .run = user_token_list },
	{ .name = "token revoke",
	    .group = "People",
	    .summary = "end a token",
	    .usage = "ID [--user USER]",
	    .min = 1,
	    .max = 1,
	    .args_size = sizeof(struct user_args),
	    .options = user_token_options,
	    .run = user_token_revoke },
	{ .name = NULL },
};
