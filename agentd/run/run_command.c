#include <stdio.h>
#include <string.h>

#include "agentd/command/repo.h"
#include "agentd/run/run_priv.h"
#include "lib/base/auto.h"
#include "lib/base/log.h"
#include "lib/base/path.h"

static const char run_command_leaf[] = "command.md";
static const char run_command_order[] = "ordered"; /* its file's sha256 */

const struct command *
run_command(const struct run *r)
{
	return r->resolved.name[0] != '\0'
	    ? &r->resolved
	    : commands_find(r->env->commands, r->command);
}

void
run_bounds(const struct run *r, struct agent_bounds *out)
{
	const struct command *c = run_command(r);

	*out = (struct agent_bounds){ .tools = 0 };
	if (c != NULL)
		*out = (struct agent_bounds){ .tools = c->tools,
			.turns = c->turns,
			.budget = c->budget };
	if (r->budget > 0 && (out->budget == 0 || r->budget < out->budget))
		out->budget = r->budget;
}

/* Of a run without an item a person says the access; its command says how far
 * that may go. */
static int
run_command_may(struct run *r, const struct command *c, struct err *e)
{
	const int access = command_access_parse(r->access);

	if (access == -1 || access > (int)c->access)
		return err_set(e, ERR_DENIED,
		    "/%s has access %s at most: a run of it with %s is not "
		    "possible",
		    r->command, command_access_name(c->access), r->access);
	if (c->offline)
		(void)snprintf(r->network, sizeof(r->network), "off");
	return 0;
}

/* Then it is a command of that access, for the prompt and the record. */
static int
run_command_narrow(struct run *r, struct err *e)
{
	AUTO_STR struct str text = STR_INIT_MAX(2 * COMMAND_FILE_MAX);
	const struct command *c = run_command(r);
	struct command narrow = { .name = "" };

	if (run_command_may(r, c, e) == -1)
		return -1;
	if (strcmp(command_access_name(c->access), r->access) == 0)
		return 0;
	command_print(c, &text);
	if (command_parse(run_command_leaf, r->command, str_view(&text),
		&narrow, e) == -1)
		return -1;
	narrow.access = (enum command_access)command_access_parse(r->access);
	if (narrow.output == COMMAND_PULL)
		narrow.output = COMMAND_COMMENT;
	command_release(&r->resolved);
	r->resolved = narrow;
	return 0;
}

void
run_ordered(const struct run *r, const char *sha)
{
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;

	str_add(&text, sha);
	if (path_mkdirs(r->dir, 0711, &e) == -1 ||
	    run_file_put(r, run_command_order, 0600, &text, &e) == -1)
		log_error("run order run=%lld why=%s", (long long)r->id,
		    log_val(e.msg));
}

/* Of an order that this agentd did not make there is nothing to compare. */
static bool
run_command_is_same(const struct run *r, const struct command *c)
{
	char sha[SHA256_HEX] = "";
	struct err e = ERR_INIT;

	return !run_has(r, run_command_order) ||
	    (run_file_get(r, run_command_order, sha, sizeof(sha), &e) == 0 &&
		strcmp(sha, c->sha) == 0);
}

/* The run has what was ordered; a file that says something else by now was not
 * what the maintainer saw. */
static int
run_command_is_as_ordered(struct run *r, struct err *e)
{
	const struct command *c = run_command(r);
	const int access = command_access_parse(r->access);

	if (c == NULL)
		return err_set(
		    e, ERR_NOTFOUND, "no command is called /%s", r->command);
	if (r->item == 0)
		return run_command_narrow(r, e);
	if (!run_command_is_same(r, c) || access > (int)c->access ||
	    (c == &r->resolved &&
		(access != (int)c->access ||
		    (c->offline && strcmp(r->network, "off") != 0))))
		return err_set(e, ERR_EXISTS,
		    "/%s was changed after it was ordered: order it again",
		    r->command);
	return 0;
}

/* Its slot's callback is this one; the caller's stands in the run. */
static void
run_command_on_file(struct run *r, const struct err *fail, const struct json *j)
{
	struct err e = ERR_INIT;

	if (fail != NULL && fail->code != ERR_NOTFOUND)
		r->on_command(r, fail, NULL);
	else if ((fail == NULL &&
		     repo_command_read(r->env->repo, r->command, j,
			 &r->resolved, &e) == -1) ||
	    run_command_is_as_ordered(r, &e) == -1)
		r->on_command(r, &e, NULL);
	else
		r->on_command(r, NULL, NULL);
}

void
run_command_ask(struct run *r, run_reply_fn *next)
{
	AUTO_STR struct str path = STR_INIT;
	struct err e = ERR_INIT;

	r->on_command = next;
	if (r->env->repo == NULL || r->env->repo->none) {
		next(r, run_command_is_as_ordered(r, &e) == -1 ? &e : NULL,
		    NULL);
		return;
	}
	repo_command_path(r->full_name, r->command, &path);
	run_ask(r, RUN_Q_COMMAND, "GET", str_cstr(&path), NULL,
	    run_command_on_file);
}

int
run_command_write(const struct run *r, struct err *e)
{
	AUTO_STR struct str text = STR_INIT_MAX(2 * COMMAND_FILE_MAX);

	command_print(run_command(r), &text);
	return run_file_put(r, run_command_leaf, 0600, &text, e);
}

/* Of an older agentd there is none: the operator's holds. */
void
run_command_read(struct run *r)
{
	AUTO_FREE char *path = path_join(r->dir, run_command_leaf);
	AUTO_STR struct str text = STR_INIT_MAX(2 * COMMAND_FILE_MAX);
	struct err e = ERR_INIT;

	command_release(&r->resolved);
	if (path_read(path, COMMAND_FILE_MAX, &text, &e) == -1 ||
	    command_parse(run_command_leaf, r->command, str_view(&text),
		&r->resolved, &e) == -1)
		log_info("run command run=%lld why=%s", (long long)r->id,
		    log_val(e.msg));
}
