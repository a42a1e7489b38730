/*
 * reap: end every container below a folder of records: ROOT/ID/PHASE for each
 * number ID and given phase.  Killed at once, waited for, destroyed; the
 * records stay.  A few at a time; the first failure is reported at the end.
 */
#ifndef AGENTD_RUN_REAP_H
#define AGENTD_RUN_REAP_H

#include "agentd/sandbox/driver.h"

/* The container's name of an id and phase: host_run_id, host_job_id. */
typedef void reap_name_fn(const struct sandbox_host *h, int64_t id,
    const char *phase, char out[HOST_NAME_MAX]);

struct reap_spec {
	const struct sandbox_host *host;
	const struct driver *driver;
	const char *root;
	const char *const *phases; /* NULL ends; outlives the reaping */
	reap_name_fn *name;
	sandbox_done_fn *done;
	void *arg;
};

void reap_start(const struct reap_spec *spec);

#endif
