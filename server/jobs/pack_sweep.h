/*
 * pack_sweep: keeps the cache of computed packs within its bytes and its age.
 * The work is a child's (coffer-packs --sweep), one at a time, at start and
 * then at an interval; its counts are logged when they changed.
 */
#ifndef SERVER_JOBS_PACK_SWEEP_H
#define SERVER_JOBS_PACK_SWEEP_H

#include <stdint.h>

struct git_env;
struct loop;
struct pack_sweep;

struct pack_sweep_spec {
	struct loop *loop;
	const struct git_env *env; /* with the program: gitenv_use_packs */
	uint64_t max;              /* bytes; 0: everything goes */
	int64_t age_ms;            /* since its last use */
	int64_t every_ms;          /* 0: 20 s, less for a short age */
};

struct pack_sweep *packsweep_new(const struct pack_sweep_spec *spec);
void packsweep_free(struct pack_sweep *s); /* NULL is fine */

#endif
