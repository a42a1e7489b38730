/*
 * audit_watch: what is watched: tables and their columns, and kinds of events.
 * The triggers are temporary and live in the writer's connection, so that they
 * need no step of the schema and nothing else that opens the file needs them.
 * They read who it was by a function, audit_actor('login').
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "server/domain/kinds.h"
#include "server/store/audit.h"
#include "server/store/audit_priv.h"
#include "server/store/db_priv.h"

enum {
	WATCH_COLS = 44
};

/* '$' is NEW or OLD.  A column with '!' before it is not told, only whether
 * there is something and that it changed; NAME=EXPRESSION names one. */
struct audit_table {
	const char *name; /* of the trigger, and of `what` */
	const char *table;
	const char *when;    /* NULL: always */
	const char *project; /* NULL: none */
	const char *who;     /* whom it is by when nobody is known; or NULL */
	const char *subject;
	const char *const cols[WATCH_COLS];
};

#define WATCH_LOGIN(id) "(SELECT login FROM account WHERE id = " id ")"

static const struct audit_table audit_tables[] = {
	{ "user", "account", NULL, NULL, NULL, "$.login",
	    { "login", "kind", "deleted", "full_name", "email", "is_bot",
		"active", "no_login", "must_change", "!password", NULL } },
	{ "token", "token", "$.kind = 1", "$.project_id", NULL, "$.name",
	    { "name", "last_eight", "scopes", "expires_at",
		"user=" WATCH_LOGIN("$.account_id"), NULL } },
	{ "session", "token", "$.kind = 4", NULL, WATCH_LOGIN("$.account_id"),
	    WATCH_LOGIN("$.account_id"), { "id", "expires_at", NULL } },
	{ "runner-token", "token", "$.kind = 5", NULL, NULL, "$.name",
	    { "name", "last_eight", NULL } },
	{ "project", "project", NULL, "$.id", NULL, "$.owner || '/' || $.name",
	    { "owner", "name", "upstream", "default_branch", "state",
		"sandbox_want", "interval_s", "network", "agent",
		"agent_command", "pickup", "approvals", "max_wakes", "memory",
		"cpus", "pids", "disk", "wall_s", "hold", "keep_days",
		"archived_at", "has_issues", "has_pulls", "merge_styles",
		"merge_style", "delete_branch", "description", "website",
		"sandbox_options", "net_lockdown", "net_upload_max",
		"runs_paused", "trigger_label", "max_retries", "retry_s",
		"max_item_runs", "max_day_runs", "gate_current", "gate_talks",
		"gate_merged", "gate_findings", NULL } },
	{ "collaborator", "role", NULL, "$.project_id", NULL,
	    WATCH_LOGIN("$.account_id"), { "role", NULL } },
	{ "protection", "protection", NULL, "$.project_id", NULL, "$.name",
	    { "name", "priority", "flags", "approvals", "contexts", "files",
		"open_files", NULL } },
	{ "protection-user", "protection_user", NULL,
	    "(SELECT project_id FROM protection WHERE id = $.protection_id)",
	    NULL, WATCH_LOGIN("$.account_id"),
	    { "protection="
	      "(SELECT name FROM protection WHERE id = $.protection_id)",
		"list", NULL } },
	{ "webhook", "hook", NULL, "$.project_id", NULL, "'hook ' || $.id",
	    { "active", "form", "type", "name", "events", "branch_filter",
		"!url", "!secret", "!authorization", NULL } },
	{ "network-rule", "net_rule", NULL, "$.project_id", NULL,
	    "CASE $.domain WHEN '' THEN $.preset ELSE $.domain END",
	    { "list", "domain", "preset", "ports", "until", NULL } },
	{ "runner", "runner", NULL, NULL, NULL, "$.name",
	    { "name", "labels", "slots", "paused", "account_id", "network",
		"!invite", NULL } },
	{ "checks", "check_text", NULL, "$.project_id", NULL, "'settings'",
	    { "text", NULL } },
	{ "auto-merge", "auto_merge", NULL, "$.project_id", NULL,
	    "'#' || $.item", { "head_sha", "style", "delete_branch", NULL } },
	{ "topic", "topic", NULL, "$.project_id", NULL, "$.name",
	    { "name", NULL } },
	{ "label", "label", NULL, "$.project_id", NULL, "$.name",
	    { "name", "color", "exclusive", "archived", "description", NULL } },
	{ "milestone", "milestone", NULL, "$.project_id", NULL, "$.title",
	    { "title", "state", "due_at", "description", NULL } },
	{ .name = NULL },
};

