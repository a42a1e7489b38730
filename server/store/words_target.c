#include "server/store/words_target.h"

#include "lib/base/err.h"
#include "server/store/db_priv.h"

int
words_target_get(struct txn *t, struct words_target *of,
    struct words_state *out, struct err *e)
{
	static const char comment[] =
	    "SELECT i.number, i.is_pull, i.locked, c.author_id FROM comment c"
	    " JOIN issue i ON i.project_id = c.project_id"
	    " AND i.number = c.item WHERE c.id = ? AND c.project_id = ?"
	    " AND ? IN (0, c.item)";
	static const char
	    item[] = "SELECT number, is_pull, locked, author_id FROM issue"
		     " WHERE project_id = ? AND number = ?";
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct words_state){ .locked = false };
	if (of->comment_id != 0)
		rc = query_one(&q, t, comment,
		    BINDS(I(of->comment_id), I(of->project_id), I(of->item)),
		    "comment does not exist", e);
	else
		rc = query_one(&q, t, item,
		    BINDS(I(of->project_id), I(of->item)),
		    "issue does not exist", e);
	if (rc == -1)
		return -1;
	of->item = query_i64(&q);
	out->is_pull = query_bool(&q);
	out->locked = query_bool(&q);
	out->author_id = query_i64(&q);
	return 0;
}
