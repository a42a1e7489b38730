/*
 * age_sweep: forgets the logs of runs and jobs, and the records of runs, that
 * ended longer ago than the settings say.  A slice at a time, all of them once
 * in a while.  Their rows stay.
 */
#ifndef SERVER_JOBS_AGE_SWEEP_H
#define SERVER_JOBS_AGE_SWEEP_H

#include <stdint.h>

struct age_sweep;
struct svc;

struct age_sweep_spec {
	struct svc *svc;
	int64_t logs_ms;    /* since the end; 0: for ever */
	int64_t records_ms; /* the same */
};

/* NULL when nothing is ever forgotten. */
struct age_sweep *age_sweep_new(const struct age_sweep_spec *spec);
void age_sweep_free(struct age_sweep *a); /* NULL is fine */

#endif
