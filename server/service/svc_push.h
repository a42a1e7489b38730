/*
 * svc_push: what surrounds a push.  Before a byte of pack is handed on, its
 * commands are judged and the tips that may be lost are kept; after git ended,
 * however it ended, the refs that the commands named are compared with the
 * shadow rows and one transaction brings rows and events after the refs.  Work
 * on one project is done in order.
 */
#ifndef SERVER_SERVICE_SVC_PUSH_H
#define SERVER_SERVICE_SVC_PUSH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/domain/push_policy.h"

struct db;
struct err;
struct git_pool;
struct loop;
struct svc;
struct svc_push;

struct svc_push_spec {
	struct loop *loop;
	struct db *db;
	struct git_pool *pool;
	struct svc *svc; /* for svc_pull_on_branch */
};

struct svc_push *svc_push_new(const struct svc_push_spec *spec);
void svc_push_free(struct svc_push *p); /* NULL is fine */

/* Who pushes, taken from the identity by the caller. */
struct svc_pusher {
	int64_t project;
	int64_t actor;  /* user id of the events */
	int64_t writer; /* of what is pushed, 0: the actor */
	int64_t also;   /* wrote a part of it, too; 0: nobody */
	int64_t pull;   /* it is this pull request's commits made again */
	bool made;      /* the server made the one new commit, or those */
	enum push_who who;
	char run_branch[256]; /* "" : none */
	char default_branch[256];
	bool no_upstream;
	/* See push_rules; paths are copied. */
	bool guards;
	bool forward;
	const char *const *paths;
	size_t n_paths;
	int64_t kept_at; /* from svc_push_judge, for svc_push_settle */
};

/* fail, or a verdict for each command (valid during the call).  Tips that an
 * allowed command may drop are kept by then, under kept_at (0: none). */
struct svc_push_judged {
	const struct err *fail;
	const struct push_verdict *v;
	size_t n;
	int64_t kept_at;
	/* Lines for the update hook, one for each guard of a verdict: "force
	 * REF", "keep REF PATTERN", "only REF PATTERN"; "" for none. */
	const char *guards;
};
typedef void svc_push_judged_fn(const struct svc_push_judged *r, void *arg);
/* The commands are copied.  done comes once, later. */
void svc_push_judge(struct svc_push *p, const struct svc_pusher *who,
    const struct push_command *c, size_t n, bool atomic,
    svc_push_judged_fn *done, void *arg);

/* fail says that rows could not follow the refs (reconcile will). */
typedef void svc_push_settled_fn(const struct err *fail, void *arg);
/* done may be NULL. */
void svc_push_settle(struct svc_push *p, const struct svc_pusher *who,
    const struct push_command *c, size_t n, svc_push_settled_fn *done,
    void *arg);

#endif
