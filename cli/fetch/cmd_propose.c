/*
 * cmd_propose: a branch of the clone to where the user publishes, by his own
 * git and gh with his own credential.  Nothing of ours ever holds that.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/fetch/fetch.h"
#include "cli/fetch/own.h"
#include "cli/fetch/question.h"
#include "cli/out.h"
#include "cli/program.h"
#include "cli/tables.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"

enum {
	PROPOSE_URL_MAX = 2048
};

struct propose_args {
	const char *remote, *base, *title, *body;
	bool yes;
};

struct propose {
	struct fetch_job j;
	const struct propose_args *a;
	char branch[BRANCHNAME_MAX + 1];
	char remote[BRANCHNAME_MAX + 1];
	char url[PROPOSE_URL_MAX];
	char *shown; /* the URL without what is secret in it */
	char *web;   /* https://HOST/OWNER/NAME, or NULL */
	bool gh;     /* gh opens the pull request */
};

static int
propose_branch(struct propose *p, int argc, char **argv, struct err *e)
{
	char head[PLAN_REF_MAX + 1], ref[PLAN_REF_MAX + 1], id[SCAN_ID + 1];
	const char *name, *why;

	if (fetch_head_name(&p->j, head, sizeof(head), e) == -1)
		return -1;
	if (argc == 1)
		name = argv[0];
	else if (strncmp(head, "refs/heads/", 11) == 0)
		name = head + 11;
	else
		return err_set(e, ERR_INVALID, "HEAD is no branch; name one");
	if (!branchname_ok(name, &why))
		return err_set(
		    e, ERR_INVALID, "%s is not a branch's name: %s", name, why);
	(void)snprintf(
	    p->branch, sizeof(p->branch), "%.*s", BRANCHNAME_MAX, name);
	(void)snprintf(ref, sizeof(ref), "refs/heads/%s", name);
	if (fetch_ref_read(&p->j, ref, id, e) == -1)
		return -1;
	return id[0] != '\0'
	    ? 0
	    : err_set(e, ERR_NOTFOUND,
		  "your clone has no branch %s (`coffer fetch --apply branch` "
		  "makes one)",
		  name);
}

/* As git push would choose; else the only one. */
static int
propose_remote(struct propose *p, struct err *e)
{
	AUTO_FREE char *own = xasprintf("branch.%s.pushRemote", p->branch);
	const char *const keys[] = { own, "remote.pushDefault" };
	static const char *const names[] = { "remote", NULL };
	const struct fetch_git g = { .place = FETCH_CLONE, .argv = names };
	struct program_result r = PROGRAM_RESULT_INIT;
	struct view all;
	int rc = 1;

	if (p->a->remote != NULL) {
		if (p->a->remote[0] == '-' ||
		    strlen(p->a->remote) >= sizeof(p->remote))
			return err_set(e, ERR_INVALID, "--remote");
		(void)snprintf(
		    p->remote, sizeof(p->remote), "%s", p->a->remote);
		return 0;
	}
	for (size_t i = 0; rc == 1 && i < sizeof(keys) / sizeof(keys[0]); i++)
		rc = fetch_config_get(
		    &p->j, keys[i], p->remote, sizeof(p->remote), e);
	if (rc != 1)
		return rc;
	if (fetch_git(&p->j, &g, &r, e) == -1)
		return -1;
	all = view_trim(str_view(&r.out));
	if (all.len == 0 || all.len >= sizeof(p->remote) ||
	    memchr(all.p, '\n', all.len) != NULL)
		(void)snprintf(p->remote, sizeof(p->remote), "origin");
	else
		(void)snprintf(
		    p->remote, sizeof(p->remote), "%.*s", (int)all.len, all.p);
	program_result_release(&r);
	return 0;
}

/* A URL as it may be shown: without a user's name and password; free(3). */
static char *
propose_shown(const char *url)
{
	const char *rest = strstr(url, "://"), *at;

	if (rest == NULL)
		return xstrdup(url);
	rest += 3;
	at = memrchr(rest, '@', strcspn(rest, "/?#"));
	return at == NULL ? xstrdup(url)
			  : xasprintf("%.*s%s", (int)(rest - url), url, at + 1);
}

