/*
 * svc_approval: asks a maintainer, and takes his answer.  An ask is a row, an
 * event and a comment in the item of its run, in one transaction; so is an
 * answer, with what it does: a rule of the network for a name, and for the rest
 * the event, by which agentd goes on.  Maintainers answer; agents, runs,
 * readers and bots do not.
 */
#ifndef SERVER_SERVICE_SVC_APPROVAL_H
#define SERVER_SERVICE_SVC_APPROVAL_H

#include "server/domain/approval.h"
#include "server/domain/net_seen.h"
#include "server/service/svc.h"

struct str;

/* agentd's, of any run; or a run's own, by its token. */
struct svc_approval_ask {
	struct svc_op op;
	int64_t run_id;
	enum approval_kind kind;
	char *subject;
	char *reason;
	int64_t for_ms;           /* how long it is open; 0: a day */
	int64_t after;            /* no answer up to that id counts */
	struct approval approval; /* out: the one that stands */
	bool created;
};
struct svc_approval_ask *svc_approval_ask_new(
    struct svc *s, const struct identity *who);
/* ERR_LIMIT: there are too many. ERR_INVALID: the run has ended. */
void svc_approval_ask(
    struct svc_approval_ask *op, svc_done_fn *done, void *arg);

/*
 * In the job that wrote rows[0..n) of the routers' log, all those of the
 * project of the last one: names that a run of now was kept from are asked, in
 * one comment.  Too many: the rest is not asked.
 */
int svc_approval_seen(struct txn *t, const struct svc_op *by,
    const struct net_seen *rows, size_t n, struct err *e);

struct svc_approval_answer {
	struct svc_op op;
	int64_t id;
	bool allow;
	int64_t for_ms;           /* 0: a day */
	struct approval approval; /* out */
};
struct svc_approval_answer *svc_approval_answer_new(
    struct svc *s, const struct identity *who);
void svc_approval_answer(
    struct svc_approval_answer *op, svc_done_fn *done, void *arg);
/* The same in a job, without the comment; of that project alone.  ERR_EXISTS:
 * it is not open. */
int svc_approval_decide(struct txn *t, struct svc_approval_answer *op,
    int64_t project_id, struct err *e);
/* In the job that ended a run: what it alone asks for is withdrawn. */
int svc_approval_withdraw(
    struct txn *t, const struct svc_op *by, int64_t run_id, struct err *e);
/* Those whose time is over, if there are any, say so: a row and an event. */
void svc_approval_expire(struct svc *s);

/* For svc_approval*.c: the event of one. */
int svc_approval_event(struct txn *t, const struct svc_op *by, const char *kind,
    const struct approval *a, struct err *e);
/* Those whose time is over, in a job. */
int svc_approval_overdue(struct txn *t, const struct svc_op *by, struct err *e);
/* A sentence that says what became of it. */
void svc_approval_verdict(const struct approval *a, struct str *out);
/* A comment of the server's in the item that it is of. */
int svc_approval_tell(struct txn *t, const struct svc *s, int64_t now,
    const struct approval *a, struct err *e);

#endif
