#include "server/store/jobs_wait.h"

#include <stdlib.h>

#include "lib/base/err.h"
#include "server/store/jobs_priv.h"

#define JOBS_WAIT_COLS "SELECT DISTINCT j.labels, " JOB_NEEDS_NETWORK ", j.why"

void
job_wait_release(struct job_wait *x)
{
	free(x->labels);
	free(x->why);
	*x = (struct job_wait){ .labels = NULL };
}

void
job_wait_list_release(struct job_wait_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		job_wait_release(&l->at[i]);
	free(l->at);
	*l = (struct job_wait_list){ .n = 0 };
}

static void
jobs_wait_fill(struct query *q, struct job_wait *x)
{
	x->labels = query_text(q);
	x->network = query_bool(q);
	x->why = query_text(q);
}

int
jobs_waits(struct txn *t, struct job_wait_list *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct job_wait_list){ .n = 0 };
	if (query_open(&q, t,
		JOBS_WAIT_COLS JOB_FROM
		" WHERE j.state = 1 AND p.state = 1 LIMIT ?",
		BINDS(I(JOBS_WAIT_KINDS)), e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		jobs_wait_fill(&q, LIST_ADD(out));
	if (rc == -1)
		job_wait_list_release(out);
	return rc;
}

int
jobs_wait_of(struct txn *t, int64_t id, struct job_wait *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct job_wait){ .labels = NULL };
	if (query_one(&q, t, JOBS_WAIT_COLS JOB_FROM " WHERE j.id = ?",
		BINDS(I(id)), "job does not exist", e) == -1)
		return -1;
	jobs_wait_fill(&q, out);
	return 0;
}

int
jobs_wait_ids(struct txn *t, const struct job_wait *kind,
    int64_t ids[JOBS_WAIT_MAX], size_t *n, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*n = 0;
	if (query_open(&q, t,
		"SELECT j.id" JOB_FROM " WHERE j.state = 1 AND p.state = 1"
		" AND j.labels = ? AND " JOB_NEEDS_NETWORK " = ? AND j.why = ?"
		" ORDER BY j.id LIMIT ?",
		BINDS(S(kind->labels), I(kind->network), S(kind->why),
		    I(JOBS_WAIT_MAX)),
		e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		ids[(*n)++] = query_i64(&q);
	return rc;
}

int
jobs_wait_set(struct txn *t, int64_t id, const char *why, struct err *e)
{
	return db_exec(t, "UPDATE job SET why = ? WHERE id = ? AND state = 1",
	    BINDS(S(why), I(id)), NULL, e);
}