static int
propose_url(struct propose *p, struct err *e)
{
	const char *const argv[] = { "remote", "get-url", "--push", "--",
		p->remote, NULL };
	const struct fetch_git g = { .place = FETCH_CLONE, .argv = argv };
	AUTO_FREE char *shown = propose_shown(p->remote);

	if (fetch_git_line(&p->j, &g, p->url, sizeof(p->url), e) == -1)
		return err_set(e, ERR_NOTFOUND,
		    "your clone has no remote %s; --remote names one", shown);
	return 0;
}

/* git@HOST:OWNER/NAME.git, ssh://, https:// to a page; NULL: none known. */
static char *
propose_web(const char *url)
{
	struct view v = view_of(url), host;
	AUTO_FREE char *name = NULL;
	const char *at;

	if (view_starts(v, "https://") || view_starts(v, "ssh://")) {
		v = view_from(v, (size_t)(strstr(url, "://") + 3 - url));
		if (!view_split(&v, '/', &host))
			return NULL;
	} else {
		if ((at = memchr(v.p, '@', v.len)) == NULL)
			return NULL;
		v = view_from(v, (size_t)(at + 1 - v.p));
		if (!view_split(&v, ':', &host) || v.p == NULL)
			return NULL;
	}
	if (v.p == NULL || v.len == 0 || host.len == 0 ||
	    memchr(host.p, '/', host.len) != NULL)
		return NULL;
	at = memchr(host.p, ':', host.len);
	if (at != NULL)
		host.len = (size_t)(at - host.p);
	if (view_ends(v, ".git"))
		v.len -= 4;
	name = view_dup(v);
	return xasprintf("https://%.*s/%s", (int)host.len, host.p, name);
}

/* By the host alone: an owner may call himself anything. */
static bool
propose_is_gitlab(const char *web)
{
	const char *host = strstr(web, "://") + 3;
	const char *at = strstr(host, "gitlab");

	return at != NULL && at < host + strcspn(host, "/");
}

static void
propose_tell_url(const struct propose *p)
{
	AUTO_STR struct str branch = STR_INIT, base = STR_INIT;
	const char *to = p->a->base == NULL ? "" : p->a->base;

	if (p->web == NULL) {
		(void)printf("pushed; open the request where ");
		out_text(stdout, p->shown);
		(void)printf(" is served\n");
		return;
	}
	esc_url_path(&branch, view_of(p->branch));
	esc_url_path(&base, view_of(to));
	(void)printf("open it: ");
	out_text(stdout, p->web);
	if (propose_is_gitlab(p->web))
		(void)printf("/-/merge_requests/new?merge_request"
			     "%%5Bsource_branch%%5D=%s\n",
		    str_cstr(&branch));
	else
		(void)printf("/compare/%s%s%s?expand=1\n", str_cstr(&base),
		    to[0] == '\0' ? "" : "...", str_cstr(&branch));
}

static int
propose_push(struct propose *p, struct err *e)
{
	AUTO_FREE char *spec = xasprintf(
	    "refs/heads/%s:refs/heads/%s", p->branch, p->branch);
	const char *const argv[] = { p->j.git, "push", "--", p->remote, spec,
		NULL };
	AUTO_STR struct str words = STR_INIT;
	int code = 0;

	if (own_run(p->j.c, argv, p->j.top, &code, e) == -1)
		return -1;
	esc_shell(&words, view_of(p->branch));
	return code == 0
	    ? 0
	    : err_set(e, ERR_INTERNAL,
		  "git push ended with %d; if it wants to ask you something, "
		  "run it yourself: git push %s %s",
		  code, p->remote, str_cstr(&words));
}

