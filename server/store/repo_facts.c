#include "server/store/repo_facts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "server/store/db_priv.h"

static const char repo_facts_sql[] =
    "SELECT p.id,"
    " coalesce((SELECT n FROM issue_count c WHERE c.project_id = p.id"
    "  AND c.is_pull = 0 AND c.state = 1), 0),"
    " coalesce((SELECT n FROM issue_count c WHERE c.project_id = p.id"
    "  AND c.is_pull = 1 AND c.state = 1), 0),"
    " coalesce((SELECT n FROM branch_count b WHERE b.project_id = p.id), 0),"
    " coalesce((SELECT size FROM care r WHERE r.project_id = p.id), 0),"
    " (SELECT count(*) FROM watch w WHERE w.project_id = p.id),"
    " (SELECT count(*) FROM project k WHERE k.parent_id > 0"
    "  AND k.parent_id = p.id),"
    " coalesce((SELECT v.at FROM event v WHERE v.project_id = p.id"
    "  ORDER BY v.seq DESC LIMIT 1), 0),"
    " coalesce((SELECT r.role FROM role r WHERE r.project_id = p.id"
    "  AND r.account_id = ?2), 0),"
    " coalesce(a.id, 0), p.owner, coalesce(a.kind, 0),"
    " coalesce(a.is_bot, 0), coalesce(a.created_at, 0),"
    " coalesce(a.full_name, ''),"
    " (SELECT json_group_array(name) FROM (SELECT name FROM topic o"
    "  WHERE o.project_id = p.id ORDER BY name))"
    " FROM project p LEFT JOIN account a ON a.login = p.owner"
    " WHERE p.id IN (SELECT value FROM json_each(?1))";

static struct repo_facts *
repo_facts_of(struct repo_facts *v, size_t n, int64_t id)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].project_id == id)
			return &v[i];
	return NULL;
}

static void
repo_facts_fill(struct query *q, struct repo_facts *f)
{
	f->issues = query_i64(q);
	f->pulls = query_i64(q);
	f->branches = query_i64(q);
	f->size = query_i64(q);
	f->watchers = query_i64(q);
	f->forks = query_i64(q);
	f->changed_at = query_i64(q);
	f->role = (enum role)query_i64(q);
	f->owner.id = query_i64(q);
	QUERY_NAME(q, f->owner.login);
	f->owner.kind = (enum user_kind)query_i64(q);
	f->owner.bot = query_bool(q);
	f->owner.created_at = query_i64(q);
	QUERY_NAME(q, f->owner.full_name);
	QUERY_NAME(q, f->topics);
}

int
repo_facts_get(struct txn *t, const struct project *p, size_t n, int64_t viewer,
    struct repo_facts *v, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	AUTO_STR struct str ids = STR_INIT;
	struct repo_facts gone;
	int rc;

	if (n > REPO_FACTS_MAX)
		return err_set(e, ERR_LIMIT, "too many projects at once");
	memset(v, 0, n * sizeof(*v));
	str_add(&ids, "[");
	for (size_t i = 0; i < n; i++) {
		v[i].project_id = p[i].id;
		str_addf(&ids, "%s%" PRId64, i > 0 ? "," : "", p[i].id);
	}
	str_add(&ids, "]");
	if (query_open(&q, t, repo_facts_sql,
		BINDS(S(str_cstr(&ids)), I(viewer)), e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1) {
		struct repo_facts *f = repo_facts_of(v, n, query_i64(&q));

		repo_facts_fill(&q, f != NULL ? f : &gone);
	}
	return rc;
}

int
topics_get(
    struct txn *t, int64_t project_id, struct topic_list *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc = 0;

	out->n = 0;
	if (query_open(&q, t,
		"SELECT name FROM topic WHERE project_id = ? ORDER BY name",
		BINDS(I(project_id)), e) == -1)
		return -1;
	while (out->n < REPO_TOPICS_MAX && (rc = query_next(&q, e)) == 1) {
		QUERY_NAME(&q, out->name[out->n]);
		out->n++;
	}
	return rc == -1 ? -1 : 0;
}

int
topics_set(struct txn *t, int64_t project_id, const struct topic_list *l,
    struct err *e)
{
	if (db_exec(t, "DELETE FROM topic WHERE project_id = ?",
		BINDS(I(project_id)), NULL, e) == -1)
		return -1;
	for (size_t i = 0; i < l->n; i++)
		if (db_exec(t,
			"INSERT INTO topic (project_id, name) VALUES (?, ?)"
			" ON CONFLICT (project_id, name) DO NOTHING",
			BINDS(I(project_id), S(l->name[i])), NULL, e) == -1)
			return -1;
	return 0;
}

int
watching_get(struct txn *t, int64_t project_id, int64_t user_id,
    struct watching *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct watching){ .at = 0 };
	if (query_open(&q, t,
		"SELECT at FROM watch"
		" WHERE project_id = ? AND account_id = ?",
		BINDS(I(project_id), I(user_id)), e) == -1)
		return -1;
	rc = query_next(&q, e);
	if (rc == 1)
		out->at = query_i64(&q);
	return rc == -1 ? -1 : 0;
}

