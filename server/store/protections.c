#include "server/store/protections.h"

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/view.h"
#include "lib/wire/json.h"
#include "server/store/db_priv.h"

#define PROTECT_COLS                                                     \
	"id, project_id, priority, created_at, updated_at, name, flags," \
	" approvals, contexts, files, open_files"

static void
protections_put_contexts(struct str *out, const struct protect_rule *r)
{
	struct jw w;

	jw_init(&w, out);
	jw_array(&w, NULL);
	for (size_t i = 0; i < r->n_contexts; i++)
		jw_str(&w, NULL, r->contexts[i]);
	jw_end(&w);
}

static void
protections_fill(struct query *q, struct protect_rule *r)
{
	AUTO_FREE char *contexts = NULL;
	struct err ignored = ERR_INIT;
	const struct json *m;
	struct json *j;

	r->id = query_i64(q);
	r->project_id = query_i64(q);
	r->priority = query_i64(q);
	r->created_at = query_i64(q);
	r->updated_at = query_i64(q);
	r->name = query_text(q);
	r->flags = (uint64_t)query_i64(q);
	r->approvals = query_i64(q);
	contexts = query_text(q);
	r->files = query_text(q);
	r->open_files = query_text(q);
	j = json_parse(view_of(contexts), 0, &ignored);
	for (m = json_first(j); m != NULL; m = json_next(m))
		if (json_is_string(m))
			protect_rule_add_context(r, json_string(m));
	json_free(j);
}

