/*
 * git_pool: questions about repositories, answered by worker processes that
 * hold libgit2, so that a crash or an endless walk on hostile objects costs one
 * worker and one request.
 *
 * A call never fails at once: `done` comes exactly once, later, from the loop,
 * with r->fail set when it failed: ERR_BUSY the queue is full, ERR_TIMEOUT the
 * worker was killed at the call's limit, ERR_INTERNAL it died, else the
 * operation's own error (ERR_NOTFOUND no such ref, object or path, ERR_EXISTS a
 * compare-and-set lost, ERR_INVALID ...).  Everything in the result lives
 * during `done` only.  `project` names the repository HOME/repos/ID.git; a
 * `rev` is a full ref name, a branch's short name or 40 hex digits.
 */
#ifndef SERVER_GIT_GIT_POOL_H
#define SERVER_GIT_GIT_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/view.h"
#include "lib/io/loop.h"

struct checks;
struct err;
struct git_pool;
struct json;
struct repo_use;
struct ref_cache;

enum {
	GIT_SHA_TEXT = 41, /* 40 hex digits and a NUL */
	GIT_POOL_REPLY_MAX = 8 << 20,
	GIT_POOL_QUEUE_MAX = 1024
};

#define GIT_ZERO_SHA "0000000000000000000000000000000000000000"

struct git_pool_spec {
	struct loop *loop;
	const char *repos;              /* HOME/repos; copied */
	const char *const *worker_argv; /* e.g. {"/proc/self/exe",
					   "--git-worker", NULL}; copied */
	unsigned workers;               /* 0: 2 */
	int64_t limit_ms;               /* of one call, 0: 30 s */
	struct repo_use *use; /* what writes takes it shared; may be NULL */
};

struct git_result {
	const struct err *fail; /* NULL: it worked */
	const struct json *j;   /* fields named at each call */
	struct view raw;        /* bytes named at each call */
};

typedef void git_done_fn(const struct git_result *r, void *arg);

/* The hash in that field; "" when it is null. */
void gitpool_sha(
    const struct git_result *r, const char *key, char out[GIT_SHA_TEXT]);

struct git_pool *gitpool_new(const struct git_pool_spec *spec, struct err *e);
void gitpool_free(struct git_pool *p); /* kills; no completion comes */

/* What `cofferd --git-worker` runs: serves requests on fd until it closes. */
int gitworker_main(int fd);

/* {sha}: the commit that rev, a ref or an id that may be short, names. */
void gitpool_resolve(struct git_pool *p, int64_t project, const char *rev,
    git_done_fn *done, void *arg);

/*
 * The list of refs as it is now, shared and remembered (ref_cache.h).
 * gitpool_refs_moved: a git child moved refs of that repository, what is
 * remembered of it is dropped; cheap, idempotent; to be called before anybody
 * hears of the move.  gitpool_refs_update calls it itself.
 */
struct ref_cache *gitpool_ref_cache(struct git_pool *p)
    __attribute__((returns_nonnull));
void gitpool_refs_moved(struct git_pool *p, int64_t project);

/* {head}: where HEAD points, e.g. "refs/heads/main"; raw: one line for each
 * ref that begins with prefix, sorted by name, see gitpool_ref_next. */
void gitpool_refs(struct git_pool *p, int64_t project, const char *prefix,
    git_done_fn *done, void *arg);

/* {sha, size, binary}; raw: the bytes.  Over max is ERR_LIMIT. */
void gitpool_blob(struct git_pool *p, int64_t project, const char *rev,
    const char *path, size_t max, git_done_fn *done, void *arg);

/* What a push to `rev` brought beside what `hide` reaches (ids, NULL at the
 * end; one that is gone hides nothing): {head: commit, commits: [commit],
 * total}, newest first, the newest `limit` (0..50) of at most 1000 counted.
 * commit: {sha, message, author: {name, email, at}, committer, added: [path],
 * removed, modified}, at most 300 names each
 * and 256 KiB of names in all. */
void gitpool_pushed(struct git_pool *p, int64_t project, const char *rev,
    const char *const *hide, uint32_t limit, git_done_fn *done, void *arg);

/* {base, head, merge_base (null: none), ahead, behind}: ahead is what head has
 * and base has not. */
void gitpool_compare(struct git_pool *p, int64_t project, const char *base,
    const char *head, git_done_fn *done, void *arg);

/* {yes}: every commit of `old` is reached from `new_rev`. */
void gitpool_is_ancestor(struct git_pool *p, int64_t project, const char *old,
    const char *new_rev, git_done_fn *done, void *arg);

struct git_person {
	const char *name;
	const char *email;
	int64_t at; /* ms */
};

