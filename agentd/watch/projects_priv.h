/* projects_priv: a project as agentd sees it, for the projects_*.c alone. */
#ifndef AGENTD_WATCH_PROJECTS_PRIV_H
#define AGENTD_WATCH_PROJECTS_PRIV_H

#include "agentd/sandbox/sandbox.h"
#include "agentd/watch/projects.h"
#include "lib/base/err.h"
#include "lib/base/list.h"

struct call;
struct map;
struct timer;

enum {
	PROJECTS_RETRY_MIN_MS = 1000,
	PROJECTS_RETRY_MAX_MS = 60 * 1000,
	/* Longer than cofferd waits for a look. */
	PROJECTS_HOLD_MS = 100 * 1000,
	/* From its word that it is taken away to the event that says so. */
	PROJECTS_GOING_MS = 20 * 1000,
	PROJECTS_PATH_MAX = 320
};

struct project_waiter {
	TAILQ_ENTRY(project_waiter) link;
	sandbox_done_fn *done;
	void *arg;
	struct err e; /* of one that is answered in the next turn */
};

TAILQ_HEAD(project_waiters, project_waiter);

struct project_entry {
	struct project p;
	struct projects *all;
	bool busy;          /* a step is on its way */
	bool dirty;         /* look again after it */
	bool gone;          /* destroyed; freed once cofferd knows */
	char *net;          /* mode and policy of the running one, or NULL */
	char *next_net;     /* what the step on its way gives it */
	bool web, next_web; /* the same: may providers search for it? */
	enum project_want goal; /* of the step on its way */
	unsigned holds;
	int64_t retry_ms;
	struct timer *retry;
	struct call *report;
	struct call *mint; /* the session's token */
	struct modelask *models;
	char *gitconfig; /* while that is asked for */
	char *late_env;  /* its answer, for a session that did not wait */
	bool mint_next;  /* when what is being reported was heard */
	bool look;       /* is to be looked into */
	bool look_hold;  /* and nothing may begin in it until it is gone */
	bool held;       /* frozen for that; timer hold ends it */
	struct timer *hold;
	int64_t asked;     /* the newest event that asked for a look */
	int64_t looking;   /* asked, when the look began */
	struct call *work; /* what was seen */
	bool renewing;     /* the step on its way makes it anew */
	int64_t refused;   /* a generation that cannot be made; -1: none */
	const char *state; /* the newest to report, NULL: none yet */
	char cause[PROJECT_CAUSE_MAX];
	char reason[240];
	bool untold; /* it is newer than what is being reported */
	struct project_waiters waiters;
};

struct projects {
	const struct sandbox_host *host;
	struct apiclient *api;
	struct sandboxes *sandboxes;
	struct modelgate *models;
	struct map *by_id;
	int64_t page;
	sandbox_done_fn *loaded;
	void *loaded_arg;
	projects_unwanted_fn *unwanted;
	void *unwanted_arg;
	projects_running_fn *running;
	void *running_arg;
	projects_frozen_fn *frozen;
	void *frozen_arg;
	bool open;
	struct project_waiters ready; /* answered by the timer */
	struct timer *turn;
	LIST_HEAD(, project_query) queries;
};

struct project_query {
	LIST_ENTRY(project_query) link;
	struct projects *all;
	sandbox_done_fn *done;
	void *arg;
};

/* projects.c */
struct project_entry *projects_entry_new(struct projects *all, int64_t id);
void projects_entry_free(struct project_entry *x);
void projects_settle(struct project_entry *x);
bool projects_has_policy(const struct project_entry *x);
bool projects_is_outdated(const struct project_entry *x);
void projects_on_step(const struct err *e, void *arg);
/* Something came that a start waited for; true: it is not wanted any more. */
bool projects_start_is_off(struct project_entry *x);
/* The session's tokens came, or did not; a start goes on. */
void projects_start_with(
    struct project_entry *x, const char *gitconfig, const char *env);

/* projects_report.c: to cofferd, until it was heard; the newest alone. */
void projects_report(struct project_entry *x, const char *state,
    const char *cause, const char *reason);
void projects_on_told(
    const struct err *fail, int status, const struct json *j, void *arg);
void projects_on_minted(
    const struct err *fail, int status, const struct json *j, void *arg);

/* projects_models.c: the session's token of the models: asked for, then
 * projects_start_with; ended. */
void projects_models_ask(struct project_entry *x, const char *gitconfig);
/* Gives a session that is up what came after it began. */
void projects_models_late(struct project_entry *x);
/* What is in force, or will be: at once when that is less, else when it is. */
void projects_models_set_web(struct project_entry *x, bool web);
void projects_models_end(struct project_entry *x);
void projects_models_release(struct project_entry *x);

/* projects_look.c: begins one that is wanted; true: the entry is busy. */
bool projects_begin_look(struct project_entry *x);
void projects_on_hold_over(void *arg);
void projects_on_look_told(
    const struct err *fail, int status, const struct json *j, void *arg);

/* projects_wait.c */
void projects_unwanted_err(const struct project *p, struct err *e);
void projects_answer(struct project_entry *x, const struct err *e);
void projects_drop_waiters(struct project_waiters *list);
void projects_on_turn(void *arg);

#endif
