/* proxy_priv: what the files of proxy share. */
#ifndef ROUTER_PROXY_PRIV_H
#define ROUTER_PROXY_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/list.h"
#include "lib/base/view.h"
#include "lib/io/loop.h"
#include "lib/io/sock.h"
#include "router/clients.h"
#include "router/egress_log.h"
#include "router/pins.h"
#include "router/proxy.h"

struct err;
struct map;
struct proxy_conn;
struct timer;
struct upload;

LIST_HEAD(proxy_conns, proxy_conn);

struct proxy_project {
	uint32_t conns, waiting;
	struct upload *upload;
	int64_t alarm_ms; /* of the budget, 0 for none yet */
	int64_t full_ms;  /* when it was told last that there is no room */
	uint32_t full;    /* connections since then */
};

struct proxy {
	struct loop *loop;
	struct clients *clients;
	struct pins *pins;
	struct map *projects; /* id -> struct proxy_project */
	struct proxy_conns conns;
	unsigned long n_conns, max_conns;
	unsigned n_pipes;
	struct timer *ends; /* of rules */
	uint32_t nonce;
	bool deaf;                 /* what is heard was for our forerunner */
	struct listener *listener; /* from when all has been heard */
	uint32_t log_lost; /* entries that the channel had no room for */
	struct map *kept;  /* id -> struct upload, of before this process */
	struct timer *book;
	size_t book_size, book_full; /* bytes */
	bool book_broken;
};

/* proxy.c */

/* What main has said until now: a pin may be there that is needed. */
void proxy_hear(struct proxy *p);
void proxy_log(struct proxy *p, const struct egress_entry *e);
struct proxy_project *proxy_project(struct proxy *p, uint32_t id)
    __attribute__((returns_nonnull));
/* What is known of a project that is gone, when nothing is left of it. */
void proxy_forget(struct proxy *p, uint32_t id);

/* proxy_book.c: what was sent today, in a file that outlives us. */

int proxy_book_open(struct proxy *p, struct err *e);
/* What is known of a project; the caller's. */
struct upload *proxy_book_take(struct proxy *p, uint32_t id)
    __attribute__((returns_nonnull));
/* Something was counted: it is written soon. */
void proxy_book_due(struct proxy *p);
void proxy_book_save(struct proxy *p);

/* proxy_judge.c: decisions. */

struct proxy_ask {
	uint32_t id;   /* project */
	uint32_t addr; /* where the connection was meant to go */
	uint16_t port;
};

struct proxy_name {
	enum egress_verdict verdict; /* EGRESS_PASSED: let it */
	char name[EGRESS_NAME_MAX];  /* normalised, or "" */
	char rule[EGRESS_RULE_TEXT_MAX];
};

void proxy_judge(struct proxy *p, const struct proxy_ask *ask, struct view name,
    struct proxy_name *out);
/* May what is live go on? */
bool proxy_may_go_on(
    struct proxy *p, const struct proxy_ask *ask, const char *name);
/* Counts n bytes to that name; false when the budget has no room for them. */
bool proxy_spend(struct proxy *p, uint32_t id, const char *name, size_t n);

/* proxy_say.c: how a refusal is told. */

enum proxy_kind {
	PROXY_UNKNOWN,
	PROXY_TLS,
	PROXY_HTTP
};

/* Takes fd; done comes once, when it is closed. */
void proxy_say(struct proxy *p, int fd, enum proxy_kind kind,
    const struct proxy_name *why, loop_fn *done, void *arg);
/* Closes fd with a reset: nothing that was sent counts as whole. */
void proxy_reset(int fd);

/* proxy_conn.c */

void proxy_conn_start(struct proxy *p, int fd, const struct sock_addr *peer);
/* Cuts what the policy does not allow any more; id 0: of all projects. */
void proxy_conn_review(struct proxy *p, uint32_t id);

#endif
