/*
 * svc_pull: pull requests.  What git says about one (tips, mergeability, the
 * base's checks) is brought into its rows by one idempotent step, the refresh:
 * after it was opened, when its head or base moved, and for every open one at
 * start.  A refresh also sets refs/pull/N/head, queues CI jobs and writes the
 * events pull.synchronized and pull.conflict.
 */
#ifndef SERVER_SERVICE_SVC_PULL_H
#define SERVER_SERVICE_SVC_PULL_H

#include "server/domain/items.h"
#include "server/service/svc.h"
#include "server/service/svc_reviewer.h"

struct svc_pulls *svc_pulls_new(struct svc *s);
void svc_pulls_free(struct svc_pulls *p); /* NULL is fine */
/* Every open pull request of every project, in the background. */
void svc_pulls_start(struct svc *s);

/*
 * A branch has moved or gone and its rows are written: refreshes the open pull
 * requests it is head or base of.  branch is a short or a full name, actor the
 * user id.
 */
void svc_pull_on_branch(
    struct svc *s, int64_t project, const char *branch, int64_t actor);
/* All that are open in the project: they have other checks. */
void svc_pull_on_checks(struct svc *s, int64_t project, int64_t actor);

/* The full name of the head's branch, free(3), and the project it is in. */
char *svc_pull_head_ref(const struct pull *p, int64_t *project)
    __attribute__((returns_nonnull));

/* Where the head's branch is; "": it is gone, or it is a fork's and the author
 * may read that or this project no longer, and the head stays what it was. */
int svc_pull_head_now(
    struct txn *t, const struct pull *p, char sha[SHA_HEX + 1], struct err *e);

/* Do the checks of pull requests into that base run on what merging leaves? */
int svc_pull_tests_merge(
    struct txn *t, int64_t project, const char *base, bool *yes, struct err *e);

/* Is the row behind its branches? */
bool svc_pull_needs_refresh(struct svc *s, const struct pull *p);

/* Refresh one; done (may be NULL) comes once, later. */
typedef void svc_pull_refreshed_fn(const struct err *fail, void *arg);
void svc_pull_refresh(struct svc *s, int64_t project, int64_t number,
    int64_t actor, svc_pull_refreshed_fn *done, void *arg);

/* Somebody wants it merged: what its base moved under too often is tested
 * again, and what is tested again as soon as a new head. */
void svc_pull_retest(
    struct svc *s, const struct identity *who, const struct pull *p);

struct svc_pull_create {
	struct svc_op op;
	int64_t project_id;
	char *title;
	char *body;
	char *head; /* branch names */
	char *base;
	int64_t head_project; /* the fork that has the head, 0: none */
	char *label;          /* then OWNER:BRANCH */
	bool draft;
	struct item_fields fields;
	char *reviewers[SVC_REVIEWERS_MAX]; /* logins */
	size_t n_reviewers;
	int64_t number;   /* out */
	struct pull pull; /* out */
	char head_sha[SHA_HEX + 1];
	char base_sha[SHA_HEX + 1];
	char merge_base[SHA_HEX + 1];
};
struct svc_pull_create *svc_pull_create_new(
    struct svc *s, const struct identity *who);
/* A branch that is not there: ERR_NOTFOUND. */
void svc_pull_create(struct svc_pull_create *op, svc_done_fn *done, void *arg);

/*
 * The project that "owner:branch" or "owner/name:branch" is of, as a head for
 * p: a fork of it, what it is a fork of, or another fork of that.  label is
 * what the row has as its head, free(3).  ERR_NOTFOUND.
 */
int svc_pull_head_of(struct txn *t, const struct identity *who,
    const struct project *p, const char *head, int64_t *project, char **label,
    struct err *e);

/*
 * In a job: may the head's code run here?  One of a branch of the project, or
 * of a fork when a maintainer pushed it or approved exactly that commit.
 */
int svc_pull_is_trusted(struct txn *t, int64_t project, const struct pull *p,
    bool *yes, struct err *e);

struct svc_pull_edit {
	struct svc_op op;
	int64_t project_id;
	int64_t number;
	char *title; /* NULL: as it is */
	char *body;
	char *base;
	enum issue_state state; /* 0: as it is */
	int draft;              /* -1: as it is */
	struct item_fields fields;
	struct pull pull;           /* out */
	char base_sha[SHA_HEX + 1]; /* of the new base */
};
struct svc_pull_edit *svc_pull_edit_new(
    struct svc *s, const struct identity *who);
void svc_pull_edit(struct svc_pull_edit *op, svc_done_fn *done, void *arg);

/* In a job: rows and the event of a new pull request. */
struct svc_pull_rows {
	int64_t project_id;
	const char *title, *body, *head, *base;
	const char *head_sha, *base_sha, *merge_base;
	int64_t head_project; /* as in struct pull; head is its label then */
	bool draft;
	int64_t run_id;
};
/* Who moved the branch to `sha`, `other` when the rows do not know. */
int64_t svc_pull_head_user(struct txn *t, int64_t project, const char *head,
    const char *sha, int64_t other);
int svc_pull_insert(struct txn *t, const struct identity *who, int64_t now,
    const struct svc_pull_rows *r, int64_t *number, struct err *e);

#endif
