/*
 * care: looks after the repositories by itself: one at a time, when nobody
 * writes them, what care_plan says.  A project in which nothing moved costs
 * nothing but its check.  A step that is in a writer's way ends at once and
 * is done later.  What was found and done is the project's row of care; a
 * repository that turns out to be corrupt, or whole again, is an event.
 */
#ifndef SERVER_JOBS_CARE_H
#define SERVER_JOBS_CARE_H

#include <stdint.h>

struct care;
struct err;
struct svc;

struct care_spec {
	struct svc *svc;
	int64_t quiet_ms; /* without a write before care begins, 0: 30 s */
	int64_t check_ms; /* between two checks, 0: a day */
	int64_t limit_ms; /* of a git child, 0: 2 h */
};

struct care *care_new(const struct care_spec *spec);
/* Reads what is known of the projects and begins. */
int care_start(struct care *c, struct err *e);
void care_free(struct care *c); /* kills what runs; NULL is fine */

/* fail NULL: what was wanted is done.  ERR_IO: the repository is corrupt. */
typedef void care_done_fn(const struct err *fail, void *arg);

/*
 * Care for that project before others: wanted is a set of 1 << step of
 * care_plan.h, 0: whatever is due.  Somebody who writes goes first all the
 * same.  done comes once, later; NULL is fine.  A handle for care_cancel_wait.
 */
uint64_t care_now(struct care *c, int64_t project, unsigned wanted,
    care_done_fn *done, void *arg);
void care_cancel_wait(struct care *c, uint64_t handle);
void care_forget(struct care *c, int64_t project);

#endif
