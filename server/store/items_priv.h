/* items_priv: the columns of an issue and of an author, shared by the item
 * files of server/store. */
#ifndef SERVER_STORE_ITEMS_PRIV_H
#define SERVER_STORE_ITEMS_PRIV_H

#include "lib/base/str.h"
#include "server/domain/items.h"
#include "server/store/db_priv.h"

#define AUTHOR_COLS "a.id, a.login, a.kind, a.is_bot, a.created_at, a.full_name"
#define ISSUE_COLS                                                    \
	"i.id, i.project_id, i.number, i.is_pull, i.merged, i.state," \
	" i.comments, i.created_at, i.updated_at, i.closed_at,"       \
	" i.milestone_id, i.due_at, i.version, i.pin, i.locked,"      \
	" i.lock_reason, i.ref, i.title, i.body, " AUTHOR_COLS

/* Comments and the rows of the timeline are numbered together. */
#define ENTRY_NEXT_ID                                            \
	"(SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence" \
	" WHERE name IN ('comment', 'timeline'))"

static inline void
author_fill(struct query *q, struct author *a)
{
	a->id = query_i64(q);
	QUERY_NAME(q, a->login);
	a->kind = (enum user_kind)query_i64(q);
	a->bot = query_bool(q);
	a->created_at = query_i64(q);
	QUERY_NAME(q, a->full_name);
}

static inline void
issue_fill(struct query *q, struct issue *i)
{
	i->id = query_i64(q);
	i->project_id = query_i64(q);
	i->number = query_i64(q);
	i->is_pull = query_bool(q);
	i->merged = query_bool(q);
	i->state = (enum issue_state)query_i64(q);
	i->comments = query_i64(q);
	i->created_at = query_i64(q);
	i->updated_at = query_i64(q);
	i->closed_at = query_i64(q);
	i->milestone.id = query_i64(q);
	i->due_at = query_i64(q);
	i->version = query_i64(q);
	i->pin = query_i64(q);
	i->locked = query_bool(q);
	i->lock_reason = query_text(q);
	i->ref = query_text(q);
	i->title = query_text(q);
	i->body = query_text(q);
	author_fill(q, &i->author);
}

/* "[1,2]", for json_each. */
static inline void
ids_put(struct str *out, const int64_t *ids, size_t n)
{
	str_addc(out, '[');
	for (size_t i = 0; i < n; i++)
		str_addf(out, "%s%lld", i == 0 ? "" : ",", (long long)ids[i]);
	str_addc(out, ']');
}

/* From the counters: state 0 and is_pull -1 are any. */
int issue_total(struct txn *t, int64_t project_id, int is_pull,
    enum issue_state state, int64_t *out, struct err *e);

#endif
