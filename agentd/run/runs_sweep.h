/*
 * runs_sweep: finds the runs whose folder was not cleaned away: HOME/runs/ID
 * still has a token, or one of the models.  Each as a row that run_new
 * understands, with id and project only; valid during the call.
 */
#ifndef AGENTD_RUN_RUNS_SWEEP_H
#define AGENTD_RUN_RUNS_SWEEP_H

#include "agentd/run/run.h"

typedef void runs_sweep_fn(const struct json *row, void *arg);

void runs_sweep(const struct sandbox_host *h, runs_sweep_fn *fn, void *arg);

#endif
