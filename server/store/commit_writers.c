#include "server/store/commit_writers.h"

#include "lib/base/err.h"
#include "server/store/db_priv.h"

/* Somebody but ?3 is known to have brought the commit that is named so. */
#define COMMIT_WRITERS_OTHER(sha)                    \
	" NOT EXISTS (SELECT 1 FROM commit_writer w" \
	" WHERE w.project_id = ?1 AND w.sha = " sha  \
	" AND w.sure = 1 AND w.account_id <> ?3)"

int
commit_writers_claim(struct txn *t, int64_t project_id, const char *sha,
    int64_t user_id, struct err *e)
{
	if (user_id == 0)
		return 0;
	return db_exec(t,
	    "INSERT OR IGNORE INTO commit_writer (project_id, sha, account_id,"
	    " sure) SELECT ?1, ?2, ?3, 0 WHERE" COMMIT_WRITERS_OTHER("?2"),
	    BINDS(I(project_id), S(sha), I(user_id)), NULL, e);
}

int
commit_writers_drop(struct txn *t, int64_t project_id, const char *sha,
    int64_t user_id, struct err *e)
{
	return db_exec(t,
	    "DELETE FROM commit_writer WHERE project_id = ? AND sha = ?"
	    " AND account_id = ? AND sure = 0",
	    BINDS(I(project_id), S(sha), I(user_id)), NULL, e);
}

int
commit_writers_add(struct txn *t, int64_t project_id, const char *sha,
    int64_t user_id, struct err *e)
{
	if (user_id == 0)
		return 0;
	return db_exec(t,
	    "INSERT INTO commit_writer (project_id, sha, account_id, sure)"
	    " VALUES (?, ?, ?, 1) ON CONFLICT DO UPDATE SET sure = 1",
	    BINDS(I(project_id), S(sha), I(user_id)), NULL, e);
}

int
commit_writers_add_first(struct txn *t, int64_t project_id, const char *shas,
    int64_t user_id, struct err *e)
{
	return db_exec(t,
	    "INSERT INTO commit_writer (project_id, sha, account_id, sure)"
	    " SELECT ?1, j.value, ?3, 1 FROM json_each(?2) j"
	    " WHERE" COMMIT_WRITERS_OTHER(
		"j.value") " ON CONFLICT DO UPDATE SET sure = 1",
	    BINDS(I(project_id), S(shas), I(user_id)), NULL, e);
}

int
commit_writers_add_pull(struct txn *t, int64_t project_id, int64_t number,
    const char *sha, struct err *e)
{
	return db_exec(t,
	    "INSERT INTO commit_writer (project_id, sha, account_id, sure)"
	    " SELECT ?1, ?3, x.account_id, 1 FROM"
	    " (SELECT account_id FROM pull_writer"
	    " WHERE project_id = ?1 AND item = ?2"
	    " UNION SELECT account_id FROM pull_part"
	    " WHERE project_id = ?1 AND item = ?2"
	    " UNION SELECT author_id FROM issue"
	    " WHERE project_id = ?1 AND number = ?2) x WHERE true"
	    " ON CONFLICT DO UPDATE SET sure = 1",
	    BINDS(I(project_id), I(number), S(sha)), NULL, e);
}

int
commit_writers_copy(
    struct txn *t, int64_t from, int64_t to, const char *shas, struct err *e)
{
	return db_exec(t,
	    "INSERT OR IGNORE INTO commit_writer (project_id, sha, account_id,"
	    " sure) SELECT ?2, w.sha, w.account_id, 1"
	    " FROM json_each(?3) j CROSS JOIN commit_writer w"
	    " ON w.project_id = ?1 AND w.sha = j.value",
	    BINDS(I(from), I(to), S(shas)), NULL, e);
}

int
commit_writers_has(struct txn *t, int64_t project_id, const char *sha,
    int64_t user_id, bool *out, struct err *e)
{
	int64_t n = 0;

	if (db_number(t,
		"SELECT count(*) FROM commit_writer WHERE project_id = ?"
		" AND sha = ? AND account_id = ?",
		BINDS(I(project_id), S(sha), I(user_id)), &n, e) == -1)
		return -1;
	*out = n != 0;
	return 0;
}

int
commit_writers_claimant(struct txn *t, int64_t project_id, const char *sha,
    int64_t *user_id, struct err *e)
{
	*user_id = 0;
	return db_number(t,
	    "SELECT CASE WHEN count(*) = 1 THEN max(account_id) ELSE 0 END"
	    " FROM commit_writer WHERE project_id = ? AND sha = ?"
	    " AND sure = 0",
	    BINDS(I(project_id), S(sha)), user_id, e);
}
