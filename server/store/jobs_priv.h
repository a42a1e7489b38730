/* jobs_priv: what the files of jobs share: one row, as it is read. */
#ifndef SERVER_STORE_JOBS_PRIV_H
#define SERVER_STORE_JOBS_PRIV_H

#include "server/domain/work.h"
#include "server/store/db_priv.h"
#include "server/store/jobs.h"

#define JOB_COLS                                                              \
	"j.id, j.project_id, p.owner || '/' || p.name, j.pull, j.sha,"        \
	" j.base_sha, j.name, j.state, j.network_setup, j.network_test,"      \
	" j.timeout_s, j.memory, j.required, j.attempt, j.lease,"             \
	" j.lease_until, j.runner, j.phase, j.has_exit, j.exit_code,"         \
	" j.signal, j.log_bytes, j.created_at, j.started_at, j.ended_at,"     \
	" j.runner_id, j.priority, j.cancel, j.cpus, j.pids, j.disk, j.tree," \
	" j.retests,"                                                         \
	" j.image, j.profile, j.presets, j.labels, j.why, j.setup, j.test"
#define JOB_FROM " FROM job j JOIN project p ON p.id = j.project_id"
/* Does it reach anything, as its project's network is now? */
#define JOB_NEEDS_NETWORK                                                 \
	"((j.network_test IN (3, 4, 5) OR (j.setup <> '' AND"             \
	" j.network_setup IN (3, 4, 5))) AND p.network IN (3, 4, 5) AND " \
	"NOT p.net_lockdown)"

void jobs_fill(struct query *q, struct job *j);
/* The rows of a query that selects JOB_COLS. */
int jobs_rows(struct txn *t, const char *sql, const struct bind *binds,
    struct job_list *out, struct err *e);

#endif
