#include "server/store/fills.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "server/store/db_priv.h"

void
fill_words_list_release(struct fill_words_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->at[i].text);
	free(l->at);
	*l = (struct fill_words_list){ .n = 0 };
}

int
fills_next(struct txn *t, struct fill *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct fill){ .kind = FILL_NONE };
	if (query_open(&q, t,
		"SELECT kind, done, until FROM fill ORDER BY kind LIMIT 1",
		NULL, e) == -1)
		return -1;
	rc = query_next(&q, e);
	if (rc != 1)
		return rc;
	out->kind = (enum fill_kind)query_i64(&q);
	out->done = query_i64(&q);
	out->until = query_i64(&q);
	return 0;
}

int
fills_words(struct txn *t, const struct fill *f, int64_t max,
    struct fill_words_list *out, struct err *e)
{
	const char *sql = f->kind == FILL_ISSUES
	    ? "SELECT id, project_id, number, title || char(10) || body"
	      " FROM issue WHERE id > ? AND id <= ? ORDER BY id LIMIT ?"
	    : "SELECT id, project_id, item, body FROM comment"
	      " WHERE id > ? AND id <= ? ORDER BY id LIMIT ?";
	AUTO_QUERY struct query q = QUERY_INIT;
	size_t bytes = 0;
	int rc = 0;

	*out = (struct fill_words_list){ .n = 0 };
	if (query_open(&q, t, sql, BINDS(I(f->done), I(f->until), I(max)), e) ==
	    -1)
		return -1;
	while (bytes < FILLS_TEXT_MAX && (rc = query_next(&q, e)) == 1) {
		struct fill_words *w = LIST_ADD(out);

		w->id = query_i64(&q);
		w->project_id = query_i64(&q);
		w->item = query_i64(&q);
		w->text = query_text(&q);
		bytes += strlen(w->text);
	}
	out->more = bytes >= FILLS_TEXT_MAX || (int64_t)out->n == max;
	if (rc == -1)
		fill_words_list_release(out);
	return rc == -1 ? -1 : 0;
}

int
fills_pull(
    struct txn *t, const struct fill *f, struct fill_pull *out, struct err *e)
{
	static const char
	    sql[] = "SELECT i.id, p.project_id, p.number, p.merge_base,"
		    " p.head_sha FROM issue i JOIN pull p"
		    " ON p.project_id = i.project_id AND p.number = i.number"
		    " WHERE i.id > ? AND i.id <= ? AND p.changed_files = 0"
		    " AND p.merge_base <> '' ORDER BY i.id LIMIT 1";
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct fill_pull){ .id = 0 };
	if (query_open(&q, t, sql, BINDS(I(f->done), I(f->until)), e) == -1)
		return -1;
	rc = query_next(&q, e);
	if (rc != 1)
		return rc;
	out->id = query_i64(&q);
	out->project_id = query_i64(&q);
	out->number = query_i64(&q);
	QUERY_NAME(&q, out->merge_base);
	QUERY_NAME(&q, out->head_sha);
	return 0;
}

int
fills_set_pull(struct txn *t, const struct fill_pull *p, struct err *e)
{
	return db_exec(t,
	    "UPDATE pull SET additions = ?, deletions = ?, changed_files = ?"
	    " WHERE project_id = ? AND number = ? AND changed_files = 0"
	    " AND head_sha = ? AND merge_base = ?",
	    BINDS(I(p->additions), I(p->deletions), I(p->changed_files),
		I(p->project_id), I(p->number), S(p->head_sha),
		S(p->merge_base)),
	    NULL, e);
}

int
fills_set_done(struct txn *t, const struct fill *f, int64_t done, struct err *e)
{
	if (done >= f->until)
		return db_exec(t, "DELETE FROM fill WHERE kind = ?",
		    BINDS(I(f->kind)), NULL, e);
	return db_exec(t, "UPDATE fill SET done = ? WHERE kind = ?",
	    BINDS(I(done), I(f->kind)), NULL, e);
}