static int
propose_gh(struct propose *p, const char *gh, struct err *e)
{
	const char *argv[16] = { gh, "pr", "create", "--head", p->branch };
	size_t n = 5;
	int code = 0;

	if (p->a->base != NULL) {
		argv[n++] = "--base";
		argv[n++] = p->a->base;
	}
	if (p->a->title != NULL) {
		argv[n++] = "--title";
		argv[n++] = p->a->title;
		argv[n++] = "--body";
		argv[n++] = p->a->body == NULL ? "" : p->a->body;
	} else {
		argv[n++] = "--fill";
	}
	argv[n] = NULL;
	if (own_run(p->j.c, argv, p->j.top, &code, e) == -1)
		return -1;
	return code == 0
	    ? 0
	    : err_set(e, ERR_INTERNAL,
		  "the branch is pushed; gh pr create ended with %d", code);
}

static bool
propose_confirm(const struct propose *p)
{
	(void)printf("git push ");
	out_text(stdout, p->remote);
	(void)printf(" %s  (", p->branch);
	out_text(stdout, p->shown);
	(void)printf(")%s\n", p->gh ? ", then gh pr create" : "");
	(void)fflush(stdout);
	if (p->j.c->g.dry_run || p->a->yes)
		return true;
	return question_ask("With your own credential. Go on?") == QUESTION_YES;
}

static int
propose_do(struct propose *p, int argc, char **argv, struct err *e)
{
	AUTO_FREE char *gh = NULL;
	struct err none = ERR_INIT;

	if (p->a->base != NULL && !branchname_ok(p->a->base, NULL))
		return err_set(e, ERR_INVALID, "--base is not a branch's name");
	if (fetch_open_clone(&p->j, e) == -1 ||
	    propose_branch(p, argc, argv, e) == -1 ||
	    propose_remote(p, e) == -1 || propose_url(p, e) == -1)
		return -1;
	p->shown = propose_shown(p->url);
	p->web = propose_web(p->shown);
	gh = program_find("gh", &none);
	p->gh = gh != NULL && p->web != NULL &&
	    strncmp(p->web, "https://github.", 15) == 0;
	if (!propose_confirm(p))
		return err_set(e, ERR_DENIED,
		    "nothing was pushed (--yes says yes without a terminal)");
	if (p->j.c->g.dry_run)
		return 0;
	if (propose_push(p, e) == -1)
		return -1;
	if (p->gh)
		return propose_gh(p, gh, e);
	propose_tell_url(p);
	return 0;
}

static int
propose_run(struct cli *c, const void *args, int argc, char **argv)
{
	static const struct fetch_args none = { .apply = "branch" };
	struct propose p = { .j = { .c = c, .args = &none }, .a = args };
	struct err e = ERR_INIT;
	int rc = propose_do(&p, argc, argv, &e);

	if (rc == -1)
		rc = e.code == ERR_INVALID
		    ? cli_usage("fetch propose: %s", e.msg)
		    : cli_fail(c, &e, "fetch propose");
	free(p.shown);
	free(p.web);
	fetch_job_release(&p.j);
	return rc;
}

#define PROPOSE(field) offsetof(struct propose_args, field)

static const struct command_option propose_options[] = {
	{ 0, OPT_STR, "remote", PROPOSE(remote), "NAME",
	    "where to (default: as git push)" },
	{ 'b', OPT_STR, "base", PROPOSE(base), "BRANCH",
	    "what the pull request is for" },
	{ 't', OPT_STR, "title", PROPOSE(title), "TEXT",
	    "of the pull request (default: from the commits)" },
	{ 0, OPT_STR, "body", PROPOSE(body), "TEXT", "with --title" },
	{ 'y', OPT_FLAG, "yes", PROPOSE(yes), NULL, "do not ask" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

const struct command cmd_propose[] = {
	{ .name = "fetch propose",
	    .group = "Your clone",
	    .summary = "push a branch upstream with your own git and gh",
	    .usage = "[BRANCH]",
	    .max = 1,
	    .args_size = sizeof(struct propose_args),
	    .options = propose_options,
	    .run = propose_run },
	{ .name = NULL },
};
