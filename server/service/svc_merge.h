/*
 * svc_merge: the gate asked, and the merge through it.
 *
 * An override, an admin's, needs a reason and is recorded with what was not
 * met: in the event, the timeline and the merge's message.
 *
 * A merge: the gate from fresh facts; the merge commit made from exact base
 * and head; one transaction asks the gate again and writes what is about to
 * happen; the base branch moves by compare-and-set; one transaction writes
 * what happened.  What a crash leaves between is finished by svc_merge_recover
 * before cofferd serves merges again.
 */
#ifndef SERVER_SERVICE_SVC_MERGE_H
#define SERVER_SERVICE_SVC_MERGE_H

#include "lib/base/err.h"
#include "server/domain/checks.h"
#include "server/domain/items.h"
#include "server/domain/look.h"
#include "server/domain/merge_policy.h"
#include "server/domain/protect_rule.h"
#include "server/service/svc.h"
#include "server/service/svc_write.h"
#include "server/store/merging.h"

enum {
	SVC_MERGE_REASON_MAX = 500 /* bytes, of an override */
};

/* What the gate needs and the rows do not have. */
struct svc_gate_facts {
	struct checks checks;
	char checks_base[SHA_HEX + 1]; /* the commit that they are of */
	int64_t checks_at;             /* of the settings', as they were */
	enum merge_checks state;
	char error[240];
	struct protect_list protect; /* as it was when git was asked */
	enum merge_files files;
	char *changed[MERGE_MAX_FILES]; /* owned; the protected ones */
	size_t n_changed;
	char files_head[SHA_HEX + 1]; /* what they were looked at for */
	char files_base[SHA_HEX + 1];
	char files_pattern[PROTECT_FILES_MAX + 1];
};

struct repo_hold;
struct timer;

struct svc_merge {
	struct svc_op op;
	int64_t project_id;
	int64_t number;
	bool ask;               /* the gate alone */
	enum merge_style style; /* 0: the repository's own */
	char *title;            /* NULL: made up */
	char *message;
	char want_head[SHA_HEX + 1]; /* "" : whatever the head is */
	char
	    manual_sha[SHA_HEX + 1]; /* MERGE_STYLE_MANUAL: the merge that is */
	bool delete_branch;
	bool delete_given; /* else the repository's setting */
	bool force;        /* past what is not met, with a reason */
	char *reason;      /* why; owned */
	bool when_ok;      /* wait for what the gate waits for */
	bool automatic;    /* it has waited */
	bool refused;      /* out: by the gate, see verdict */
	bool forbidden;    /* out: not by the gate, but a 405 as well */
	bool scheduled;    /* out: it waits now */
	char *conflicts;   /* out: of an ERR_EXISTS, a line for each path */
	struct merge_verdict verdict; /* out */
	struct pull pull;             /* out */
	enum role role;               /* of who merges */
	bool allowed;                 /* the style is */
	bool may_override;
	bool overrides;               /* it passes over what is not met */
	char merge_sha[SHA_HEX + 1];  /* out */
	char merge_tree[SHA_HEX + 1]; /* what that leaves */
	bool test_merge;              /* checks ran on it */
	bool untested;                /* they did not */
	struct svc_gate_facts facts;
	void (*go)(struct svc_merge *op);
	struct merging row;
	char *commit_message;
	struct svc_person person;
	struct err fail;
	unsigned tries; /* of writing the rows */
	struct timer *again;
	unsigned asked; /* times that the base moved meanwhile */
	struct timer *later;
	bool raced;             /* it moved between the commit and the intent */
	struct repo_hold *hold; /* from the commit until it has its ref */
};
struct svc_merge *svc_merge_new(struct svc *s, const struct identity *who);
/* The gate's answer; `ask` is set. */
void svc_gate(struct svc_merge *op, svc_done_fn *done, void *arg);
/* ERR_DENIED with `refused`: the gate said no.  ERR_EXISTS: conflict, or
 * something moved. */
void svc_merge(struct svc_merge *op, svc_done_fn *done, void *arg);

/* Finishes or forgets what an earlier process began. */
typedef void svc_merge_recovered_fn(const struct err *fail, void *arg);
void svc_merge_recover(struct svc *s, svc_merge_recovered_fn *done, void *arg);

/* The branch of a merge that is written, row->delete_head, goes if it may; the
 * row of the merge goes with it.  What fails is told to the log, and done at
 * the next start. */
typedef void svc_merge_deleted_fn(void *arg);
void svc_merge_delete(struct svc *s, const struct merging *row,
    svc_merge_deleted_fn *done, void *arg);

/* svc_merge_rows.c: in a transaction. */
struct svc_gate_ask {
	const struct pull *pull;
	const struct svc_gate_facts *facts;
	const struct protect_rule *rule; /* of the base, NULL: none */
	int64_t approvals;
	int64_t user; /* who merges */
	int64_t now;
	bool current; /* the project's settings */
	bool conversations;
	enum look_gate findings;
	bool test_merge; /* and the rule's */
};
int svc_gate_decide(struct txn *t, const struct svc_gate_ask *a,
    struct merge_verdict *out, struct err *e);
int svc_merge_write(
    struct txn *t, const struct merging *m, int64_t now, struct err *e);
/* The merge is in the base already. */
int svc_merge_write_manual(
    struct txn *t, const struct merging *m, int64_t now, struct err *e);

/* svc_gate.c: brings the facts, then calls `go` or ends the op. */
typedef void svc_gate_go_fn(struct svc_merge *op);
void svc_gate_start(
    struct svc_merge *op, svc_gate_go_fn *go, svc_done_fn *done, void *arg);
void svc_gate_facts_release(struct svc_gate_facts *f);
/* Fresh rows and the gate's answer from them. */
int svc_gate_read(struct txn *t, struct svc_merge *op, struct err *e);

#endif
