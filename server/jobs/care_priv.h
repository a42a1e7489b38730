/* care_priv: a project's entry, and the turn that is one project's care. */
#ifndef SERVER_JOBS_CARE_PRIV_H
#define SERVER_JOBS_CARE_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/list.h"
#include "server/domain/care_plan.h"
#include "server/jobs/care.h"
#include "server/store/care.h"

struct care_git;
struct repo_hold;
struct svc_kept_tidy;

struct care_wait {
	TAILQ_ENTRY(care_wait) link;
	uint64_t handle;
	care_done_fn *done;
	void *arg;
};
TAILQ_HEAD(care_waits, care_wait);

struct care_entry {
	TAILQ_ENTRY(care_entry) link; /* of asked, when asked */
	int64_t project;
	bool dirty; /* written since the last turn */
	bool asked; /* care_now */
	bool fresh; /* the first turn since the start */
	int64_t not_before;
	int64_t check_at; /* 0: not known yet */
	unsigned wanted;
	struct care_waits now;  /* for the turn that runs */
	struct care_waits next; /* for the one after */
};
TAILQ_HEAD(care_asked, care_entry);

enum care_turn_end {
	CARE_TURN_DONE,
	CARE_TURN_WRITTEN, /* done too, and the last row is on its way */
	CARE_TURN_LATER,   /* somebody writes: after that */
	CARE_TURN_FAILED,
	CARE_TURN_GONE /* the project */
};

/* Whose answer a turn waits for. */
enum care_turn_for {
	CARE_FOR_NONE,
	CARE_FOR_LOOP, /* comes though all is closed */
	CARE_FOR_DB,   /* so does this */
	CARE_FOR_POOL, /* not after gitpool_free */
	CARE_FOR_CHILD
};

/* At most one. */
struct care_turn {
	struct care *c;
	struct svc *svc;
	int64_t project;
	int64_t limit_ms;
	bool asked, fresh, expires;
	struct care_row row;
	struct care_facts facts;
	struct care_ask ask;
	struct care_next next;
	int64_t step_at;
	int64_t purge_seen; /* purge_at that a purge is for, 0: none ran */
	struct repo_hold *hold;
	struct care_git *git;
	struct svc_kept_tidy *tidy;
	enum care_turn_for waits;
	bool stop;    /* asked to end */
	bool closed;  /* care_free came meanwhile */
	bool touched; /* the row is news */
	char *failed; /* a problem that is to be told, NULL: none */
	enum care_health was;
	enum care_turn_end end;
	struct err fail;
};

/* care_turn.c */
struct care_turn_spec {
	const struct care_spec *care;
	int64_t project;
	bool asked;
	bool fresh;
	bool expires; /* what is past its days may go */
	unsigned wanted;
};
struct care_turn *care_turn_start(
    struct care *c, const struct care_turn_spec *spec);
void care_turn_stop(struct care_turn *t);  /* to end soon */
void care_turn_close(struct care_turn *t); /* no care_turn_over comes */

/* care.c */
void care_turn_over(struct care *c, struct care_turn *t);

#endif
