/*
 * githttp_priv: one exchange of git over HTTP and what its files share.
 *
 * An exchange lives until the request is over, its child is reaped and nothing
 * that it waits for is outstanding; xch_maybe_free looks.  Bytes go
 *	request -> (gunzip) -> feed -> child -> reply
 * where feed is the child itself, or for a push the head's collector first.
 */
#ifndef SERVER_GITHTTP_GITHTTP_PRIV_H
#define SERVER_GITHTTP_GITHTTP_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/list.h"
#include "lib/base/str.h"
#include "lib/httpd/httpd.h"
#include "server/git/git_env.h"
#include "server/git/git_pipe.h"
#include "server/git/receive.h"
#include "server/githttp/githttp.h"
#include "server/githttp/refs_answer.h"
#include "server/githttp/sideframe.h"
#include "server/service/svc_push.h"

struct gunzip;
struct ref_wait;
struct map;
struct timer;

enum {
	XCH_PENDING_MAX = 32 << 10,
	XCH_AD_MAX = 4096,
	XCH_TEXT_MAX = 256,
	XCH_FETCH_BODY_MAX = 64 << 20 /* wants and haves of one request */
};

enum push_phase {
	PUSH_HEAD,   /* commands are being collected */
	PUSH_JUDGE,  /* the verdict is awaited; no byte is taken */
	PUSH_PACK,   /* everything goes to git */
	PUSH_DRAIN,  /* nothing does; the reply is made here */
	PUSH_SETTLE, /* git ended, rows follow */
	PUSH_DONE
};

struct push_state {
	enum push_phase phase;
	struct str head;  /* and what came behind it */
	size_t scan_at;   /* of head: whole packets up to there */
	size_t head_len;  /* 0: not whole yet */
	bool over;        /* it is too large: the rest is thrown away */
	uint64_t drained; /* bytes of that rest */
	struct receive_head h;
	struct push_verdict *v;
	char *verdicts;     /* path of the file for the hook */
	const char *guards; /* more of its lines, while it is written */
	bool all_allowed;   /* every command is */
	struct str reply;   /* of PUSH_DRAIN */
	size_t reply_at;
};

enum ask_phase {
	ASK_NONE,
	ASK_COLLECT, /* the body may be a question for refs */
	ASK_GIT,     /* it is none; git is to be started */
	ASK_WAIT     /* for the snapshot */
};

struct ask_state {
	enum ask_phase phase;
	struct str body; /* collected; the first that git gets */
	size_t at;       /* of body: git has it */
	size_t counted;  /* in githttp.asked */
	struct ref_wait *wait;
};

enum xch_kind {
	XCH_INFO_REFS,
	XCH_UPLOAD,
	XCH_RECEIVE,
	XCH_TAR
};

struct xch {
	TAILQ_ENTRY(xch) link; /* of all */
	TAILQ_ENTRY(xch) wait; /* for a slot */
	struct githttp *g;
	struct request *q; /* NULL: over */
	enum xch_kind kind;
	int64_t project;
	bool upstream;
	bool receive;       /* the service is receive-pack */
	int64_t credential; /* token's id, 0: the server itself */
	char *protocol;     /* checked Git-Protocol or NULL */
	char *rev;          /* of a tar; with blob: of that */
	char *format;       /* of an archive; NULL: a plain tar */
	char *folder;       /* what its paths begin with */
	bool blob;
	struct svc_pusher pusher;

	bool waiting; /* for a slot */
	bool has_slot;
	int64_t wait_since;
	uint64_t moved;     /* bytes, either way, as the client sees them */
	uint64_t sent;      /* of them to the client */
	int64_t turn_at;    /* since when the client is awaited, 0: it is not */
	uint64_t turn_mark; /* moved, then */
	struct git_pipe *pipe;
	struct gunzip *gz;
	char pending[XCH_PENDING_MAX]; /* inflated, not yet taken */
	size_t pending_at, pending_n;
	uint64_t body;  /* bytes fed */
	bool body_end;  /* the request's body is over */
	bool input_end; /* and the child was told */
	bool judging, settling;
	struct repo_hold *hold; /* of a push, until its rows are written */
	struct ask_state ask;
	bool ad_cut;
	struct str prefix; /* before the child's output */
	size_t prefix_at;
	struct sideframe frame;
	struct str tail; /* after output that is not whole */
	size_t tail_at;
	struct str ad;
	struct push_state push;
};

