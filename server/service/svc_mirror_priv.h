/*
 * svc_mirror_priv: one synchronisation as its files share it: svc_mirror.c is
 * the sequence, svc_mirror_plan.c finds what follows for each local ref,
 * svc_mirror_report.c remembers what waits and tells what was done.
 */
#ifndef SERVER_SERVICE_SVC_MIRROR_PRIV_H
#define SERVER_SERVICE_SVC_MIRROR_PRIV_H

#include "lib/base/err.h"
#include "lib/base/list.h"
#include "lib/base/str.h"
#include "server/domain/mirror_plan.h"
#include "server/domain/types.h"
#include "server/service/svc_mirror.h"
#include "server/service/svc_refs.h"

struct git_result;
struct json;
struct map;
struct mirror_op;
struct txn;

/* One branch or tag of upstream, before or now. */
struct mirror_item {
	char *ref;                /* local full name */
	char old_up[SHA_HEX + 1]; /* "" when absent */
	char new_up[SHA_HEX + 1];
	char local[SHA_HEX + 1];
	char target[SHA_HEX + 1]; /* what the local ref becomes */
	struct mirror_branch facts;
	struct mirror_step step;
	char *kept;  /* name of the kept ref, NULL: none */
	bool failed; /* git refused to move it */
	bool waited; /* it waits since an earlier synchronisation */
	const struct json *waiting; /* its entry of then */
};

struct mirror_job {
	TAILQ_ENTRY(mirror_job) link;
	struct svc_mirror *m;
	svc_mirror_done_fn *done;
	void *arg;
	struct project project;
	char *token;
	struct mirror_op *op;
	bool writing; /* the database has it */
	bool closed;  /* svc_mirror_free came meanwhile */

	struct str remote; /* upstream's refs, "SHA NAME\n" */
	char head[256];    /* upstream's HEAD, "refs/heads/main" or "" */
	char local_head[256];
	bool fetched;
	bool first; /* nothing was ever mirrored */

	struct map *shadow; /* upstream ref -> its last settled id */
	struct map *local;  /* local ref -> id */
	struct mirror_item *items;
	size_t n, cap;
	size_t at; /* the item being planned */
	uint32_t refs;

	struct json *waiting; /* what waited before; its text */
	char *waiting_before;
	struct str waiting_now;
	struct str report;

	struct svc_refs rows;
	int64_t now;
	int64_t next_at;
	struct err fail;
	bool auth, permanent;
};

TAILQ_HEAD(mirror_jobs, mirror_job);

struct svc_mirror {
	struct svc_mirror_spec spec;
	char *secrets; /* spec borrows it */
	struct mirror_jobs jobs;
	struct map *clean; /* projects whose rows were seen to follow */
	int64_t last_kept;
};

/* Make the items from the shadow, what was fetched and what is local. */
int mirror_items_make(struct mirror_job *j, struct view raw, struct err *e);
/* Plan from item `at` on, asking git; then mirror_job_planned. */
void mirror_items_plan(struct mirror_job *j);
void mirror_items_release(struct mirror_job *j);
/* Another one, absent everywhere; the pointers of earlier ones end. */
struct mirror_item *mirror_item_add(struct mirror_job *j, const char *ref);

/* svc_mirror_report.c: what waited is read; its items are planned from where
 * they began to wait; texts are made; in the job they and the comments on pull
 * requests are written, *news when somebody should hear of it. */
int mirror_report_load(struct mirror_job *j, struct err *e);
void mirror_report_recall(struct mirror_job *j);
void mirror_report_make(struct mirror_job *j);
int mirror_report_write(
    struct txn *t, const struct mirror_job *j, bool *news, struct err *e);
void mirror_report_release(struct mirror_job *j);

/* svc_mirror.c */
void mirror_job_planned(struct mirror_job *j);
void mirror_job_fail(struct mirror_job *j, const struct err *why);

#endif
