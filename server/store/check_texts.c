#include "server/store/check_texts.h"

#include "server/store/db_priv.h"

int
check_texts_get(struct txn *t, int64_t project_id, char **text, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*text = NULL;
	if (query_open(&q, t,
		"SELECT text FROM check_text WHERE project_id = ?",
		BINDS(I(project_id)), e) == -1)
		return -1;
	rc = query_next(&q, e);
	if (rc == 1)
		*text = query_text(&q);
	return rc == -1 ? -1 : 0;
}

int
check_texts_at(struct txn *t, int64_t project_id, int64_t *at, struct err *e)
{
	return db_number(t, "SELECT at FROM check_text WHERE project_id = ?",
	    BINDS(I(project_id)), at, e);
}

int
check_texts_put(struct txn *t, const struct check_text_new *n, struct err *e)
{
	static const char
	    put[] = "INSERT INTO check_text (project_id, text, by_id, at)"
		    " VALUES (?1, ?2, ?3, ?4) ON CONFLICT (project_id)"
		    " DO UPDATE SET text = ?2, by_id = ?3, at = ?4";

	if (n->text == NULL)
		return db_exec(t, "DELETE FROM check_text WHERE project_id = ?",
		    BINDS(I(n->project_id)), NULL, e);
	return db_exec(t, put,
	    BINDS(I(n->project_id), S(n->text), I(n->by_id), I(n->now)), NULL,
	    e);
}