TAILQ_HEAD(xch_list, xch);

struct githttp {
	struct githttp_spec spec;
	struct xch_list all;
	struct xch_list waiting;
	unsigned n_waiting;
	unsigned running;
	struct str v2_ad; /* git's capability advertisement of protocol 2 */
	struct refs_caps caps[2]; /* by enum git_service */
	size_t asked;             /* bytes of collected questions */
	unsigned open;            /* exchanges */
	bool closing;
	struct timer *pace;
	struct map *left; /* projects with a quarantine to clear */
};

void githttp_unref(struct githttp *g);

/* exchange.c */
struct xch *xch_new(struct githttp *g, struct request *q, enum xch_kind kind);
void xch_maybe_free(struct xch *x);
void xch_free(struct xch *x);
void xch_stop(struct xch *x); /* the server ends; the request is open */
void xch_go(struct xch *x);   /* it has its slot */
void xch_wall_text(const struct xch *x, char out[XCH_TEXT_MAX]);
void xch_headers(struct request *q);
/* Its id for the log, "-" when it is over. */
const char *xch_req(const struct xch *x);
void xch_refuse(struct xch *x, int status, const char *text);
/* Start the child of the exchange's kind. */
int xch_spawn(struct xch *x, struct err *e);
/* Take the request's body into feed, and answer with the child's output. */
void xch_stream(struct xch *x);
void xch_reply(struct xch *x, const char *type);
const char *xch_type(const struct xch *x); /* of its answer */
/* info/refs by git itself. */
void xch_info_child(struct xch *x);
/* Try what waits: inflated bytes, the end of the input. */
void xch_push_on(struct xch *x);

/* ask.c: what is answered without git */
bool ask_collects(struct xch *x); /* a fetch: its body is looked at first */
size_t ask_feed(struct xch *x, const void *p, size_t n);
void ask_on_data(struct xch *x); /* after bytes were fed */
/* What was collected goes to git; true: it has all. */
bool ask_flush(struct xch *x);
bool ask_finish(struct xch *x); /* the body is over; true: it is seen to */
bool ask_info(struct xch *x);   /* true: info/refs is seen to */
/* Bytes of git's own info/refs, or GIT_PIPE_END. */
void ask_learn(struct xch *x, const void *p, long n);
void ask_release(struct xch *x);

/* slots.c: children at once, in all, by credential and by project */
/* A slot, now or later; then xch_go.  False: none will come, the client was
 * told. */
bool slots_ask(struct xch *x);
void slots_drop(struct xch *x); /* its slot, or its place in the queue */
void slots_start(struct githttp *g);
/* Of those that wait too long. */
void slots_expire(struct githttp *g, int64_t now);

/* quarantine.c: a receive-pack of the project ended; killed by a signal? */
void quarantine_sweep(struct githttp *g, int64_t project, bool killed);

/* rivals.c: refuses names that collide with those of a push under way */
void rivals_judge(struct xch *x);

/* pace.c: clients that do not move while it is their turn */
void pace_start(struct githttp *g);
void pace_stop(struct githttp *g);

/* push.c */
/* A reply of ours that says why; what else arrives is thrown away. */
void push_turn_away(struct xch *x, const char *why);
size_t push_feed(struct xch *x, const void *p, size_t n);
void push_body_end(struct xch *x);
long push_read(struct xch *x, void *p, size_t max);
void push_go(struct xch *x);   /* it has its slot */
void push_left(struct xch *x); /* the client is gone */
void push_on_event(struct xch *x);
void push_release(struct push_state *s);
uint64_t push_object_max(const struct xch *x);
void push_leave(struct xch *x);

#endif
