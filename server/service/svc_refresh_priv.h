/* svc_refresh_priv: the parts of a pull request's refresh: who asks git, and
 * what one transaction writes of its answers. */
#ifndef SERVER_SERVICE_SVC_REFRESH_PRIV_H
#define SERVER_SERVICE_SVC_REFRESH_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/list.h"
#include "server/domain/checks.h"
#include "server/service/svc_ci_head.h"
#include "server/service/svc_pull.h"
#include "server/store/pulls.h"
#include "server/store/review_comments.h"

struct err;
struct txn;

enum {
	SVC_REFRESH_KEY = 48
};

struct svc_refresh_wait {
	STAILQ_ENTRY(svc_refresh_wait) entry;
	svc_pull_refreshed_fn *fn;
	void *arg;
};
STAILQ_HEAD(svc_refresh_waits, svc_refresh_wait);

struct svc_refresh {
	TAILQ_ENTRY(svc_refresh) entry;
	struct svc *s;
	char key[SVC_REFRESH_KEY];
	int64_t project;
	int64_t number;
	int64_t actor;      /* the writer thread's while it runs */
	int64_t next_actor; /* of the pass after */
	bool running;
	bool again;
	bool by_sha;                    /* the head branch is gone */
	struct svc_refresh_waits waits; /* of this pass */
	struct svc_refresh_waits next;  /* of the one after */
	char *head_ref;
	char *base_ref;
	char row_head[SHA_HEX + 1];
	char head[SHA_HEX + 1];
	char base[SHA_HEX + 1];
	char merge_base[SHA_HEX + 1];
	char merge_tree[SHA_HEX + 1]; /* with test_merge; "": a conflict */
	char row_base[SHA_HEX + 1];   /* merge base of the rows */
	bool sized;                   /* the rows have the size of the diff */
	bool facts;                   /* stat and lines are filled */
	struct pull_stat stat;
	struct review_comment_list
	    live;       /* comments whose lines are asked for */
	int64_t *lines; /* where they are now */
	char *conflicts;
	char *parts; /* the commits that the base has not, as JSON; NULL: more
			than can be told */
	int64_t head_project;
	bool clean;
	bool test_merge; /* checks run on what a merge would leave */
	bool same;       /* the base has its changes as other commits */
	struct checks checks;
	struct svc_ci_change change;
	struct identity who;
	struct identity ci;
	int64_t now;
	int64_t queued; /* jobs */
};

/* Of arg, a svc_refresh that git has answered. */
int svc_refresh_job(struct txn *t, void *arg, struct err *e);

#endif
