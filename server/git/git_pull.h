/*
 * git_pull: what a pull request asks of its repository, by the rules of
 * git_pool.h.  base and head are revs; each compares head with what the two
 * have in common.
 */
#ifndef SERVER_GIT_GIT_PULL_H
#define SERVER_GIT_GIT_PULL_H

#include "server/git/git_pool.h"

enum {
	GIT_PULL_FILES_MAX = 3000, /* looked at for counts and lines */
	GIT_PULL_LINES_MAX = 1000,
	GIT_BROUGHT_MAX = 10000
};

/* A line of a file; sha is the commit in which it is. */
struct git_pull_line {
	const char *path;
	const char *sha;
	int64_t line; /* from 1 */
	bool old;     /* of the merge base, not of the head */
};

/*
 * {additions, deletions, files, lines: [n]}: the size of the diff (lines of the
 * first GIT_PULL_FILES_MAX files), and where each line is now, 0 when it was
 * changed or its file is gone.
 */
struct git_pull_facts {
	const char *base;
	const char *head;
	const struct git_pull_line *lines;
	size_t n;
};
void gitpull_facts(struct git_pool *p, int64_t project,
    const struct git_pull_facts *spec, git_done_fn *done, void *arg);

/* {base, head, merge_base, hunks: [text]}: the part of the diff that ends at
 * each line, "" when the diff does not show it.  sha is not used. */
void gitpull_hunks(struct git_pool *p, int64_t project,
    const struct git_pull_facts *spec, git_done_fn *done, void *arg);

/* {files: [{path, old_path, status: "added"|"changed"|"deleted"|"renamed",
 * additions, deletions, binary}], truncated, total}, a page of them. */
struct git_pull_files {
	const char *base;
	const char *head;
	const char *skip_to;    /* a path to begin at; NULL: the first */
	const char *whitespace; /* "ignore-all" "ignore-change" "ignore-eol" */
	uint32_t skip;          /* NULL or another word: all shown */
	uint32_t limit;
};
void gitpull_files(struct git_pool *p, int64_t project,
    const struct git_pull_files *spec, git_done_fn *done, void *arg);

/*
 * What merging head into base would bring, as findings/check.h sees it: {base,
 * head, findings: [{rule, severity, file, line, message, of}]}; `of` is the
 * content that the finding is of, the head for one of the whole change.  What
 * was not looked at is a finding, too.  At most FINDING_MAX and one.
 */
void gitpull_look(struct git_pool *p, int64_t project, const char *base,
    const char *head, git_done_fn *done, void *arg);

/* {paths: [path], truncated, checks_error?}: the files that differ in the head
 * and those that the merge of the two changes in the base, of each the first
 * 3000; a conflict has none of the latter.  checks_error: what is wrong with
 * the merge's .coffer/checks.yml, when base and head have another. */
void gitpull_touched(struct git_pool *p, int64_t project, const char *base,
    const char *head, git_done_fn *done, void *arg);

/* {commits: [sha], truncated}: the commits that `rev` reaches and none of
 * `hide` (NULL at the end; one that is gone hides nothing); truncated: there
 * are more than limit. */
struct git_brought {
	const char *rev;
	const char *const *hide;
	uint32_t limit; /* GIT_BROUGHT_MAX at most */
};
void gitpull_brought(struct git_pool *p, int64_t project,
    const struct git_brought *spec, git_done_fn *done, void *arg);

#endif
