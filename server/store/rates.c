#include "server/store/rates.h"

#include "lib/base/err.h"
#include "server/store/db_priv.h"

/* What is kept are the ms of filling that the bucket holds, so that nothing is
 * lost to rounding: one costs per_ms / burst of them. */
int
rates_take(struct txn *t, const struct rate *r, int64_t now, int64_t *retry_ms,
    struct err *e)
{
	const int64_t cost = r->per_ms / r->burst;
	AUTO_QUERY struct query q = QUERY_INIT;
	int64_t level = r->per_ms, at = now;
	int rc;

	*retry_ms = 0;
	if (query_open(&q, t, "SELECT tokens_ms, at FROM rate WHERE key = ?",
		BINDS(S(r->key)), e) == -1)
		return -1;
	rc = query_next(&q, e);
	if (rc == 1) {
		level = query_i64(&q);
		at = query_i64(&q);
	}
	query_end(&q);
	if (rc == -1)
		return -1;
	if (now > at)
		level = now - at >= r->per_ms - level ? r->per_ms
						      : level + (now - at);
	if (level > r->per_ms)
		level = r->per_ms;
	if (level < cost) {
		*retry_ms = cost - level;
		return err_set(e, ERR_LIMIT, "too many for now");
	}
	return db_exec(t,
	    "INSERT INTO rate (key, tokens_ms, at) VALUES (?1, ?2, ?3)"
	    " ON CONFLICT (key) DO UPDATE SET tokens_ms = ?2, at = ?3",
	    BINDS(S(r->key), I(level - cost), I(now)), NULL, e);
}

int
rates_forget(struct txn *t, int64_t before, struct err *e)
{
	return db_exec(
	    t, "DELETE FROM rate WHERE at < ?", BINDS(I(before)), NULL, e);
}
