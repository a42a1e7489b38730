/* approval_sweep: questions to maintainers whose time is over say so, within
 * some seconds. */
#ifndef SERVER_JOBS_APPROVAL_SWEEP_H
#define SERVER_JOBS_APPROVAL_SWEEP_H

struct approval_sweep;
struct svc;

struct approval_sweep *approval_sweep_new(struct svc *s);
void approval_sweep_free(struct approval_sweep *a); /* NULL is fine */

#endif
