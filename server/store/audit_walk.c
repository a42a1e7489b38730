/* audit_walk: is the whole chain what was written?  For who has the database
 * and asks no cofferd. */
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "server/store/audit.h"
#include "server/store/audit_priv.h"
#include "server/store/db_priv.h"

/* What retention took is told by a row of its own. */
static int
audit_walk_start(struct txn *t, const struct audit_end *start, struct str *bad,
    struct err *e)
{
	static const char
	    sql[] = "SELECT count(*) FROM audit WHERE what = 'audit.pruned'"
		    " AND json_extract(new, '$.through') = ?"
		    " AND json_extract(new, '$.hash') = ?";
	int64_t told = 0;

	if (start->seq == 0)
		return 0;
	if (db_number(t, sql, BINDS(I(start->seq), S(start->hash)), &told, e) ==
	    -1)
		return -1;
	if (told == 0)
		str_addf(bad,
		    "the rows up to %lld are missing, and no row says that "
		    "retention took them",
		    (long long)start->seq);
	return 0;
}

static void
audit_walk_step(
    struct audit_end *at, const struct audit_row *r, struct str *bad)
{
	char hash[AUDIT_HASH_HEX];

	audit_hash(r, at->hash, hash);
	if (r->seq != at->seq + 1)
		str_addf(bad, "row %lld is missing", (long long)at->seq + 1);
	else if (strcmp(hash, r->hash) != 0)
		str_addf(bad,
		    "row %lld was changed, or the row before it: its hash is "
		    "not of what it says",
		    (long long)r->seq);
	at->seq = r->seq;
	memcpy(at->hash, hash, sizeof(at->hash));
}

int
audit_walk(struct txn *t, struct str *bad, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	struct audit_end at, head;
	int rc;

	if (audit_ends(t, &at, &head, e) == -1 ||
	    audit_walk_start(t, &at, bad, e) == -1 ||
	    query_open(&q, t, "SELECT " AUDIT_COLS " FROM audit ORDER BY seq",
		NULL, e) == -1)
		return -1;
	while (bad->len == 0 && (rc = query_next(&q, e)) != 0) {
		struct audit_row r;

		if (rc == -1)
			return -1;
		audit_fill(&q, &r);
		audit_walk_step(&at, &r, bad);
		audit_row_release(&r);
	}
	return 0;
}

int
audit_hash_of(
    struct txn *t, int64_t seq, char out[AUDIT_HASH_HEX], struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	out[0] = '\0';
	if (query_open(&q, t, "SELECT hash FROM audit WHERE seq = ?",
		BINDS(I(seq)), e) == -1 ||
	    (rc = query_next(&q, e)) == -1)
		return -1;
	if (rc == 1) {
		struct audit_end x;

		QUERY_NAME(&q, x.hash);
		memcpy(out, x.hash, sizeof(x.hash));
	}
	return 0;
}
