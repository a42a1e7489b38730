/*
 * code: the pages of a repository's files and history.  Each waits for git:
 * what it knows meanwhile is a struct code, which ends with the reply.
 */
#ifndef SERVER_WEB_CODE_H
#define SERVER_WEB_CODE_H

#include "server/git/git_ask.h"
#include "server/web/web.h"

enum {
	CODE_PAGE = 50,          /* rows of a list */
	CODE_FOLDER_PAGE = 200,  /* entries of a folder */
	CODE_FILE_MAX = 1 << 20, /* of a file that is shown */
	CODE_LINES_MAX = 20000,
	CODE_PATH_MAX = 4096
};

struct code {
	struct call *c;
	struct project p;
	char kind[8];           /* "branch", "tag", "commit" */
	char *rev;              /* its name, or 40 digits */
	char *path;             /* "": the top */
	char sha[GIT_SHA_TEXT]; /* the commit that it is */
	char *at;               /* "/O/P", escaped */
	char *where;            /* "branch/main", escaped */
	uint32_t page;
	struct json *entry; /* what git said first, until it said the rest */
};
typedef void code_go_fn(struct code *x);

/* The project and the call, held; NULL after the reply. */
struct code *code_new(struct call *c);
void code_free(struct code *x);
/* True after it replied with the failure and freed x. */
bool code_failed(struct code *x, const struct err *fail);
/* The arguments 2 and 3, the kind and a path that begins with the name; then
 * `go`, or a reply.  _default: the default branch; an empty repository has its
 * own page. */
void code_resolve(struct code *x, code_go_fn *go);
void code_resolve_default(struct code *x, code_go_fn *go);
/* "/O/P/WHAT/branch/main[/path]" as href of the tag at hand. */
void code_href(
    struct web *w, const struct code *x, const char *what, const char *path);
/* The page's frame: title, where one is, the other pages of the same place. */
void code_begin(struct web *w, struct code *x, const char *what);
/* Author and time of {author: {name, at}} of a commit. */
void code_by(struct web *w, const struct json *commit);
/* The first line of a message, as a link to its commit. */
void code_subject(
    struct web *w, const struct code *x, const char *sha, const char *message);
/* Keeps an answer as x->entry; -1 after it replied and freed x. */
int code_keep(struct code *x, const struct json *j);
/* How much changed, and the diff, on a page of its own: ?view=split,
 * ?file=PATH.  here and blob as in diff_view. */
void code_diff(struct web *w, const struct code *x,
    const struct git_result *res, const char *here, const char *blob);

/* A folder's README, when there is one; called with its tokens. */
void code_readme(struct web *w, const struct code *x, struct view tokens);

#endif
