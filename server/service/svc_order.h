/*
 * svc_order: an order on its way to being a run: who may give it, how many
 * there may be, what is said when there will be none.  Within a transaction,
 * once per event.  And what is answered at once: /stop, /retry, /status, a
 * text of agentd's.
 */
#ifndef SERVER_SERVICE_SVC_ORDER_H
#define SERVER_SERVICE_SVC_ORDER_H

#include "server/service/svc.h"
#include "server/service/svc_run_rows.h"
#include "server/store/run_orders.h"

/* On what the agent does not start by itself any more. */
#define SVC_ORDER_LABEL "agent-stopped"

/*
 * Says on the item that it was seen; with `run`, which asks for one, also that
 * a person gave an order.  Fills o->human and o->verdict: RUN_TAKEN, or why
 * there will be no run. ERR_INVALID: there is no such event.
 */
int svc_order_begin(struct txn *t, const struct svc_op *by,
    const struct project *p, bool run, struct run_order *o, struct err *e);
/* Says why, once, and writes the row. */
int svc_order_refuse(struct txn *t, const struct svc_op *by,
    const struct project *p, struct run_order *o, struct err *e);
/* The newest run of the item takes it when it waits and is of the same sort. */
int svc_order_join(struct txn *t, const struct svc_op *by,
    const struct svc_run_make *m, struct run *out, bool *joined, struct err *e);
/* RUN_TAKEN, or the ceiling that is reached. */
int svc_order_ceiling(struct txn *t, const struct project *p, int64_t item,
    int64_t now, enum run_verdict *out, struct err *e);
/* All that it answers are checks and conflicts of a commit that is not the
 * head of its open pull request any more. */
int svc_order_is_stale(
    struct txn *t, const struct run *r, bool *stale, struct err *e);
/* The label that says so; an item that has no room for it goes without. */
int svc_order_mark(struct txn *t, const struct svc_op *by, int64_t project_id,
    int64_t item, bool on, struct err *e);

enum svc_order_act {
	SVC_ORDER_ANSWER,
	SVC_ORDER_STOP,
	SVC_ORDER_RETRY,
	SVC_ORDER_STATUS
};

int svc_order_act_parse(const char *s); /* -1: none */

struct svc_order {
	struct svc_op op;
	int64_t project_id;
	int64_t event;
	int64_t item;
	enum svc_order_act act;
	char *text;     /* of an answer */
	struct run run; /* out: of a retry; no id: none */
};
struct svc_order *svc_order_new(struct svc *s, const struct identity *who);
/* Done before: nothing happens again. */
void svc_order(struct svc_order *op, svc_done_fn *done, void *arg);

#endif
