#include "agentd/command/repo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/str.h"
#include "lib/net/apiclient.h"
#include "lib/wire/json.h"

enum {
	/* What command_print adds leaves it a command's file. */
	REPO_COMMAND_MAX = COMMAND_FILE_MAX - 1024,
	REPO_TRIES = 5, /* of a file that cofferd does not get out */
	REPO_NAMES_MAX = 50
};

struct repo_commands {
	struct apiclient *api;
	struct repo_policy policy;
	char name[SLASH_NAME_MAX + 1];
	char *path; /* asked for last */
	unsigned tries;
	repo_commands_fn *done;
	repo_names_fn *named;
	void *arg;
	struct command own;   /* of the repository */
	struct commands seen; /* borrows from the operator's and from own */
};

int
repo_policy_parse(const char *word, struct repo_policy *out, struct err *e)
{
	const int access = command_access_parse(word);

	out->none = strcmp(word, "off") == 0;
	if (access == -1 && !out->none)
		return err_set(e, ERR_INVALID,
		    "repo_commands is off, read, scratch or write, not %s",
		    word);
	out->most = access == -1 ? COMMAND_READ : (enum command_access)access;
	return 0;
}

void
repo_command_path(const char *full_name, const char *name, struct str *out)
{
	str_addf(out, "/api/v1/repos/%s/contents/.coffer/commands/%s.md",
	    full_name, name);
}

static int
repo_command_bytes(
    const char *file, const struct json *j, struct str *out, struct err *e)
{
	const char *content = json_str_or(j, "content", NULL);
	const int64_t size = json_i64_or(j, "size", 0);

	if (strcmp(json_str_or(j, "type", ""), "file") != 0)
		return err_set(e, ERR_INVALID, "%s: is no plain file", file);
	if (size > REPO_COMMAND_MAX)
		return err_set(
		    e, ERR_LIMIT, "%s: over %d bytes", file, REPO_COMMAND_MAX);
	if (content == NULL ||
	    esc_base64_decode(view_of(content), out, e) == -1 || !str_ok(out))
		return err_set(
		    e, ERR_PROTO, "%s: cofferd gave no text of it", file);
	return 0;
}

int
repo_command_read(const struct repo_policy *p, const char *name,
    const struct json *contents, struct command *out, struct err *e)
{
	const struct command *operators = commands_find(p->all, name);
	struct command widest = { .access = p->most,
		.output = p->most == COMMAND_WRITE ? COMMAND_PULL
						   : COMMAND_COMMENT };
	AUTO_FREE char *file = xasprintf(".coffer/commands/%s.md", name);
	AUTO_STR struct str text = STR_INIT_MAX(COMMAND_FILE_MAX);

	if (repo_command_bytes(file, contents, &text, e) == -1 ||
	    command_parse(file, name, str_view(&text), out, e) == -1)
		return -1;
	sha256_hex(str_view(&text), out->sha);
	/* What its file does not say, a name of its own does not get. */
	out->access_given = out->access_given || operators == NULL;
	out->output_given = out->output_given || operators == NULL;
	(void)snprintf(widest.name, sizeof(widest.name), "%s", name);
	if (command_narrow(
		file, operators != NULL ? operators : &widest, out, e) == 0)
		return 0;
	command_release(out);
	return -1;
}

struct repo_commands *
repo_commands_new(struct apiclient *api, const struct repo_policy *p)
{
	struct repo_commands *r = xcalloc(1, sizeof(*r));

	r->api = api;
	r->policy = *p;
	return r;
}

/* The operator's, and *own over the one of its name; there is room or not. */
static void
repo_commands_join(struct repo_commands *r)
{
	size_t i = 0;

	r->seen = *r->policy.all;
	if (r->own.name[0] == '\0')
		return;
	while (i < r->seen.n && strcmp(r->seen.v[i].name, r->own.name) != 0)
		i++;
	if (i == COMMAND_MAX)
		return;
	r->seen.v[i] = r->own;
	r->seen.n += i == r->seen.n;
}

