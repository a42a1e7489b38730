/*
 * svc_ci_head: the jobs of a pull request's head: of its checks, of what
 * comments ordered, of its tests on the base's code; and what the gate
 * requires of them beside the checks.
 */
#ifndef SERVER_SERVICE_SVC_CI_HEAD_H
#define SERVER_SERVICE_SVC_CI_HEAD_H

#include "lib/base/str.h"
#include "server/domain/checks.h"
#include "server/service/svc.h"

struct git_result;
struct job;
struct pull;

enum {
	SVC_CI_ORDERS = 50, /* of one pass */
	/* Of one head, because its base moved; then when its merge is asked
	 * for. */
	SVC_CI_RETESTS_MAX = 20
};

/* What the change does to files and tests, of gitpool_tests. */
struct svc_ci_change {
	bool known;
	bool checks_file; /* it changes .coffer/checks.yml */
	bool wants[CHECKS_MAX];
	bool several;           /* no one base that tests could be laid over */
	char tree[SHA_HEX + 1]; /* "": none */
	char bug_tree[SHA_HEX + 1];
	int64_t tests; /* files added or changed */
	int64_t code;  /* other files */
	struct str notes;
	char file_error[240];          /* of its own checks.yml */
	char merged_error[240];        /* of what the base's would be then */
	int64_t orders[SVC_CI_ORDERS]; /* whose words git was given */
	size_t n_orders;
};
/* Of a gitpull_touched that was not answered every check looks at a file; the
 * other is of a gitpool_tests, and may come in any order. */
void svc_ci_change_touched(const struct git_result *res,
    const struct checks *checks, struct svc_ci_change *out);
void svc_ci_change_read(const struct git_result *res,
    const struct checks *checks, struct svc_ci_change *out);
void svc_ci_change_release(struct svc_ci_change *c);

struct svc_ci_head {
	struct svc *svc;
	const struct identity *ci;
	int64_t now;
	int64_t project_id;
	int64_t pull;
	const char *sha;
	const char *base_sha;
	const char *merge_tree; /* what checks run on, "": it conflicts and none
				 * does; NULL: they run on sha */
	const struct checks *checks;
	const struct svc_ci_change *change;
	int64_t queued; /* out */
};
/* In a job. */
int svc_ci_head_jobs(struct txn *t, struct svc_ci_head *h, struct err *e);
/* The commands that wait for jobs, a line each; whose they are in c. */
int svc_ci_head_words(struct txn *t, int64_t project, int64_t pull,
    const char *sha, struct svc_ci_change *c, struct str *out, struct err *e);
/* Beside the file's: what people and `new_tests` require.  ERR_LIMIT: it does
 * not fit. */
int svc_ci_head_required(struct txn *t, int64_t project, int64_t pull,
    struct checks *checks, struct err *e);

/* A part has ended: what all come to, when all have. */
int svc_ci_head_part(struct txn *t, struct svc *s, int64_t now,
    const struct job *part, struct err *e);
/* The same of the tests on the base, when none has ended just now. */
int svc_ci_head_proved(struct txn *t, struct svc *s, int64_t now,
    const struct job *like, struct err *e);

#endif
