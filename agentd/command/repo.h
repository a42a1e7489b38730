/*
 * repo: commands of a project's own repository, .coffer/commands/NAME.md on its
 * default branch, as cofferd serves them: never from a tree that an agent
 * wrote.  Over a command of the operator's such a file only narrows; a name
 * that he has none of gets at most the access that he allows for that.  It is
 * asked for at each order, so a merge is enough to change it.
 */
#ifndef AGENTD_COMMAND_REPO_H
#define AGENTD_COMMAND_REPO_H

#include "agentd/command/command.h"

struct apiclient;
struct err;
struct json;
struct repo_commands;
struct str;

/* What a repository may do here. */
struct repo_policy {
	const struct commands *all; /* the operator's; outlives it */
	bool none;                  /* no file of a repository counts */
	enum command_access most;   /* for names of its own */
};

/* "off", "read", "scratch" or "write". */
int repo_policy_parse(const char *word, struct repo_policy *out, struct err *e);
/* Where cofferd has the file: a path of its API. */
void repo_command_path(
    const char *full_name, const char *name, struct str *out);
/* From what it answers.  Errors name the file and its line; *out is the
 * caller's to release. */
int repo_command_read(const struct repo_policy *p, const char *name,
    const struct json *contents, struct command *out, struct err *e);

/*
 * The same at an order: all is what there is to order, with the repository's
 * file of that name in its place; borrowed until the next order.  fail: it was
 * not to be had (call_is_transient), the file is wrong, or, asked for a few
 * times in a row, it cannot be read (ERR_INVALID too).
 */
typedef void repo_commands_fn(
    const struct err *fail, const struct commands *all, void *arg);
struct repo_commands *repo_commands_new(
    struct apiclient *api, const struct repo_policy *p);
void repo_commands_ask(struct repo_commands *r, const char *full_name,
    const char *name, repo_commands_fn *done, void *arg);
/* Those that the repository has and the operator has not, as "`/a`, `/b`"; ""
 * when there are none, or cofferd does not say. */
typedef void repo_names_fn(const char *names, void *arg);
void repo_commands_names(struct repo_commands *r, const char *full_name,
    repo_names_fn *done, void *arg);
void repo_commands_free(struct repo_commands *r); /* NULL is fine */

#endif
