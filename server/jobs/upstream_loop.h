/*
 * upstream_loop: when the API of an upstream's forge is asked about it: at
 * `interval_ms` with jitter, one project at a time, later after each failure,
 * and never before the time that the API named for that host and token.
 */
#ifndef SERVER_JOBS_UPSTREAM_LOOP_H
#define SERVER_JOBS_UPSTREAM_LOOP_H

#include <stdint.h>

struct db;
struct loop;
struct svc_upstream;
struct upstream_loop;

struct upstream_loop_spec {
	struct loop *loop;
	struct db *db;
	struct svc_upstream *upstream;
	const char *home; /* its secrets tell the budgets of tokens apart */
	int64_t interval_ms;
};

struct upstream_loop *upstream_loop_new(const struct upstream_loop_spec *spec);
void upstream_loop_start(struct upstream_loop *l);
/* Before svc_upstream_free.  NULL is fine. */
void upstream_loop_free(struct upstream_loop *l);

#endif
