/*
 * worker_priv: what the operations of the git worker share.  A worker is one
 * process, serves one request after the other, and may be killed at any time:
 * it keeps nothing that matters.
 *
 * A request or reply frame's payload is u32 (big endian) length of the JSON,
 * the JSON object, then raw bytes.
 */
#ifndef SERVER_GIT_WORKER_PRIV_H
#define SERVER_GIT_WORKER_PRIV_H

#include <git2.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/view.h"
#include "lib/wire/json.h"

enum {
	WORKER_FRAME_CALL = 1,
	WORKER_FRAME_OK = 2,
	WORKER_FRAME_FAIL = 3,
	WORKER_JSON_MAX = 4 << 20,
	WORKER_RAW_MAX = 8 << 20,
	WORKER_CALL_MAX = 8 << 20,
	WORKER_STAT_MS = 3000,  /* of one call, for what commits changed */
	WORKER_LOCK_AGE_S = 30, /* no lock of a living git is held so long */
	/* Of the lists of refs, which grow with the repository. */
	WORKER_REFS_MAX = 32 << 20,
	WORKER_FRAME_MAX = WORKER_JSON_MAX + WORKER_REFS_MAX + 64
};

/* What the ids of a repository's refs peel to, from one list to the next. */
struct worker_peels;
void worker_peels_free(struct worker_peels *m); /* NULL is fine */

struct worker_memo;

struct worker_call {
	git_repository *repo;
	struct worker_peels **peels; /* of that repository */
	struct worker_memo **memo;   /* the same */
	const struct json *in;
	struct view raw_in;
	struct jw *w; /* inside the reply's object */
	struct str *raw;
};

typedef int worker_op_fn(struct worker_call *c, struct err *e);

struct worker_op {
	const char *name;
	worker_op_fn *fn;
};

/* Each ends with a NULL name. */
extern const struct worker_op worker_ops_refs[];
extern const struct worker_op worker_ops_read[];
extern const struct worker_op worker_ops_merge[];
extern const struct worker_op worker_ops_diff[];
extern const struct worker_op worker_ops_clean[];
extern const struct worker_op worker_ops_report[];
extern const struct worker_op worker_ops_care[];
extern const struct worker_op worker_ops_list[];
extern const struct worker_op worker_ops_push[];
extern const struct worker_op worker_ops_pull[];
extern const struct worker_op worker_ops_history[];
extern const struct worker_op worker_ops_objects[];
extern const struct worker_op worker_ops_tree[];
extern const struct worker_op worker_ops_show[];
extern const struct worker_op worker_ops_write[];
extern const struct worker_op worker_ops_tests[];
extern const struct worker_op worker_ops_text[];
extern const struct worker_op worker_ops_blame[];
extern const struct worker_op worker_ops_findings[];
extern const struct worker_op worker_ops_scratch[];
extern const struct worker_op worker_ops_touched[];

/* A libgit2 result below zero as an error: "what: its message". */
int worker_fail(struct err *e, int rc, const char *what);
/* A required text argument. */
int worker_arg(const struct worker_call *c, const char *key, const char **out,
    struct err *e);
/* The commit that the argument `key` names. */
int worker_commit(const struct worker_call *c, const char *key,
    git_commit **out, struct err *e);
int worker_commit_of(
    git_repository *repo, const char *rev, git_commit **out, struct err *e);
/* From the merge base of the arguments base and head to head; without one,
 * from base itself.  flags: more of git_diff_option_t. */
int worker_diff_make(
    struct worker_call *c, uint32_t flags, git_diff **out, struct err *e);
/* git_diff_tree_to_tree, which reads no more of both than differs. */
int worker_diff_trees(git_diff **out, git_repository *repo, git_tree *was,
    git_tree *is, const git_diff_options *opts);
/* Text of a repository made valid UTF-8. */
void worker_text(struct jw *w, const char *key, const char *s);
void worker_oid(struct jw *w, const char *key, const git_oid *id);

/* The same for a rev that somebody outside names: short ids too, and for a
 * tree its own id. */
int worker_commit_named(
    git_repository *repo, const char *rev, git_commit **out, struct err *e);
int worker_tree_named(
    git_repository *repo, const char *rev, git_tree **out, struct err *e);

/* What is told of a commit beside itself; until (monotonic ms, 0: any time)
 * bounds what is expensive, which is left out later. */
struct worker_want {
	bool stat;
	bool files;
	bool verify;
	int64_t until;
};
void worker_want_read(const struct worker_call *c, struct worker_want *out);
/* The person at that key, {name, email, at}. */
int worker_signature(const struct worker_call *c, const char *key,
    git_signature **out, struct err *e);
void worker_put_person(struct jw *w, const char *key, const git_signature *s);
void worker_put_message(struct jw *w, const char *key, const char *message);
/* {sha, tree, message, author: {name, email, at}, committer, parents: [sha]}
 * and what is wanted: signature, payload, files: [{filename, status}], stats:
 * {additions, deletions}.  want NULL: nothing. */
int worker_put_commit(struct jw *w, git_repository *repo,
    const git_commit *commit, const struct worker_want *want, struct err *e);

static inline void
worker_commit_drop(git_commit **p)
{
	git_commit_free(*p);
}
static inline void
worker_tree_drop(git_tree **p)
{
	git_tree_free(*p);
}
static inline void
worker_index_drop(git_index **p)
{
	git_index_free(*p);
}
static inline void
worker_diff_drop(git_diff **p)
{
	git_diff_free(*p);
}
static inline void
worker_walk_drop(git_revwalk **p)
{
	git_revwalk_free(*p);
}
static inline void
worker_ref_drop(git_reference **p)
{
	git_reference_free(*p);
}

#define AUTO_COMMIT __attribute__((cleanup(worker_commit_drop)))
#define AUTO_TREE __attribute__((cleanup(worker_tree_drop)))
#define AUTO_INDEX __attribute__((cleanup(worker_index_drop)))
#define AUTO_DIFF __attribute__((cleanup(worker_diff_drop)))
#define AUTO_WALK __attribute__((cleanup(worker_walk_drop)))
#define AUTO_REF __attribute__((cleanup(worker_ref_drop)))

#endif
