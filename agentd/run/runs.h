/*
 * runs: the runs that are waiting or going on: one at a time in each project,
 * in the order of their ids, and a limit for all.  A place that gets free goes
 * to the project that was served the longest ago.  What waits for its next try,
 * and what is in a project whose runs are paused, is passed over.
 */
#ifndef AGENTD_RUN_RUNS_H
#define AGENTD_RUN_RUNS_H

#include "agentd/run/run.h"
#include "agentd/watch/trigger.h"

struct runs;

struct runs *runs_new(const struct run_env *env, unsigned max_active);
void runs_free(struct runs *s); /* containers go on */

/* cofferd's runs that are not over: after a start, before any event. */
void runs_adopt(struct runs *s, sandbox_done_fn *done, void *arg);
/* An order: makes the row (once per event) and queues the run, or makes it a
 * part of one that waits.  Or cofferd says on the item why there is none. */
void runs_order(struct runs *s, const struct watch_event *ev,
    const struct trigger *t, sandbox_done_fn *done, void *arg);
/* What is answered at once: act as in docs/api.md, text of an answer only. */
void runs_answer(struct runs *s, const struct watch_event *ev, const char *act,
    const char *text, sandbox_done_fn *done, void *arg);
/* A row that somebody else made. */
void runs_learn(struct runs *s, int64_t id, sandbox_done_fn *done, void *arg);
bool runs_knows(const struct runs *s, int64_t id);
/* What a project is set to changed. */
void runs_wake(struct runs *s);
void runs_cancel(struct runs *s, int64_t id);
/* Those that are going on in it; why: constant. */
void runs_cancel_project(struct runs *s, int64_t project, const char *why);
/* Freeze or thaw those that are going on in it. */
void runs_freeze_project(struct runs *s, int64_t project, bool frozen);
/* The containers of those that go on in it; returns how many, at most max. */
size_t runs_names(const struct runs *s, int64_t project,
    char (*names)[HOST_NAME_MAX], size_t max);
/* As run_diff, of a run that goes on in the project. */
struct driver_exec *runs_diff(const struct runs *s, int64_t project, int64_t id,
    const struct driver_exec_spec *x, int *fd, struct err *e);
/* Those that go on, and those that wait. */
void runs_count(const struct runs *s, size_t *active, size_t *waiting);
bool runs_idle(const struct runs *s);

#endif
