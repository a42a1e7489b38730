/* plan_do: what recovery needs of the steps of a plan; the rest is fetch.h. */
#ifndef CLI_FETCH_PLAN_DO_H
#define CLI_FETCH_PLAN_DO_H

struct err;
struct fetch_job;
struct plan;

/* It is done: what is left is to say so. */
int plan_finish(struct fetch_job *j, struct plan *p, struct err *e);
/* Of one that was cut off: an apply is taken back, an undo gone on with. */
int plan_resume(struct fetch_job *j, struct plan *p, int top, struct err *e);

#endif
