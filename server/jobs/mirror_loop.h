/*
 * mirror_loop: when each project is synchronised: at its interval with jitter,
 * on demand (those first), one job per project, so many at once and of each
 * host (mirror_host).  A failure doubles the wait up to one hour; one that only
 * a person can end pauses the project with one event until mirror_loop_wake.
 * The schedule is in memory; the rows follow, those of quiet polls in groups.
 */
#ifndef SERVER_JOBS_MIRROR_LOOP_H
#define SERVER_JOBS_MIRROR_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct db;
struct err;
struct loop;
struct mirror_loop;
struct svc_mirror;

struct mirror_loop_spec {
	struct loop *loop;
	struct db *db;
	struct svc_mirror *mirror;
	unsigned at_once;  /* 0: 16 */
	unsigned per_host; /* 0: 4 */
};

struct mirror_loop *mirror_loop_new(const struct mirror_loop_spec *spec);
/* Reads the projects and begins; the first syncs are spread. */
int mirror_loop_start(struct mirror_loop *l, struct err *e);
/* Nothing begins any more; who waits is told. */
void mirror_loop_stop(struct mirror_loop *l);
void mirror_loop_free(struct mirror_loop *l); /* NULL is fine */

/* fail NULL: the project is as upstream was during the call. */
typedef void mirror_loop_done_fn(const struct err *fail, void *arg);

/*
 * A sync that begins after this call: done comes once, later.  Also resumes a
 * paused project for this one try.  Returns a handle for
 * mirror_loop_cancel_wait (a caller that stops waiting); done NULL is fine.
 */
uint64_t mirror_loop_sync_now(struct mirror_loop *l, int64_t project,
    mirror_loop_done_fn *done, void *arg);
void mirror_loop_cancel_wait(struct mirror_loop *l, uint64_t handle);

/* A project is new, or its settings, upstream or token changed: it is read
 * again, a pause or backoff ends, and it is synchronised soon. */
void mirror_loop_wake(struct mirror_loop *l, int64_t project);
void mirror_loop_forget(struct mirror_loop *l, int64_t project);

#endif