/*
 * Move refs.  old is what must be there: zero for "must not exist", "" for
 * "whatever is there"; new_sha zero deletes.  Atomic: every ref is locked and
 * compared before one moves, a failure moves none and is the call's error.  Not
 * atomic: raw has a line "ref error" for each change that failed, {failed: n}.
 * head, if given, is where HEAD points afterwards.
 */
struct git_ref_change {
	const char *ref;
	const char *old;
	const char *new_sha;
};
struct git_refs_spec {
	const struct git_ref_change *v;
	size_t n; /* at most 100000 */
	bool atomic;
	const char *head;          /* NULL: leave it */
	const char *upstream_head; /* the same for the upstream namespace */
};
void gitpool_refs_update(struct git_pool *p, int64_t project,
    const struct git_refs_spec *spec, git_done_fn *done, void *arg);
/* {}: what a git child wrote there and moved survives a power cut.
 * gitpool_refs_update and gitpool_merge do so by themselves. */
void gitpool_sync(struct git_pool *p, int64_t project, const char *const *refs,
    size_t n, git_done_fn *done, void *arg);

/* {truncated}; raw: unified diff from merge base to head, as `git diff`
 * base...head prints it; at most max bytes, cut at a line. */
void gitpool_diff(struct git_pool *p, int64_t project, const char *base,
    const char *head, size_t max, git_done_fn *done, void *arg);

/* {same}: what `local` has and `upstream` has not is already in upstream as the
 * same tree or, commit by commit, as the same patch. */
void gitpool_same_change(struct git_pool *p, int64_t project,
    const char *upstream, const char *local, git_done_fn *done, void *arg);

/* {found, error (null, or what is wrong with its line)} and the checks, taken
 * with gitpool_result_checks.  text: what is read instead of the commit's
 * .coffer/checks.yml, NULL: nothing.  A check that names no presets has those
 * of the languages at the top of the commit's tree. */
void gitpool_checks(struct git_pool *p, int64_t project, const char *rev,
    const char *text, git_done_fn *done, void *arg);
/* Copies the checks out of a gitpool_checks result; release with
 * checks_release. */
int gitpool_result_checks(
    const struct git_result *r, struct checks *out, struct err *e);

/*
 * What a change from `base` (a merge base of `tip` and `head`, to which their
 * others are added when there are two) to `head` does to the tests: {files:
 * [path], truncated (at 3000), checks_file: it changes .coffer/checks.yml,
 * tests: how many it adds or changes, code: how many other files it changes,
 * tree, bug_tree: of the base with the head's tests laid over it, the latter
 * also with what `words` name; null: nothing is laid over, several: for
 * there is no one base, notes: [{what:
 * "deleted"|"skipped"|"fewer"|"lowered", path, line, text}], at most 50,
 * notes_total}.  The trees are objects that no ref holds.  patterns: of struct
 * checks, or NULL.
 */
struct git_tests_spec {
	const char *base;
	const char *tip; /* of the base branch; NULL: base */
	const char *head;
	const char *patterns;
	const char *words; /* commands; NULL: none */
};
void gitpool_tests(struct git_pool *p, int64_t project,
    const struct git_tests_spec *spec, git_done_fn *done, void *arg);

/* What the commit's tree has that a mirror does not bring: {sha, submodules:
 * [{name, path, url}], submodules_truncated, gitlinks, lfs: {filters, pointers,
 * bytes, truncated}}.  Bounded in time; nothing is followed. */
void gitpool_contents(struct git_pool *p, int64_t project, const char *rev,
    git_done_fn *done, void *arg);

/* {removed}: locks, quarantines and half packs of a git that was killed: too
 * old to be a living one's, or a lock that stays as it is for 1.5 s while no
 * process is in the repository. */
void gitpool_clean(
    struct git_pool *p, int64_t project, git_done_fn *done, void *arg);
/* The same whatever its age: nobody but the caller writes the repository. */
void gitpool_clean_all(
    struct git_pool *p, int64_t project, git_done_fn *done, void *arg);
/* {removed}: the lock of a ref, when it stays as it is for 1.5 s: who took it
 * was killed. */
void gitpool_unlock(struct git_pool *p, int64_t project, const char *ref,
    git_done_fn *done, void *arg);

/* The fields of struct care_facts: what is in the repository, by its files. */
void gitpool_survey(
    struct git_pool *p, int64_t project, git_done_fn *done, void *arg);

/* A line of gitpool_refs: walk with *rest = r->raw. */
struct git_ref {
	char sha[GIT_SHA_TEXT];
	struct view name;
};
bool gitpool_ref_next(struct view *rest, struct git_ref *out);

/* A rev that somebody outside names: ERR_NOTFOUND when it is a hidden ref. */
int gitpool_rev_told(const char *rev, struct err *e);

bool gitpool_sha_ok(const char *s); /* exactly 40 lower-case hex digits */
bool gitpool_sha_is_zero(const char *s);

#endif
