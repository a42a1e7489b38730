#include "server/store/net_rules.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/view.h"
#include "server/store/db_priv.h"

#define NET_RULE_COLS                                                         \
	"SELECT r.id, r.project_id, r.list, r.until, r.created_at,"           \
	" r.account_id, r.domain, r.preset, r.ports, a.login FROM net_rule r" \
	" JOIN account a ON a.id = r.account_id"

static void
net_rules_fill(struct query *q, struct net_rule *r)
{
	AUTO_FREE char *ports = NULL;
	struct err ignored = ERR_INIT;

	*r = (struct net_rule){ .id = query_i64(q) };
	r->project_id = query_i64(q);
	r->list = (enum net_list)query_i64(q);
	r->until = query_i64(q);
	r->created_at = query_i64(q);
	r->by_id = query_i64(q);
	QUERY_NAME(q, r->domain);
	QUERY_NAME(q, r->preset);
	ports = query_text(q);
	QUERY_NAME(q, r->by);
	(void)net_rule_read_ports(r, view_of(ports), &ignored);
}

int
net_rules_list(struct txn *t, int64_t project_id, int64_t now,
    struct net_rule_list *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	*out = (struct net_rule_list){ .n = 0 };
	if (query_open(&q, t,
		NET_RULE_COLS " WHERE r.project_id = ?"
			      " AND (r.until = 0 OR r.until > ?)"
			      " ORDER BY r.list, r.id LIMIT ?",
		BINDS(I(project_id), I(now), I(2 * NET_RULES_MAX)), e) == -1)
		return -1;
	while ((rc = query_next(&q, e)) == 1)
		net_rules_fill(&q, LIST_ADD(out));
	if (rc == -1)
		net_rule_list_release(out);
	return rc;
}

int
net_rules_get(struct txn *t, int64_t project_id, int64_t id,
    struct net_rule *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct net_rule){ .id = 0 };
	if (query_one(&q, t,
		NET_RULE_COLS " WHERE r.project_id = ? AND r.id = ?",
		BINDS(I(project_id), I(id)), "no such rule", e) == -1)
		return -1;
	net_rules_fill(&q, out);
	return 0;
}

int
net_rules_put(
    struct txn *t, const struct net_rule *r, int64_t now, struct err *e)
{
	AUTO_STR struct str ports = STR_INIT;
	int64_t n = 0;

	net_rule_ports_text(r, &ports);
	/* Counted first: what is refused changes nothing. */
	if (db_number(t,
		"SELECT count(*) FROM net_rule WHERE project_id = ?1"
		" AND list = ?2 AND NOT (domain = ?3 AND preset = ?4)"
		" AND (until = 0 OR until > ?5)",
		BINDS(I(r->project_id), I(r->list), S(r->domain), S(r->preset),
		    I(now)),
		&n, e) == -1)
		return -1;
	if (n >= NET_RULES_MAX)
		return err_set(e, ERR_INVALID,
		    "a project has at most %d rules to %s", NET_RULES_MAX,
		    net_list_name(r->list));
	if (db_exec(t,
		"DELETE FROM net_rule WHERE project_id = ?1 AND"
		" ((list = ?2 AND domain = ?3 AND preset = ?4)"
		" OR (until > 0 AND until <= ?5))",
		BINDS(I(r->project_id), I(r->list), S(r->domain), S(r->preset),
		    I(now)),
		NULL, e) == -1)
		return -1;
	return db_exec(t,
	    "INSERT INTO net_rule (project_id, list, domain, preset, ports,"
	    " until, created_at, account_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	    BINDS(I(r->project_id), I(r->list), S(r->domain), S(r->preset),
		S(str_cstr(&ports)), I(r->until), I(now), I(r->by_id)),
	    NULL, e);
}

int
net_rules_delete(struct txn *t, int64_t project_id,
    const struct net_rule_filter *f, int64_t *n, struct err *e)
{
	return db_exec(t,
	    "DELETE FROM net_rule WHERE project_id = ?1"
	    " AND (?2 = 0 OR id = ?2) AND (?3 = 0 OR list = ?3)"
	    " AND (?4 = 0 OR domain = ?5) AND (?6 = 0 OR preset = ?7)",
	    BINDS(I(project_id), I(f->id), I(f->list), I(f->domain != NULL),
		S(f->domain), I(f->preset != NULL), S(f->preset)),
	    n, e);
}

int
net_bounds_get(
    struct txn *t, int64_t project_id, struct net_bounds *out, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;

	*out = (struct net_bounds){ .lockdown = false };
	if (query_one(&q, t,
		"SELECT net_lockdown, net_upload_max FROM project WHERE id = ?",
		BINDS(I(project_id)), "no such project", e) == -1)
		return -1;
	out->lockdown = query_bool(&q);
	out->upload_max = query_i64(&q);
	return 0;
}

int
net_bounds_set(struct txn *t, int64_t project_id, const struct net_bounds *b,
    struct err *e)
{
	return db_exec_one(t,
	    "UPDATE project SET net_lockdown = ?, net_upload_max = ?"
	    " WHERE id = ?",
	    BINDS(I(b->lockdown), I(b->upload_max), I(project_id)),
	    ERR_NOTFOUND, "no such project", e);
}