/*
 * Every event waits for the one in hand: a repository that cofferd cannot read
 * must not hold up those of all the others.
 */
static void
repo_commands_count(struct repo_commands *r, struct err *e)
{
	if (e->code != ERR_INTERNAL && e->code != ERR_PROTO)
		return;
	if (++r->tries < REPO_TRIES)
		return;
	e->code = ERR_INVALID;
	(void)err_wrap(e, ".coffer/commands/%s.md: cannot be read", r->name);
}

static void
repo_commands_on_file(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct repo_commands *r = arg;
	struct err e = ERR_INIT;

	(void)status;
	/* None is the usual. */
	if (fail != NULL && fail->code != ERR_NOTFOUND)
		e = *fail;
	else if (fail == NULL)
		(void)repo_command_read(&r->policy, r->name, j, &r->own, &e);
	repo_commands_count(r, &e);
	if (e.code == ERR_NONE)
		r->tries = 0;
	repo_commands_join(r);
	r->done(e.code == ERR_NONE ? NULL : &e, &r->seen, r->arg);
}

void
repo_commands_ask(struct repo_commands *r, const char *full_name,
    const char *name, repo_commands_fn *done, void *arg)
{
	AUTO_STR struct str path = STR_INIT;
	struct api_call call = {
		.method = "GET", .done = repo_commands_on_file, .arg = r
	};

	r->done = done;
	r->arg = arg;
	(void)snprintf(r->name, sizeof(r->name), "%s", name);
	command_release(&r->own);
	if (r->policy.none || command_is_reserved(name)) {
		repo_commands_join(r);
		done(NULL, &r->seen, arg);
		return;
	}
	repo_command_path(full_name, name, &path);
	call.path = str_cstr(&path);
	if (r->path == NULL || strcmp(r->path, call.path) != 0) {
		free(r->path);
		r->path = xstrdup(call.path);
		r->tries = 0;
	}
	(void)api_start(r->api, &call);
}

/* Into out, when it is a file of a command that only the repository has. */
static bool
repo_commands_name(
    const struct repo_commands *r, const struct json *j, struct str *out)
{
	const char *file = json_str_or(j, "name", "");
	char name[SLASH_NAME_MAX + 1];
	size_t n = strspn(file, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	if (n == 0 || n > SLASH_NAME_MAX || strcmp(file + n, ".md") != 0 ||
	    strcmp(json_str_or(j, "type", ""), "file") != 0)
		return false;
	(void)snprintf(name, sizeof(name), "%.*s", (int)n, file);
	if (command_is_reserved(name) ||
	    commands_find(r->policy.all, name) != NULL)
		return false;
	str_addf(out, "%s`/%s`", out->len > 0 ? ", " : "", name);
	return true;
}

static void
repo_commands_on_folder(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct repo_commands *r = arg;
	AUTO_STR struct str names = STR_INIT;
	size_t n = 0;

	(void)status;
	for (const struct json *f = fail == NULL ? json_first(j) : NULL;
	     f != NULL && n < REPO_NAMES_MAX; f = json_next(f))
		n += repo_commands_name(r, f, &names);
	r->named(str_cstr(&names), r->arg);
}

void
repo_commands_names(struct repo_commands *r, const char *full_name,
    repo_names_fn *done, void *arg)
{
	AUTO_FREE char *path = xasprintf(
	    "/api/v1/repos/%s/contents/.coffer/commands", full_name);
	const struct api_call call = { .method = "GET",
		.path = path,
		.done = repo_commands_on_folder,
		.arg = r };

	r->named = done;
	r->arg = arg;
	if (r->policy.none)
		done("", arg);
	else
		(void)api_start(r->api, &call);
}

void
repo_commands_free(struct repo_commands *r)
{
	if (r == NULL)
		return;
	apiclient_forget(r->api, r);
	command_release(&r->own);
	free(r->path);
	free(r);
}
