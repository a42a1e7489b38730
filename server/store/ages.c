#include "server/store/ages.h"

#include "server/store/db_priv.h"

/* Who judges a pull request wants to see what made and tested it. */
#define AGES_OPEN(table, numbers)                                       \
	" AND NOT EXISTS (SELECT 1 FROM pull p WHERE p.is_open = 1 AND" \
	" p.project_id = " table ".project_id AND p.number IN " numbers ")"

static const struct {
	const char *list, *forget;
} ages_sql[] = {
	[AGE_RUNS] = { "SELECT id, ended_at, log_bytes FROM run WHERE id > "
		       "?" AGES_OPEN("run",
			   "(run.item, run.pull)") " ORDER BY id LIMIT ?",
	    "UPDATE run SET log_bytes = 0 WHERE id = ? AND ended_at = ?" },
	[AGE_JOBS] = { "SELECT id, ended_at, log_bytes FROM job WHERE id > "
		       "?" AGES_OPEN(
			   "job", "(job.pull)") " ORDER BY id LIMIT ?",
	    "UPDATE job SET log_bytes = 0 WHERE id = ? AND ended_at = ?" },
};

int
ages_list(struct txn *t, enum age_kind kind, int64_t after, struct age *out,
    size_t max, size_t *n, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc = query_open(
	    &q, t, ages_sql[kind].list, BINDS(I(after), I(max)), e);

	*n = 0;
	while (rc != -1 && *n < max && (rc = query_next(&q, e)) == 1) {
		out[*n].id = query_i64(&q);
		out[*n].ended_at = query_i64(&q);
		out[*n].log_bytes = query_i64(&q);
		(*n)++;
	}
	return rc == -1 ? -1 : 0;
}

int
ages_forget_log(
    struct txn *t, enum age_kind kind, const struct age *a, struct err *e)
{
	return db_exec(
	    t, ages_sql[kind].forget, BINDS(I(a->id), I(a->ended_at)), NULL, e);
}
