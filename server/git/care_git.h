/*
 * care_git: one step of care for a repository: git children one after the
 * other, at the lowest priority, with bounded memory and time, that die with
 * this process.  Killed at any moment they leave temporary files alone
 * (gitpool_clean_all), and every object where it was or in its new pack.
 * Who calls it has the repository exclusively, but for the checks.
 */
#ifndef SERVER_GIT_CARE_GIT_H
#define SERVER_GIT_CARE_GIT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/io/loop.h"
#include "server/domain/care_plan.h"

struct care_git;
struct err;
struct git_env;

struct care_git_end {
	const struct err *fail; /* NULL: done */
	bool stopped;           /* by care_git_stop */
	bool corrupt;           /* of a check: fail says what */
	bool full;              /* the disk is */
};
typedef void care_git_done_fn(const struct care_git_end *end, void *arg);

struct care_git_spec {
	struct loop *loop;
	const struct git_env *env;
	int64_t project;
	enum care_step step;
	int64_t limit_ms; /* of each child */
	care_git_done_fn *done;
	void *arg;
};

/* done comes once, later; not after care_git_cancel. */
struct care_git *care_git_start(
    const struct care_git_spec *spec, struct err *e);
/* SIGTERM, SIGKILL soon after; done says stopped when the child is gone. */
void care_git_stop(struct care_git *g);
void care_git_cancel(struct care_git *g); /* NULL is fine */

#endif
