/*
 * check_orders: what comments asked CI for; and check_reports, what is said of
 * a pull request's head.
 */
#ifndef SERVER_STORE_CHECK_ORDERS_H
#define SERVER_STORE_CHECK_ORDERS_H

#include "server/domain/check_order.h"

struct err;
struct txn;

int check_orders_insert(
    struct txn *t, const struct check_order *o, struct err *e);
/* How many of the pull request since then, and how many that are required. */
int check_orders_count(struct txn *t, int64_t project_id, int64_t pull,
    int64_t since, int64_t *n, int64_t *required, struct err *e);
/* Those that want jobs on that head: new ones, and required ones of another. */
int check_orders_due(struct txn *t, int64_t project_id, int64_t pull,
    const char *sha, struct check_order_list *out, struct err *e);
/* Those that the gate requires. */
int check_orders_required(struct txn *t, int64_t project_id, int64_t pull,
    struct check_order_list *out, struct err *e);
int check_orders_get(
    struct txn *t, int64_t comment_id, struct check_order *out, struct err *e);
/* Its jobs are made, of that head. */
int check_orders_made(
    struct txn *t, int64_t comment_id, const char *sha, struct err *e);

/* Those of its head want jobs again: it has another base, or was reopened. */
int check_orders_again(
    struct txn *t, int64_t project_id, int64_t pull, struct err *e);
/* Its comment is gone: the gate does not ask for it any more. */
int check_orders_drop(struct txn *t, int64_t comment_id, struct err *e);

struct check_report {
	char sha[SHA_HEX + 1];
	int64_t comment_id; /* 0: none */
	char *notes;        /* Markdown, "": none */
};
void check_report_release(struct check_report *r);
/* Zeroed when there is none. */
int check_reports_get(struct txn *t, int64_t project_id, int64_t pull,
    struct check_report *out, struct err *e);
/* Of that head from now on. */
int check_reports_notes(struct txn *t, int64_t project_id, int64_t pull,
    const char *sha, const char *notes, struct err *e);
int check_reports_comment(struct txn *t, int64_t project_id, int64_t pull,
    int64_t comment_id, struct err *e);

#endif
