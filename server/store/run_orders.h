/*
 * run_orders: what became of each event that gave an order or asked something:
 * a run of its own, a part of one that waited, or an answer.  An event has one
 * row at most, so it is answered once.
 */
#ifndef SERVER_STORE_RUN_ORDERS_H
#define SERVER_STORE_RUN_ORDERS_H

#include "server/domain/run_rule.h"
#include "server/domain/work.h"

struct err;
struct txn;

enum {
	RUN_ORDERS_MAX = 50, /* of one run, the newest */
	RUN_RETRIES_DEEP = 32
};

struct run_order {
	int64_t event;
	int64_t project_id;
	int64_t item;
	int64_t run_id; /* 0: none */
	bool human;     /* a person's order, and not a question */
	enum run_verdict verdict;
	int64_t at;
};

/* ERR_EXISTS when the event has one. */
int run_orders_add(struct txn *t, const struct run_order *o, struct err *e);
/* ERR_NOTFOUND. */
int run_orders_get(
    struct txn *t, int64_t event, struct run_order *out, struct err *e);
/* The newest of an item, whatever became of it; ERR_NOTFOUND. */
int run_orders_newest(struct txn *t, int64_t project_id, int64_t item,
    struct run_order *out, struct err *e);
/* Runs that events of the server caused since a person's last order. */
int run_orders_wakes(
    struct txn *t, int64_t project_id, int64_t item, int64_t *n, struct err *e);
/* The events that a run answers, oldest first: its own and those of the runs
 * that it tries again. */
int run_orders_events(
    struct txn *t, int64_t run_id, struct event_list *out, struct err *e);

#endif
