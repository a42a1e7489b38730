#include "server/store/attachments.h"

#include <inttypes.h>
#include <stdlib.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "server/store/items_priv.h"

#define ATTACHMENT_COLS                                             \
	"id, uuid, project_id, item, comment_id, account_id, size," \
	" downloads, created_at, type, name"
#define ATTACHMENT_OF "project_id = ? AND item = ? AND comment_id = ?"
#define ATTACHMENT_NONE "attachment does not exist"

static void
attachments_fill(struct query *q, struct attachment *a)
{
	a->id = query_i64(q);
	QUERY_NAME(q, a->uuid);
	a->target.project_id = query_i64(q);
	a->target.item = query_i64(q);
	a->target.comment_id = query_i64(q);
	a->account_id = query_i64(q);
	a->size = query_i64(q);
	a->downloads = query_i64(q);
	a->created_at = query_i64(q);
	QUERY_NAME(q, a->type);
	a->name = query_text(q);
}

static int
attachments_rows(struct query *q, struct attachment_list *out, struct err *e)
{
	int rc;

	while ((rc = query_next(q, e)) == 1)
		attachments_fill(q, LIST_ADD(out));
	out->total = (int64_t)out->n;
	if (rc == -1)
		attachment_list_release(out);
	return rc;
}

int
attachments_insert(
    struct txn *t, const struct attachment_new *n, int64_t *id, struct err *e)
{
	static const char sql
	    [] = "INSERT INTO attachment (uuid, project_id, item, comment_id,"
		 " account_id, size, created_at, type, name)"
		 " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
	const struct words_target *on = &n->on;
	int64_t have = 0;

	if (db_number(t, "SELECT count(*) FROM attachment WHERE " ATTACHMENT_OF,
		BINDS(I(on->project_id), I(on->item), I(on->comment_id)), &have,
		e) == -1)
		return -1;
	if (have >= ATTACHMENTS_MAX)
		return err_set(e, ERR_INVALID,
		    "attachment: there are %d already", ATTACHMENTS_MAX);
	if (db_exec(t, sql,
		BINDS(S(n->uuid), I(on->project_id), I(on->item),
		    I(on->comment_id), I(n->account_id), I(n->size), I(n->now),
		    S(n->type), S(n->name)),
		NULL, e) == -1)
		return -1;
	*id = db_last_id(t);
	return 0;
}

int
attachments_get(struct txn *t, const struct words_target *of, int64_t id,
    struct attachment *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct attachment){ .id = 0 };
	if (query_one(&q, t,
		"SELECT " ATTACHMENT_COLS
		" FROM attachment WHERE id = ? AND " ATTACHMENT_OF,
		BINDS(I(id), I(of->project_id), I(of->item), I(of->comment_id)),
		ATTACHMENT_NONE, e) == -1)
		return -1;
	attachments_fill(&q, out);
	return 0;
}

int
attachments_by_uuid(
    struct txn *t, const char *uuid, struct attachment *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct attachment){ .id = 0 };
	if (query_one(&q, t,
		"SELECT " ATTACHMENT_COLS " FROM attachment WHERE uuid = ?",
		BINDS(S(uuid)), ATTACHMENT_NONE, e) == -1)
		return -1;
	attachments_fill(&q, out);
	return 0;
}

int
attachments_list(struct txn *t, const struct words_target *of,
    struct attachment_list *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct attachment_list){ .n = 0 };
	if (query_open(&q, t,
		"SELECT " ATTACHMENT_COLS
		" FROM attachment WHERE " ATTACHMENT_OF " ORDER BY id",
		BINDS(I(of->project_id), I(of->item), I(of->comment_id)),
		e) == -1)
		return -1;
	return attachments_rows(&q, out, e);
}

int
attachments_any(struct txn *t, int64_t project_id, bool *any, struct err *e)
{
	int64_t n = 0;

	if (db_number(t,
		"SELECT EXISTS (SELECT 1 FROM attachment WHERE project_id = ?)",
		BINDS(I(project_id)), &n, e) == -1)
		return -1;
	*any = n != 0;
	return 0;
}

int
attachments_of_comments(struct txn *t, const struct comment_list *of,
    struct attachment_list *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_STR struct str ids = STR_INIT;

	*out = (struct attachment_list){ .n = 0 };
	for (size_t i = 0; i < of->n; i++)
		str_addf(&ids, "%c%" PRId64, i == 0 ? '[' : ',', of->at[i].id);
	if (of->n == 0)
		return 0;
	str_addc(&ids, ']');
	if (query_open(&q, t,
		"SELECT " ATTACHMENT_COLS " FROM attachment"
		" WHERE comment_id IN (SELECT value FROM json_each(?))"
		" ORDER BY comment_id, id",
		BINDS(S(str_cstr(&ids))), e) == -1)
		return -1;
	return attachments_rows(&q, out, e);
}

int
attachments_rename(struct txn *t, int64_t id, const char *name, struct err *e)
{
	return db_exec_one(t, "UPDATE attachment SET name = ? WHERE id = ?",
	    BINDS(S(name), I(id)), ERR_NOTFOUND, ATTACHMENT_NONE, e);
}

int
attachments_delete(struct txn *t, int64_t id, struct err *e)
{
	return db_exec_one(t, "DELETE FROM attachment WHERE id = ?",
	    BINDS(I(id)), ERR_NOTFOUND, ATTACHMENT_NONE, e);
}

int
attachments_count_download(struct txn *t, int64_t id, struct err *e)
{
	return db_exec(t,
	    "UPDATE attachment SET downloads = downloads + 1 WHERE id = ?",
	    BINDS(I(id)), NULL, e);
}

int
attachments_gone(
    struct txn *t, int64_t max, struct uuid_list *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct uuid_list){ .n = 0 };
	if (query_open(&q, t, "SELECT uuid FROM attachment_gone LIMIT ?",
		BINDS(I(max)), e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		QUERY_NAME(&q, LIST_ADD(out)->uuid);
	if (rc == -1) {
		free(out->at);
		*out = (struct uuid_list){ .n = 0 };
	}
	return rc;
}

int
attachments_forget(struct txn *t, const char *uuid, struct err *e)
{
	return db_exec(t, "DELETE FROM attachment_gone WHERE uuid = ?",
	    BINDS(S(uuid)), NULL, e);
}

int
attachments_known(struct txn *t, const char *uuid, bool *known, struct err *e)
{
	int64_t n = 0;

	if (db_number(t, "SELECT count(*) FROM attachment WHERE uuid = ?",
		BINDS(S(uuid)), &n, e) == -1)
		return -1;
	*known = n > 0;
	return 0;
}
