#include "server/store/pull_writers.h"

#include "lib/base/err.h"
#include "server/store/commit_writers.h"
#include "server/store/db_priv.h"

/* The branch of the row p of pull: behind the colon of OWNER:BRANCH. */
#define PULL_WRITERS_REF                                \
	" w.project_id = CASE p.head_project_id WHEN 0" \
	" THEN p.project_id ELSE p.head_project_id END" \
	" AND w.name = 'refs/heads/' || substr(p.head," \
	" instr(p.head, ':') + 1)"

int
pull_writers_add(
    struct txn *t, int64_t project_id, int64_t number, struct err *e)
{
	static const char
	    sql[] = "INSERT OR IGNORE INTO pull_writer"
		    " (project_id, item, account_id)"
		    " SELECT p.project_id, p.number, w.account_id FROM pull p"
		    " JOIN ref_writer w ON" PULL_WRITERS_REF
		    " WHERE p.project_id = ?1 AND p.number = ?2"
		    " UNION SELECT project_id, number, head_account_id"
		    " FROM pull p WHERE project_id = ?1 AND number = ?2"
		    " AND head_account_id > 0 AND NOT EXISTS"
		    " (SELECT 1 FROM ref_writer w WHERE" PULL_WRITERS_REF ")";

	return db_exec(t, sql, BINDS(I(project_id), I(number)), NULL, e);
}

int
pull_parts_set(struct txn *t, const struct pull_parts *p, struct err *e)
{
	static const char
	    sql[] = "INSERT INTO pull_part (project_id, item, account_id)"
		    " SELECT DISTINCT ?1, ?2, w.account_id"
		    " FROM json_each(?4) j CROSS JOIN commit_writer w"
		    " ON w.project_id IN (?1, ?3) AND w.sha = j.value";
	static const char
	    all[] = "INSERT INTO pull_part (project_id, item, account_id)"
		    " SELECT DISTINCT ?1, ?2, account_id FROM commit_writer"
		    " WHERE project_id IN (?1, ?3)";
	const struct bind *binds = BINDS(
	    I(p->project_id), I(p->number), I(p->head_project), S(p->shas));

	if (db_exec(t,
		"DELETE FROM pull_part WHERE project_id = ? AND item = ?",
		BINDS(I(p->project_id), I(p->number)), NULL, e) == -1)
		return -1;
	if (p->shas != NULL && p->head_project != 0 &&
	    commit_writers_copy(
		t, p->head_project, p->project_id, p->shas, e) == -1)
		return -1;
	if (p->shas == NULL)
		return db_exec(t, all,
		    BINDS(I(p->project_id), I(p->number), I(p->head_project)),
		    NULL, e);
	return db_exec(t, sql, binds, NULL, e);
}

int
pull_writers_has(struct txn *t, int64_t project_id, int64_t number,
    int64_t user_id, bool *out, struct err *e)
{
	static const char
	    sql[] = "SELECT EXISTS (SELECT 1 FROM pull_writer"
		    " WHERE project_id = ?1 AND item = ?2 AND account_id = ?3)"
		    " OR EXISTS (SELECT 1 FROM pull p"
		    " JOIN ref_writer w ON" PULL_WRITERS_REF
		    " AND w.account_id = ?3"
		    " WHERE p.project_id = ?1 AND p.number = ?2)"
		    " OR EXISTS (SELECT 1 FROM pull_part"
		    " WHERE project_id = ?1 AND item = ?2 AND account_id = ?3)";
	int64_t n = 0;

	if (db_number(t, sql, BINDS(I(project_id), I(number), I(user_id)), &n,
		e) == -1)
		return -1;
	*out = n != 0;
	return 0;
}
