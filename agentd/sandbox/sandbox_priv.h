/* sandbox_priv: one project's sandbox, for the sandbox_*.c files only. */
#ifndef AGENTD_SANDBOX_SANDBOX_PRIV_H
#define AGENTD_SANDBOX_SANDBOX_PRIV_H

#include "agentd/sandbox/sandbox.h"
#include "agentd/sandbox/seq.h"
#include "agentd/sandbox/session.h"
#include "agentd/sandbox/shim_watch.h"
#include "lib/base/err.h"
#include "lib/io/timer.h"

struct map;

struct sandboxes {
	const struct sandbox_host *h;
	struct routerctl *router;
	const struct driver *driver;
	sandbox_lost_fn *on_lost;
	void *arg;
	struct map *map; /* id -> struct sandbox */
	/* Some were busy when the router came back. */
	struct timer *again;
	bool unswept; /* of them, some are being stopped that it knows */
};

struct sandbox {
	struct sandboxes *m;
	int64_t id;
	struct session session;
	enum sandbox_state state;
	bool busy;                /* an operation is on its way */
	bool untold;              /* of the router that has come back */
	struct shim_watch *watch; /* of the session */
	struct seq *waiting;      /* a step that waits for the session */
	bool ended;    /* the session's exit was seen: for the waiting step */
	char why[240]; /* how it ended */
	const char *cause; /* constant; NULL: nothing went wrong */
};

struct sandbox *sandbox_find(const struct sandboxes *m, int64_t id);
struct sandbox *sandbox_get(struct sandboxes *m, int64_t id);
void sandbox_forget(struct sandbox *b);
void sandbox_set_state(
    struct sandbox *b, enum sandbox_state next, const char *why);
void sandbox_refuse(
    struct sandboxes *m, const struct err *e, sandbox_done_fn *done, void *arg);

/* sandbox_router.c; arg is the sandboxes. */
void sandbox_tell_again(void *arg);

/* The operations; b is not busy and its session is set. */
void sandbox_bring_up(struct sandbox *b, sandbox_done_fn *done, void *arg);
void sandbox_take_down(
    struct sandbox *b, bool destroy, sandbox_done_fn *done, void *arg);
void sandbox_freeze(
    struct sandbox *b, bool frozen, sandbox_done_fn *done, void *arg);
void sandbox_settle_cause(struct sandbox *b, const struct err *e);
bool sandbox_session_is_good(const struct sandbox *b);
/* sandbox_renew.c */
void sandbox_weigh(struct sandbox *b, const struct sandbox_project *p,
    sandbox_done_fn *done, void *arg);
void sandbox_renew(struct sandbox *b, const struct sandbox_project *p,
    sandbox_done_fn *done, void *arg);

/* One operation.  A take-down goes on after an error and tells the first. */
struct sandbox_op {
	struct sandbox *b;
	const struct sandbox_host *h;
	bool destroy;
	bool was_wanted;
	bool frozen;          /* what sandbox_freeze wants */
	struct session other; /* sandbox_renew: the new one, then the old */
	struct seq *seq;
	struct err first;
	sandbox_done_fn *done;
	void *arg;
};
/* A step: can it be made of this, and what does it share of the host? */
int sandbox_judge_step(struct seq *s, struct sandbox_op *o,
    const struct session *is, struct err *e);
struct sandbox_op *sandbox_op_new(
    struct sandbox *b, sandbox_done_fn *done, void *arg);
/* Its steps, in groups; ctx is the op. */
enum {
	SANDBOX_UP_STEPS = 10,
	SANDBOX_DOWN_STEPS = 6
};
extern const struct seq_step sandbox_up_steps[SANDBOX_UP_STEPS];
extern const struct seq_step sandbox_down_steps[SANDBOX_DOWN_STEPS];

#endif
