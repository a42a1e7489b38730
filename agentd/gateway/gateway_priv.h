/*
 * gateway_priv: what the files of the gateway share.  Everything lives as long
 * as the gateway but exchanges, which are freed when both their request and
 * their fetch are over.
 */
#ifndef AGENTD_GATEWAY_GATEWAY_PRIV_H
#define AGENTD_GATEWAY_GATEWAY_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agentd/gateway/config.h"
#include "agentd/gateway/tally.h"
#include "lib/base/list.h"
#include "lib/base/str.h"
#include "lib/net/sha256.h"

struct capture;
struct control;
struct door;
struct exchange;
struct grants;
struct httpd;
struct journal;
struct jw;
struct ledger;
struct loop;
struct net;
struct prices;
struct providers;
struct record;
struct request;
struct timer;

LIST_HEAD(exchange_list, exchange);

struct gateway {
	const struct gateway_config *cfg; /* borrowed */
	const char *home;
	struct loop *loop;
	struct net *net;
	struct httpd *httpd;
	struct door *door;
	struct control *control;
	struct providers *providers;
	struct prices *prices;
	char prices_own[SHA256_HEX]; /* of HOME's table, "": there is none */
	char prices_shipped[SHA256_HEX]; /* of the other one */
	struct ledger *ledger;
	struct grants *grants;
	struct journal *journal;
	struct record *record;
	struct tally tally;
	struct capture *capture; /* NULL: not asked for */
	struct timer *tick;      /* of the journal, and of the end */
	struct timer *sweep;     /* of tokens that nobody ended */
	int sync_fd;             /* a byte here and the journal goes to disk */
	struct exchange_list exchanges;
	unsigned n_exchanges;
	uint64_t last;
	size_t buffered; /* bytes of request bodies, those to come too */
	int64_t alarm_until;
	unsigned alarms; /* not told since then */
	bool stopping;
	bool sync_lost; /* nothing puts the journal on the disk */
};

/* exchange.c and its parts: one request of a sandbox, to its record. */
void exchange_on_request(struct request *q, void *arg);
/* Of those that are held, who may go on now. */
void exchanges_retry(struct gateway *g);
/* Ends what a run, or the session of a project (run 0), has open. */
void exchanges_cut(struct gateway *g, uint64_t run, uint64_t project);
/* Those of a project for which a provider fetches. */
void exchanges_cut_web(struct gateway *g, uint64_t project);
void exchanges_cut_all(struct gateway *g);

/* gateway.c */
void gateway_journal_moved(struct gateway *g); /* lines were added */
/* Providers and prices as they are in the files now; else as they were. */
int gateway_reload(struct gateway *g, struct err *e);
/* A run that is over, or has no token any more. */
void gateway_forget(struct gateway *g, const struct ledger_who *who);
/* A warning that a sandbox can cause: at most one in a second is told. */
void gateway_alarm(
    struct gateway *g, const char *what, uint64_t project, const char *detail);

/* settings.c: what root has set here, as it is in force: `settings`, `more`. */
void settings_write(struct gateway *g, struct jw *w);

/* control.c: HOME/run/gateway/control.sock */
struct control *control_new(struct gateway *g, const char *path, struct err *e);
void control_stop(struct control *c); /* NULL is fine */
void control_free(struct control *c);

#endif
