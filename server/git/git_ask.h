/*
 * git_ask: the questions behind the pages of a repository, beside those of
 * git_pool.h and with its rules.  A rev here is also a short id of four digits
 * or more; whoever passes on what somebody outside named asks gitpool_rev_told
 * first.
 *
 * Commit: {sha, tree, message, author: {name, email, at}, committer, parents:
 * [sha]}, and when asked for: signature, payload (absent when it is not
 * signed), stats: {additions, deletions}, files: [{filename, status}] (at most
 * 300); the last two are left out when they take too long.
 */
#ifndef SERVER_GIT_GIT_ASK_H
#define SERVER_GIT_GIT_ASK_H

#include "server/git/git_pool.h"

enum {
	GIT_ASK_COMMITS_MAX = 1000,
	GIT_ASK_OBJECTS_MAX = 1000,
	GIT_ASK_TREE_MAX = 1000,     /* entries of a page */
	GIT_ASK_FOLDER_MAX = 2000,   /* entries of a folder */
	GIT_ASK_FILES_MAX = 100,     /* of one commit that is written */
	GIT_ASK_BLOB_MAX = 4 << 20,  /* bytes that are told at once */
	GIT_ASK_TEXT_MAX = 4 << 20,  /* of a diff or of patches */
	GIT_ASK_HEADS_MAX = 1 << 20, /* more, of files without their lines */
	GIT_ASK_PATCHES_MAX = 250
};

/* What is told of commits. */
struct git_ask_want {
	bool stat, files, verify;
};

/* {commits: [Commit], more, total, late}, newest first.  total counts all, as
 * far as one second goes, with `count`; late: the time was over before. */
struct git_ask_history {
	const char *rev;
	const char *path;     /* those that changed it; NULL: all */
	const char *without;  /* not what this reaches; NULL: all */
	int64_t since, until; /* ms of the committer, 0: any */
	uint32_t skip, limit;
	bool count;
	struct git_ask_want want;
};
void gitask_history(struct git_pool *p, int64_t project,
    const struct git_ask_history *spec, git_done_fn *done, void *arg);

/* {base, head, merge_base (null: none), ahead, behind} */
void gitask_range(struct git_pool *p, int64_t project, const char *base,
    const char *head, git_done_fn *done, void *arg);

/*
 * {objects: [{sha, type ("" : not there), tag: {name, message, tagger, target,
 * target_type}, commits: [what it peels to]}]}: tag for an annotated one,
 * commits only when `commits` is set.  ids are 40 digits.
 */
struct git_ask_objects {
	const char *const *ids;
	size_t n;
	bool commits;
	struct git_ask_want want;
};
void gitask_objects(struct git_pool *p, int64_t project,
    const struct git_ask_objects *spec, git_done_fn *done, void *arg);

/* {total, tags: [{name, objects: [as above]}]}, newest first; name: only that
 * one, ERR_NOTFOUND. */
void gitask_tags(struct git_pool *p, int64_t project, const char *name,
    uint32_t skip, uint32_t limit, git_done_fn *done, void *arg);

/* {sha}: an annotated tag is written; no ref moves. */
struct git_ask_tag {
	const char *name, *target, *message;
	struct git_person tagger;
};
void gitask_tag_make(struct git_pool *p, int64_t project,
    const struct git_ask_tag *spec, git_done_fn *done, void *arg);

/* {sha, total, tree: [{path, mode, type, size, sha}]}; rev may be a tree. */
struct git_ask_tree {
	const char *rev;
	bool recursive;
	uint32_t skip, limit;
};
void gitask_tree(struct git_pool *p, int64_t project,
    const struct git_ask_tree *spec, git_done_fn *done, void *arg);

/*
 * {commit, folder, truncated, total, entries: [{name, path, sha, type:
 * "file"|"dir"| "symlink"|"submodule", mode, size, target, submodule, last:
 * {sha, at, author_at, message}}]}; of a file or link also {whole, binary} and
 * raw: its bytes, when they are at most max.  "" is the root.  With a limit a
 * folder is told by pages, folders first, and with `readme`, the name of the
 * file that tells of it, if there is one.
 */
struct git_ask_entry {
	const char *rev;
	const char *path;
	size_t max;
	uint64_t skip;
	uint32_t limit;
	bool last;    /* tell what changed it last, as far as it is found */
	bool leading; /* the path may begin with a branch, tag or full id */
};
void gitask_entry(struct git_pool *p, int64_t project,
    const struct git_ask_entry *spec, git_done_fn *done, void *arg);

/* {sha, size, whole}; raw: the bytes, when they are at most max. */
void gitask_blob(struct git_pool *p, int64_t project, const char *sha,
    size_t max, git_done_fn *done, void *arg);

/* {truncated, files, added, deleted}; raw: a diff, or mails as git format-patch
 * makes them.  The numbers are of all that a diff has, or had until it was
 * cut. */
struct git_ask_show {
	const char *base; /* NULL: head alone, against its first parent */
	const char *head;
	bool direct; /* from base itself, not from the merge base */
	bool patch;
	const char *path; /* that file of a diff alone; NULL: all */
	bool heads;       /* a diff that is cut names the files behind, too */
};
void gitask_show(struct git_pool *p, int64_t project,
    const struct git_ask_show *spec, git_done_fn *done, void *arg);

/* {sha, tree, files: [{path, sha (null: deleted), size}]}: a commit on top of
 * base.  ERR_INVALID, ERR_NOTFOUND say which file is not as expected. */
struct git_ask_file {
	const char *op; /* create, update, upload, rename, delete */
	const char *path;
	const char *from; /* what is moved, NULL: path */
	const char *sha;  /* what is expected there, NULL: none given */
	bool has_bytes;
	struct view bytes;
};
struct git_ask_write {
	const char *base; /* commit id, NULL: the first commit */
	const char *message;
	struct git_person author, committer;
	const struct git_ask_file *files;
	size_t n;
};
void gitask_write(struct git_pool *p, int64_t project,
    const struct git_ask_write *spec, git_done_fn *done, void *arg);

/* {sizes}; raw: the same of many texts, one behind the other. */
void gitask_markdowns(struct git_pool *p, int64_t project,
    const struct view *texts, size_t n, git_done_fn *done, void *arg);

/* {hunks: [{sha, line, lines, author, message: its first line}]}: who wrote
 * which lines last, in order; at most 20,000.  A long history is ERR_TIMEOUT.
 */
void gitask_blame(struct git_pool *p, int64_t project, const char *rev,
    const char *path, git_done_fn *done, void *arg);

/* raw: the tokens of server/text/md.h.  What takes longer than a call may is
 * ERR_TIMEOUT: show it as text. */
void gitask_markdown(struct git_pool *p, int64_t project, struct view text,
    git_done_fn *done, void *arg);

#endif
