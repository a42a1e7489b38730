/* check_order: what a comment asked CI for, as plain data. */
#ifndef SERVER_DOMAIN_CHECK_ORDER_H
#define SERVER_DOMAIN_CHECK_ORDER_H

#include "server/domain/types.h"

enum {
	CHECK_ORDERS_HOUR = 10, /* of one pull request within an hour */
	CHECK_ORDERS_REQUIRED = 8
};

enum check_order_kind {
	CHECK_ORDER_TEST = 1,
	CHECK_ORDER_BUG
};

enum check_order_state {
	CHECK_ORDER_NEW = 1, /* its jobs are not made yet */
	CHECK_ORDER_MADE
};

struct check_order {
	int64_t comment_id;
	int64_t project_id;
	int64_t pull;
	int64_t account_id;
	int64_t at;
	char sha[SHA_HEX + 1]; /* the head that its jobs are of */
	enum check_order_kind kind;
	enum check_order_state state;
	bool required; /* by the gate, of each head */
	char *setup;   /* "": that of the first check */
	char *test;
};

struct check_order_list {
	struct check_order *at;
	size_t n;
};

void check_order_release(struct check_order *x);
void check_order_list_release(struct check_order_list *l);

#endif
