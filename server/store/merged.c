#include "server/store/merged.h"

#include "server/store/db_priv.h"

int
merged_find(struct txn *t, int64_t project_id, const char *sha, int64_t *number,
    struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*number = 0;
	if (query_one(&q, t,
		"SELECT number FROM pull WHERE project_id = ?"
		" AND merge_sha = ? AND merge_sha <> ''",
		BINDS(I(project_id), S(sha)),
		"no pull request was merged by that commit", e) == -1)
		return -1;
	*number = query_i64(&q);
	return 0;
}