/* People of all rules in l; one query. */
static int
protections_people(
    struct txn *t, int64_t project_id, struct protect_list *l, struct err *e)
{
	static const char sql[] =
	    "SELECT u.protection_id, u.list, a.id, a.login FROM protection p"
	    " JOIN protection_user u ON u.protection_id = p.id"
	    " JOIN account a ON a.id = u.account_id"
	    " WHERE p.project_id = ? AND a.deleted = 0 ORDER BY a.login";
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	if (query_open(&q, t, sql, BINDS(I(project_id)), e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1) {
		int64_t rule = query_i64(&q), list = query_i64(&q);
		int64_t user = query_i64(&q);
		char login[NAME_LEN_MAX + 1];

		QUERY_NAME(&q, login);
		for (size_t i = 0; i < l->n; i++)
			if (l->at[i].id == rule && list >= 0 &&
			    list < PROTECT_PEOPLE)
				protect_rule_add_user(&l->at[i],
				    (enum protect_people)list, user, login);
	}
	return rc;
}

int
protections_list(
    struct txn *t, int64_t project_id, struct protect_list *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct protect_list){ .n = 0 };
	if (query_open(&q, t,
		"SELECT " PROTECT_COLS " FROM protection WHERE project_id = ?"
		" ORDER BY priority, id LIMIT ?",
		BINDS(I(project_id), I(PROTECT_RULES_MAX)), e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		protections_fill(&q, LIST_ADD(out));
	if (rc == 0 && out->n > 0)
		rc = protections_people(t, project_id, out, e);
	if (rc == -1)
		protect_list_release(out);
	return rc;
}

int
protections_get(struct txn *t, int64_t project_id, const char *name,
    struct protect_rule *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	struct protect_list one = { .at = out, .n = 1 };

	*out = (struct protect_rule){ .id = 0 };
	if (query_one(&q, t,
		"SELECT " PROTECT_COLS
		" FROM protection WHERE project_id = ? AND name = ?",
		BINDS(I(project_id), S(name)),
		"branch protection does not exist", e) == -1)
		return -1;
	protections_fill(&q, out);
	if (protections_people(t, project_id, &one, e) == 0)
		return 0;
	protect_rule_release(out);
	return -1;
}

static int
protections_put_people(
    struct txn *t, int64_t id, const struct protect_rule *r, struct err *e)
{
	int64_t n = 0;

	if (db_exec(t, "DELETE FROM protection_user WHERE protection_id = ?",
		BINDS(I(id)), NULL, e) == -1)
		return -1;
	for (size_t k = 0; k < PROTECT_PEOPLE; k++)
		for (size_t i = 0; i < r->people[k].n; i++)
			if (db_exec(t,
				"INSERT INTO protection_user (protection_id,"
				" list, account_id) VALUES (?, ?, ?)",
				BINDS(I(id), I(k), I(r->people[k].at[i].id)),
				NULL, e) == -1)
				return -1;
	if (db_number(t,
		"SELECT count(*) FROM protection p JOIN protection_user u"
		" ON u.protection_id = p.id WHERE p.project_id = ?",
		BINDS(I(r->project_id)), &n, e) == -1)
		return -1;
	if (n > PROTECT_NAMED_MAX)
		return err_set(e, ERR_INVALID,
		    "the rules of a repository name at most %d people",
		    PROTECT_NAMED_MAX);
	return 0;
}

int
protections_insert(
    struct txn *t, const struct protect_rule *r, int64_t *id, struct err *e)
{
	AUTO_STR struct str contexts = STR_INIT;
	int64_t n = 0, last = 0;

	if (db_number(t, "SELECT count(*) FROM protection WHERE project_id = ?",
		BINDS(I(r->project_id)), &n, e) == -1 ||
	    db_number(t,
		"SELECT max(priority) FROM protection WHERE project_id = ?",
		BINDS(I(r->project_id)), &last, e) == -1)
		return -1;
	if (n >= PROTECT_RULES_MAX)
		return err_set(e, ERR_INVALID,
		    "rule_name: a repository has at most %d rules",
		    PROTECT_RULES_MAX);
	protections_put_contexts(&contexts, r);
	if (db_exec_one(t,
		"INSERT OR IGNORE INTO protection (project_id, name, priority,"
		" created_at, updated_at, flags, approvals, contexts, files,"
		" open_files) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		BINDS(I(r->project_id), S(r->name),
		    I(r->priority > 0 ? r->priority : last + 1),
		    I(r->created_at), I(r->updated_at), I(r->flags),
		    I(r->approvals), S(str_cstr(&contexts)), S(r->files),
		    S(r->open_files)),
		ERR_EXISTS, "Branch protection already exist", e) == -1)
		return -1;
	*id = db_last_id(t);
	return protections_put_people(t, *id, r, e);
}

int
protections_update(struct txn *t, const struct protect_rule *r, struct err *e)
{
	AUTO_STR struct str contexts = STR_INIT;

	protections_put_contexts(&contexts, r);
	if (db_exec_one(t,
		"UPDATE protection SET priority = ?, updated_at = ?, flags = ?,"
		" approvals = ?, contexts = ?, files = ?, open_files = ?"
		" WHERE id = ? AND project_id = ?",
		BINDS(I(r->priority), I(r->updated_at), I(r->flags),
		    I(r->approvals), S(str_cstr(&contexts)), S(r->files),
		    S(r->open_files), I(r->id), I(r->project_id)),
		ERR_NOTFOUND, "branch protection does not exist", e) == -1)
		return -1;
	return protections_put_people(t, r->id, r, e);
}

int
protections_delete(
    struct txn *t, int64_t project_id, const char *name, struct err *e)
{
	return db_exec_one(t,
	    "DELETE FROM protection WHERE project_id = ? AND name = ?",
	    BINDS(I(project_id), S(name)), ERR_NOTFOUND,
	    "branch protection does not exist", e);
}

int
protections_set_priority(struct txn *t, int64_t project_id, int64_t id,
    int64_t priority, struct err *e)
{
	return db_exec_one(t,
	    "UPDATE protection SET priority = ?"
	    " WHERE project_id = ? AND id = ?",
	    BINDS(I(priority), I(project_id), I(id)), ERR_NOTFOUND,
	    "branch protection does not exist", e);
}
