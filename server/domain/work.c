#include "server/domain/work.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "server/domain/word.h"

static const char *const run_state_words[] = {
	[RUN_QUEUED] = "queued",
	[RUN_PREPARING] = "preparing",
	[RUN_RUNNING] = "running",
	[RUN_FINISHING] = "finishing",
	[RUN_DONE] = "done",
	[RUN_FAILED] = "failed",
	[RUN_CANCELLED] = "cancelled",
	[RUN_TIMED_OUT] = "timed_out",
	[RUN_BUDGET] = "budget",
};

static const char *const job_state_words[] = {
	[JOB_QUEUED] = "queued",
	[JOB_RUNNING] = "running",
	[JOB_PASSED] = "passed",
	[JOB_FAILED] = "failed",
	[JOB_SETUP_FAILED] = "setup_failed",
	[JOB_TIMED_OUT] = "timed_out",
	[JOB_OUT_OF_MEMORY] = "out_of_memory",
	[JOB_CANCELLED] = "cancelled",
	[JOB_INFRASTRUCTURE_ERROR] = "infrastructure_error",
	[JOB_SUPERSEDED] = "superseded",
	[JOB_SKIPPED] = "skipped",
};

const char *
run_state_name(enum run_state v)
{
	return word_name(
	    run_state_words, WORD_COUNT(run_state_words), (unsigned)v);
}

int
run_state_parse(const char *s)
{
	return word_find(run_state_words, WORD_COUNT(run_state_words), s);
}

const char *
job_state_name(enum job_state v)
{
	return word_name(
	    job_state_words, WORD_COUNT(job_state_words), (unsigned)v);
}

int
job_state_parse(const char *s)
{
	return word_find(job_state_words, WORD_COUNT(job_state_words), s);
}

bool
run_state_is_end(enum run_state s)
{
	return s >= RUN_DONE;
}

bool
job_state_is_end(enum job_state s)
{
	return s >= JOB_PASSED;
}

void
event_release(struct event *x)
{
	free(x->data);
	memset(x, 0, sizeof(*x));
}

void
event_list_release(struct event_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		event_release(&l->at[i]);
	free(l->at);
	memset(l, 0, sizeof(*l));
}

void
run_release(struct run *x)
{
	free(x->command);
	free(x->agent);
	free(x->branch);
	free(x->base);
	free(x->why);
	free(x->message);
	free(x->record);
	memset(x, 0, sizeof(*x));
}

void
run_list_release(struct run_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		run_release(&l->at[i]);
	free(l->at);
	memset(l, 0, sizeof(*l));
}

void
job_release(struct job *x)
{
	free(x->check.setup);
	free(x->check.test);
	free(x->check.image);
	free(x->check.profile);
	free(x->check.presets);
	free(x->check.labels);
	free(x->runner);
	free(x->phase);
	free(x->why);
	memset(x, 0, sizeof(*x));
}

void
job_list_release(struct job_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		job_release(&l->at[i]);
	free(l->at);
	memset(l, 0, sizeof(*l));
}