int
watching_set(struct txn *t, int64_t project_id, int64_t user_id, int64_t now,
    struct err *e)
{
	return db_exec(t,
	    "INSERT INTO watch (project_id, account_id, at) VALUES (?, ?, ?)"
	    " ON CONFLICT (project_id, account_id) DO NOTHING",
	    BINDS(I(project_id), I(user_id), I(now)), NULL, e);
}

int
watching_remove(
    struct txn *t, int64_t project_id, int64_t user_id, struct err *e)
{
	return db_exec(t,
	    "DELETE FROM watch WHERE project_id = ? AND account_id = ?",
	    BINDS(I(project_id), I(user_id)), NULL, e);
}

void
member_list_release(struct member_list *l)
{
	free(l->at);
	memset(l, 0, sizeof(*l));
}

/* Admins of the site have kind 1, people 2. */
#define MEMBERS_WHO                                                     \
	"account a WHERE a.deleted = 0 AND a.kind <= 2 AND (a.kind = 1" \
	" OR EXISTS (SELECT 1 FROM role r WHERE r.project_id = ?1"      \
	" AND r.account_id = a.id AND r.role >= "

static const char *const members_from[] = {
	[MEMBER_COLLABORATORS] = "account a JOIN role r ON r.account_id = a.id"
				 " JOIN project p ON p.id = r.project_id"
				 " WHERE r.project_id = ?1 AND a.deleted = 0 "
				 "AND r.role > 0"
				 " AND a.login <> p.owner",
	[MEMBER_WRITERS] = MEMBERS_WHO "2))",
	[MEMBER_READERS] = MEMBERS_WHO "1))",
	[MEMBER_WATCHERS] = "account a JOIN watch w ON w.account_id = a.id"
			    " WHERE w.project_id = ?1 AND a.deleted = 0",
};

int
members_list(struct txn *t, int64_t project_id, enum member_kind kind,
    int64_t limit, int64_t offset, struct member_list *out, struct err *e)
{
	AUTO_STR struct str sql = STR_INIT;
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct member_list){ .n = 0 };
	str_addf(&sql, "SELECT count(*) FROM (SELECT 1 FROM %s LIMIT %d)",
	    members_from[kind], (int)DB_COUNT_MAX);
	if (db_number(
		t, str_cstr(&sql), BINDS(I(project_id)), &out->total, e) == -1)
		return -1;
	str_reset(&sql);
	str_addf(&sql,
	    "SELECT a.id FROM %s ORDER BY a.login LIMIT ?2"
	    " OFFSET ?3",
	    members_from[kind]);
	if (query_open(&q, t, str_cstr(&sql),
		BINDS(I(project_id), I(db_limit(limit)), I(offset)), e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		*(int64_t *)LIST_ADD(out) = query_i64(&q);
	if (rc == -1)
		member_list_release(out);
	return rc;
}

int
members_named(struct txn *t, int64_t project_id, enum member_kind kind,
    int64_t limit, struct author_list *out, struct err *e)
{
	AUTO_STR struct str sql = STR_INIT;
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct author_list){ .n = 0 };
	str_addf(&sql, "SELECT a.id, a.login FROM %s ORDER BY a.login LIMIT ?2",
	    members_from[kind]);
	if (query_open(&q, t, str_cstr(&sql),
		BINDS(I(project_id), I(db_limit(limit))), e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1) {
		struct author *a = LIST_ADD(out);

		a->id = query_i64(&q);
		QUERY_NAME(&q, a->login);
	}
	if (rc == -1)
		author_list_release(out);
	return rc;
}