/* Whose events are decisions; their data is the row's. */
#define AUDIT_EVENTS                                                    \
	"'issue.closed', 'issue.reopened', 'issue.locked',"             \
	" 'issue.unlocked', 'pull.closed', 'pull.reopened',"            \
	" 'review.deleted', 'check.finished', 'status.created',"        \
	" 'project.deleting', 'approval.asked', 'approval.decided',"    \
	" 'approval.expired', 'approval.withdrawn', 'pull.merged',"     \
	" 'review.created', 'review.dismissed', 'review.undismissed',"  \
	" 'upstream.changed', 'sandbox.wanted', 'sandbox.proved',"      \
	" 'network.changed', 'run.asked', 'run.created', 'run.cancel'," \
	" 'kept.dropped', 'issue.deleted', 'comment.deleted',"          \
	" 'repository.corrupt', 'pull.finding_dismissed',"              \
	" 'fetch.recorded'"

/* A runner's verdict is its check.finished. */
#define AUDIT_CI "4"
_Static_assert(USER_CI == 4, "AUDIT_CI");

#define AUDIT_INSERT                                                \
	"INSERT INTO audit (at, who_id, who, via, origin, request," \
	" project_id, project, what, subject, event, old, new)"     \
	" VALUES (audit_actor('at'), "
#define AUDIT_WHERE_FROM                             \
	"audit_actor('via'), audit_actor('origin')," \
	" audit_actor('request'), "

static const char audit_event_sql
    [] = "CREATE TEMP TRIGGER audit_event AFTER INSERT ON main.event"
	 " WHEN NEW.kind IN (" AUDIT_EVENTS ")"
	 " AND NOT (NEW.kind = 'status.created' AND NEW.actor_kind = " AUDIT_CI
	 ") BEGIN " AUDIT_INSERT
	 "NEW.actor_id, NEW.actor_login, " AUDIT_WHERE_FROM
	 "NEW.project_id, NEW.project_name, NEW.kind,"
	 " CASE NEW.item WHEN 0 THEN '' ELSE '#' || NEW.item END,"
	 " NEW.seq, '', audit_short(NEW.data)); END;";

/* An expression with NEW or OLD for its '$'. */
static void
audit_expr(struct str *out, const char *expr, const char *row)
{
	for (; *expr != '\0'; expr++) {
		if (*expr == '$')
			str_add(out, row);
		else
			str_addc(out, *expr);
	}
}

static void
audit_column(struct str *out, const char *col, const char *row)
{
	const char *eq = strchr(col, '=');

	if (*col == '!')
		col++;
	if (eq != NULL)
		audit_expr(out, eq + 1, row);
	else
		str_addf(out, "%s.%s", row, col);
}

/* The columns that are not the same in both, as they are in `row`. */
static void
audit_values(struct str *out, const struct audit_table *w, const char *row,
    const char *other)
{
	str_add(out,
	    "audit_short((SELECT json_group_object(n, CASE WHEN s AND v <> ''"
	    " THEN '(secret)' ELSE v END) FROM (");
	for (size_t i = 0; w->cols[i] != NULL; i++) {
		bool is_secret = w->cols[i][0] == '!';
		const char *col = w->cols[i] + is_secret;

		str_addf(out, "%sSELECT '%.*s' AS n, ",
		    i > 0 ? " UNION ALL " : "", (int)strcspn(col, "="), col);
		audit_column(out, w->cols[i], row);
		str_add(out, " AS v, ");
		if (other != NULL)
			audit_column(out, w->cols[i], other);
		else
			str_add(out, "NULL");
		str_add(out, is_secret ? " AS o, 1 AS s" : " AS o, 0 AS s");
	}
	str_add(out, other != NULL ? ") WHERE v IS NOT o))" : ")))");
}

static void
audit_when(struct str *out, const struct audit_table *w, const char *row,
    const char *other)
{
	bool is_first = true;

	if (w->when == NULL && other == NULL)
		return;
	str_add(out, " WHEN ");
	audit_expr(out, w->when != NULL ? w->when : "1", row);
	if (other == NULL)
		return;
	str_add(out, " AND (");
	for (size_t i = 0; w->cols[i] != NULL; i++) {
		if (strchr(w->cols[i], '=') != NULL)
			continue;
		str_add(out, is_first ? "" : " OR ");
		audit_column(out, w->cols[i], row);
		str_add(out, " IS NOT ");
		audit_column(out, w->cols[i], other);
		is_first = false;
	}
	str_add(out, ")");
}

/* A statement that sets none of them pays nothing. */
static void
audit_of(struct str *out, const struct audit_table *w)
{
	const char *before = " OF ";

	for (size_t i = 0; w->cols[i] != NULL; i++) {
		if (strchr(w->cols[i], '=') != NULL)
			continue;
		str_addf(
		    out, "%s%s", before, w->cols[i] + (w->cols[i][0] == '!'));
		before = ", ";
	}
}

struct audit_verb {
	const char *name;
	const char *sql;
	const char *row; /* whom it is about */
	bool has_old, has_new;
};

static const struct audit_verb audit_verbs[] = {
	{ "created", "INSERT", "NEW", false, true },
	{ "changed", "UPDATE", "NEW", true, true },
	{ "deleted", "DELETE", "OLD", true, false },
};

