/*
 * fill_loop: makes up for what rows of an older version lack (store/fills.h),
 * once, a little at a time, behind all other work.  How far it got is written
 * with each step, so that a restart goes on there.
 */
#ifndef SERVER_JOBS_FILL_LOOP_H
#define SERVER_JOBS_FILL_LOOP_H

struct fill_loop;
struct svc;

struct fill_loop *fill_loop_new(struct svc *svc);
void fill_loop_start(struct fill_loop *l);
/* Begins nothing any more. */
void fill_loop_stop(struct fill_loop *l);
/* After db_close and the pool's end.  NULL is fine. */
void fill_loop_free(struct fill_loop *l);

#endif
