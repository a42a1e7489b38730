#include "server/store/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "server/store/audit_priv.h"
#include "server/store/db_priv.h"

void
audit_fill(struct query *q, struct audit_row *r)
{
	r->seq = query_i64(q);
	r->at = query_i64(q);
	r->who_id = query_i64(q);
	r->who = query_text(q);
	r->via = query_text(q);
	r->origin = query_text(q);
	r->request = query_text(q);
	r->project_id = query_i64(q);
	r->project = query_text(q);
	r->what = query_text(q);
	r->subject = query_text(q);
	r->event = query_i64(q);
	r->old = query_text(q);
	r->new_ = query_text(q);
	r->hash = query_text(q);
}

static void
audit_drop(const char *owned)
{
	free((void *)(uintptr_t)owned);
}

void
audit_row_release(struct audit_row *r)
{
	audit_drop(r->who);
	audit_drop(r->via);
	audit_drop(r->origin);
	audit_drop(r->request);
	audit_drop(r->project);
	audit_drop(r->what);
	audit_drop(r->subject);
	audit_drop(r->old);
	audit_drop(r->new_);
	audit_drop(r->hash);
}

void
audit_list_release(struct audit_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		audit_row_release(&l->at[i]);
	free(l->at);
	*l = (struct audit_list){ .n = 0 };
}

