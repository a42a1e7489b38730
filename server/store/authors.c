#include "server/store/authors.h"

#include "lib/base/auto.h"
#include "server/store/items_priv.h"

int
authors_fill(struct txn *t, struct author *const *at, size_t n, struct err *e)
{
	static const char
	    sql[] = "SELECT " AUTHOR_COLS " FROM json_each(?) j"
		    " CROSS JOIN account a ON a.id = j.value LIMIT ?";
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_STR struct str ids = STR_INIT;
	int rc;

	for (size_t i = 0; i < n; i++)
		if (at[i]->id != 0)
			str_addf(&ids, "%c%lld", ids.len == 0 ? '[' : ',',
			    (long long)at[i]->id);
	if (ids.len == 0)
		return 0;
	str_addc(&ids, ']');
	if (query_open(
		&q, t, sql, BINDS(S(str_cstr(&ids)), I(DB_LIST_MAX)), e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1) {
		struct author a;

		author_fill(&q, &a);
		for (size_t i = 0; i < n; i++)
			if (at[i]->id == a.id)
				*at[i] = a;
	}
	return rc;
}