static void
audit_trigger(
    struct str *out, const struct audit_table *w, const struct audit_verb *v)
{
	bool both = v->has_old && v->has_new;

	str_addf(out, "CREATE TEMP TRIGGER \"audit_%s_%s\" AFTER %s", w->name,
	    v->name, v->sql);
	if (both)
		audit_of(out, w);
	str_addf(out, " ON main.%s", w->table);
	audit_when(out, w, v->row, both ? "OLD" : NULL);
	str_add(out,
	    " BEGIN " AUDIT_INSERT "audit_actor('id'),"
	    " coalesce(nullif(audit_actor('login'), ''), ");
	audit_expr(out, w->who != NULL ? w->who : "''", v->row);
	str_add(out, ", ''), " AUDIT_WHERE_FROM "coalesce(");
	audit_expr(out, w->project != NULL ? w->project : "0", v->row);
	str_add(out,
	    ", 0), coalesce((SELECT owner || '/' || name"
	    " FROM project WHERE id = ");
	audit_expr(out, w->project != NULL ? w->project : "0", v->row);
	str_addf(out, "), ''), '%s.%s', coalesce(", w->name, v->name);
	audit_expr(out, w->subject, v->row);
	str_add(out, ", ''), 0, ");
	if (v->has_old)
		audit_values(out, w, "OLD", both ? "NEW" : NULL);
	else
		str_add(out, "''");
	str_add(out, ", ");
	if (v->has_new)
		audit_values(out, w, "NEW", both ? "OLD" : NULL);
	else
		str_add(out, "''");
	str_add(out, "); END;");
}

/* What a trigger asks by audit_actor(NAME). */
static void
audit_actor_sql(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	const struct txn *t = sqlite3_user_data(ctx);
	const struct audit_actor *a = t->actor;
	const char *name = (const char *)sqlite3_value_text(argv[0]);
	const char *text = "";

	(void)n;
	if (name == NULL)
		name = "";
	if (strcmp(name, "at") == 0) {
		sqlite3_result_int64(ctx, clock_now_ms());
		return;
	}
	if (strcmp(name, "id") == 0) {
		sqlite3_result_int64(ctx, a->id);
		return;
	}
	if (strcmp(name, "login") == 0)
		text = a->login;
	else if (strcmp(name, "via") == 0)
		text = a->via;
	else if (strcmp(name, "origin") == 0)
		text = a->origin;
	else if (strcmp(name, "request") == 0)
		text = a->request;
	sqlite3_result_text(ctx, text, -1, SQLITE_TRANSIENT);
}

static int
audit_run(struct txn *t, const char *sql, struct err *e)
{
	int rc = sqlite3_exec(t->sq, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : txn_fail(t, rc, "watch for audit", e);
}

int
audit_watch(struct txn *t, struct err *e)
{
	AUTO_STR struct str sql = STR_INIT;
	int rc;

	t->actor = xcalloc(1, sizeof(*t->actor));
	rc = sqlite3_create_function_v2(t->sq, "audit_actor", 1,
	    SQLITE_UTF8 | SQLITE_DIRECTONLY, t, audit_actor_sql, NULL, NULL,
	    NULL);
	if (rc == SQLITE_OK)
		rc = audit_short_register(t);
	if (rc != SQLITE_OK)
		return txn_fail(t, rc, "watch for audit", e);
	if (audit_run(t, audit_event_sql, e) == -1)
		return -1;
	for (const struct audit_table *w = audit_tables; w->name != NULL; w++) {
		for (size_t i = 0;
		     i < sizeof(audit_verbs) / sizeof(audit_verbs[0]); i++) {
			str_reset(&sql);
			audit_trigger(&sql, w, &audit_verbs[i]);
			if (audit_run(t, str_cstr(&sql), e) == -1)
				return err_wrap(e, "%s", w->name);
		}
	}
	return 0;
}

void
audit_unwatch(struct txn *t)
{
	free(t->actor);
	t->actor = NULL;
}

void
audit_as(struct txn *t, const struct audit_actor *a)
{
	if (t->actor != NULL)
		*t->actor = a != NULL ? *a : (struct audit_actor){ .id = 0 };
}

int
audit_add(struct txn *t, const struct audit_new *n, struct err *e)
{
	static const char sql[] = AUDIT_INSERT
	    "audit_actor('id'), audit_actor('login'), " AUDIT_WHERE_FROM
	    "?1, coalesce((SELECT owner || '/' || name FROM project"
	    " WHERE id = ?1), ''), ?2, ?3, 0, audit_short(?5),"
	    " audit_short(?4))";

	return db_exec(t, sql,
	    BINDS(I(n->project_id), S(n->what), S(n->subject),
		S(n->details != NULL ? n->details : "{}"),
		S(n->old != NULL ? n->old : "")),
	    NULL, e);
}