int
audit_newest_of(
    struct txn *t, const char *word, struct audit_list *out, struct err *e)
{
	static const char sql
	    [] = "SELECT " AUDIT_COLS
		 " FROM audit WHERE seq IN (SELECT max(seq)"
		 " FROM audit WHERE hash <> '' AND what IN (?1 || '.created',"
		 " ?1 || '.changed', ?1 || '.deleted') GROUP BY subject)"
		 " AND what <> ?1 || '.deleted' ORDER BY seq LIMIT ?2";
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct audit_list){ .n = 0 };
	if (query_open(&q, t, sql, BINDS(S(word), I(AUDIT_SUBJECTS)), e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		audit_fill(&q, LIST_ADD(out));
	if (rc == 0)
		return 0;
	audit_list_release(out);
	return -1;
}

int
audit_whats_get(struct txn *t, struct audit_whats *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	out->n = 0;
	if (query_open(&q, t,
		"SELECT DISTINCT what FROM (SELECT what FROM audit"
		" ORDER BY seq DESC LIMIT 1000)"
		" ORDER BY what LIMIT ?",
		BINDS(I(AUDIT_WHATS)), e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1 && out->n < AUDIT_WHATS) {
		QUERY_NAME(&q, out->at[out->n]);
		out->n++;
	}
	return rc == -1 ? -1 : 0;
}

static int
audit_end_of(
    struct txn *t, const char *sql, struct audit_end *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	if (query_open(&q, t, sql, NULL, e) == -1 ||
	    (rc = query_next(&q, e)) == -1)
		return -1;
	if (rc == 0)
		return 0;
	out->seq = query_i64(&q);
	QUERY_NAME(&q, out->hash);
	return 0;
}

int
audit_ends(struct txn *t, struct audit_end *start, struct audit_end *head,
    struct err *e)
{
	*start = (struct audit_end){ .hash = AUDIT_HASH_NONE };
	if (audit_end_of(t, "SELECT seq, hash FROM audit_start", start, e) ==
	    -1)
		return -1;
	*head = *start;
	return audit_end_of(t,
	    "SELECT seq, hash FROM audit WHERE hash <> ''"
	    " ORDER BY seq DESC LIMIT 1",
	    head, e);
}

void
audit_hash(
    const struct audit_row *r, const char *before, char out[AUDIT_HASH_HEX])
{
	AUTO_STR struct str bytes = STR_INIT;
	unsigned char hash[crypto_hash_sha256_BYTES];

	audit_row_bytes(r, before, &bytes);
	if (!str_ok(&bytes))
		die("audit row %lld too large", (long long)r->seq);
	(void)crypto_hash_sha256(
	    hash, (const unsigned char *)bytes.p, bytes.len);
	(void)sodium_bin2hex(out, AUDIT_HASH_HEX, hash, sizeof(hash));
}

int
audit_seq_at(struct txn *t, int64_t at, int64_t *seq, struct err *e)
{
	struct audit_end start, head;
	int64_t low, high;

	if (audit_ends(t, &start, &head, e) == -1)
		return -1;
	low = start.seq + 1;
	high = head.seq + 1;
	while (low < high) {
		int64_t mid = low + (high - low) / 2, then = 0;

		if (db_number(t,
			"SELECT at FROM audit WHERE seq >= ? ORDER BY seq"
			" LIMIT 1",
			BINDS(I(mid)), &then, e) == -1)
			return -1;
		if (then < at)
			low = mid + 1;
		else
			high = mid;
	}
	*seq = low;
	return 0;
}

int
audit_check(
    struct txn *t, int64_t max, struct audit_checked *out, struct err *e)
{
	struct audit_filter f = { .newest = true, .limit = max };
	struct audit_end start, head;
	struct audit_list l;
	char hash[AUDIT_HASH_HEX];

	*out = (struct audit_checked){ .n = 0 };
	if (audit_ends(t, &start, &head, e) == -1 ||
	    audit_find(t, &f, &l, e) == -1)
		return -1;
	if (l.more) {
		start.seq = l.at[l.n - 1].seq - 1;
		if (audit_hash_of(t, start.seq, start.hash, e) == -1) {
			audit_list_release(&l);
			return -1;
		}
	}
	for (size_t i = l.n; out->bad == 0 && i > 0; i--) {
		const struct audit_row *r = &l.at[i - 1];
		const bool first = i == l.n;

		audit_hash(r, first ? start.hash : l.at[i].hash, hash);
		if (strcmp(hash, r->hash) != 0 ||
		    r->seq != (first ? start.seq : l.at[i].seq) + 1)
			out->bad = r->seq;
		out->n++;
	}
	audit_list_release(&l);
	return 0;
}

/* The rows of a group are read whole before the first is written. */
int
audit_seal(struct txn *t, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	struct audit_list l = { .n = 0 };
	struct audit_end start, head;
	int rc;

	if (audit_ends(t, &start, &head, e) == -1 ||
	    query_open(&q, t,
		"SELECT " AUDIT_COLS " FROM audit WHERE seq > ? ORDER BY seq",
		BINDS(I(head.seq)), e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		audit_fill(&q, LIST_ADD(&l));
	query_end(&q);
	for (size_t i = 0; rc == 0 && i < l.n; i++) {
		audit_hash(&l.at[i], head.hash, head.hash);
		rc = db_exec(t, "UPDATE audit SET hash = ? WHERE seq = ?",
		    BINDS(S(head.hash), I(l.at[i].seq)), NULL, e);
	}
	audit_list_release(&l);
	return rc;
}

static int
audit_prune_to(
    struct txn *t, const struct audit_end *to, int64_t *n, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;
	struct audit_new row = { .what = "audit.pruned", .subject = "" };

	str_addf(&text, "{\"through\":%lld,\"hash\":\"%s\"}",
	    (long long)to->seq, to->hash);
	row.details = str_cstr(&text);
	if (db_exec(t,
		"INSERT INTO audit_start (id, seq, hash) VALUES (1, ?, ?)"
		" ON CONFLICT (id) DO UPDATE SET seq = excluded.seq,"
		" hash = excluded.hash",
		BINDS(I(to->seq), S(to->hash)), NULL, e) == -1 ||
	    db_exec(t, "DELETE FROM audit WHERE seq <= ?", BINDS(I(to->seq)), n,
		e) == -1)
		return -1;
	return audit_add(t, &row, e);
}

/* What does not follow from the row before is evidence, and stays. */
static int
audit_prune_step(struct audit_end *at, const struct audit_row *r, struct err *e)
{
	char hash[AUDIT_HASH_HEX];

	audit_hash(r, at->hash, hash);
	if (r->seq != at->seq + 1 || strcmp(hash, r->hash) != 0)
		return err_set(e, ERR_INVALID,
		    "row %lld of the audit log is not what was written: "
		    "nothing of it is forgotten; coffer audit verify",
		    (long long)r->seq);
	at->seq = r->seq;
	memcpy(at->hash, hash, sizeof(at->hash));
	return 0;
}

int
audit_prune(
    struct txn *t, int64_t until, int64_t max, int64_t *n, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	struct audit_end start, head, to;
	int rc;

	*n = 0;
	if (audit_ends(t, &start, &head, e) == -1 ||
	    query_open(&q, t,
		"SELECT " AUDIT_COLS " FROM audit WHERE seq > ? AND seq < ?"
		" ORDER BY seq LIMIT ?",
		BINDS(I(start.seq), I(head.seq), I(max)), e) == -1)
		return -1;
	to = start;
	while ((rc = query_next(&q, e)) == 1) {
		struct audit_row r;
		bool is_young;

		audit_fill(&q, &r);
		is_young = r.at >= until;
		if (!is_young && audit_prune_step(&to, &r, e) == -1)
			rc = -1;
		audit_row_release(&r);
		if (is_young || rc == -1)
			break;
	}
	query_end(&q);
	if (rc == -1 || to.seq == start.seq)
		return rc == -1 ? -1 : 0;
	return audit_prune_to(t, &to, n, e);
}
