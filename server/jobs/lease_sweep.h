/*
 * lease_sweep: projects whose lease is over are removed.  One is given a while
 * more first, in time that passes while the host is awake: whoever wants it was
 * asleep just as long, and says so again.
 */
#ifndef SERVER_JOBS_LEASE_SWEEP_H
#define SERVER_JOBS_LEASE_SWEEP_H

struct lease_sweep;
struct svc;

struct lease_sweep *lease_sweep_new(struct svc *s);
void lease_sweep_free(struct lease_sweep *l); /* NULL is fine */

#endif
