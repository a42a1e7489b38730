/* svc_run_rows: runs within a transaction. */
#ifndef SERVER_SERVICE_SVC_RUN_ROWS_H
#define SERVER_SERVICE_SVC_RUN_ROWS_H

#include "server/domain/work.h"
#include "server/service/svc.h"

struct svc_run_make {
	const struct project *project;
	int64_t event;
	int64_t item; /* 0: none */
	const char *command;
	enum access_level access;
	const char *agent;         /* NULL: the project's */
	enum network_mode network; /* 0: the project's */
	int64_t wall_s;            /* 0: the project's */
	int64_t budget;            /* 0: no limit of its own */
	const char *base;          /* NULL: that of its item or project */
	const char *env;           /* svc_run_env's key; NULL: none */
	int64_t retry_of;
	int64_t attempt;
	int64_t not_before;
};

/* *created: false when the event had one, which is *out then. */
int svc_run_make(struct txn *t, const struct svc_op *by,
    const struct svc_run_make *m, struct run *out, bool *created,
    struct err *e);
/* The event of a run's change. */
int svc_run_event(struct txn *t, const struct identity *who, int64_t now,
    const char *kind, const struct run *r, struct err *e);

struct str;
struct svc_run_finish;

/* svc_run_finish.c: the transaction of the end. */
void svc_run_finish_write(struct svc_run_finish *op);
/* svc_run_review.c: finds the lines in the diff, then svc_run_finish_write. */
void svc_run_review_place(struct svc_run_finish *op);
int svc_run_review_write(
    struct txn *t, struct svc_run_finish *op, struct err *e);
/* What no review holds. */
void svc_run_review_rest(const struct svc_run_finish *op, struct str *out);
void svc_run_review_release(struct svc_run_finish *op);

#endif
