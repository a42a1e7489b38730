/*
 * runs: the runs that are waiting or going on: one at a time in each project,
 * in the order of their ids, and a limit for all.
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
/* An order: makes the row (once per event) and queues the run. */
void runs_order(struct runs *s, const struct watch_event *ev,
    const struct trigger *t, sandbox_done_fn *done, void *arg);
void runs_cancel(struct runs *s, int64_t id);
/* Those that are going on in it; why: constant. */
void runs_cancel_project(struct runs *s, int64_t project, const char *why);
/* Freeze or thaw those that are going on in it. */
void runs_freeze_project(struct runs *s, int64_t project, bool frozen);
/* The containers of those that go on in it; returns how many, at most max. */
size_t runs_names(const struct runs *s, int64_t project,
    char (*names)[HOST_NAME_MAX], size_t max);
bool runs_idle(const struct runs *s);

#endif
