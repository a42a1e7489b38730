#include "server/store/run_keys.h"

#include <stdio.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "server/store/db_priv.h"

int
run_keys_get(struct txn *t, struct run_key *k, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_FREE char *print = NULL;

	if (query_one(&q, t,
		"SELECT print, run_id FROM run_key WHERE project_id = ?"
		" AND account_id = ? AND word = ?",
		BINDS(I(k->project_id), I(k->account_id), S(k->key)),
		"no such key", e) == -1)
		return -1;
	print = query_text(&q);
	k->run_id = query_i64(&q);
	(void)snprintf(k->print, sizeof(k->print), "%s", print);
	return 0;
}

int
run_keys_add(struct txn *t, const struct run_key *k, struct err *e)
{
	return db_exec(t,
	    "INSERT INTO run_key (project_id, account_id, word, print, run_id)"
	    " VALUES (?, ?, ?, ?, ?)",
	    BINDS(I(k->project_id), I(k->account_id), S(k->key), S(k->print),
		I(k->run_id)),
	    NULL, e);
}
