#include "tests/unit/server/store_fixture.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/store/db_priv.h"
#include "server/store/run_orders.h"
#include "server/store/runs.h"

enum {
	BEFORE_FORKS = 4,
	BEFORE_AGENTS = 6
};

static void
run(struct txn *t, const char *sql)
{
	char *why = NULL;

	if (sqlite3_exec(t->sq, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", sql, why);
}

static int64_t
number(struct txn *t, const char *sql)
{
	struct err err = ERR_INIT;
	int64_t n = -1;

	if (db_number(t, sql, NULL, &n, &err) == -1)
		fail_msg("%s: %s", sql, err.msg);
	return n;
}

/* Two projects of which the second is gone again, with rows of all kinds that
 * hang on the first. */
static void
fill(struct txn *t)
{
	run(t,
	    "INSERT INTO account (id, login, kind, created_at)"
	    " VALUES (101, 'ann', 2, 1);"
	    "INSERT INTO project (id, owner, name, upstream, default_branch,"
	    " state, created_at, mirror_state, mirror_next_at, sandbox_want,"
	    " sandbox_state, sandbox_at, interval_s, network, agent,"
	    " agent_command, pickup, approvals, max_wakes, memory, cpus, pids,"
	    " disk, wall_s, hold, keep_days, description, next_number)"
	    " VALUES (7, 'ann', 'calc', 'https://example.org/calc', 'main', 1,"
	    " 11, 3, 12, 1, 1, 13, 60, 2, 'command', '[\"a\"]', 0, 2, 3, 4, 5,"
	    " 6, 7, 8, 1, 30, 'A text', 9);"
	    "INSERT INTO project (id, owner, name, upstream, state, created_at,"
	    " mirror_state, mirror_next_at, sandbox_want, sandbox_state,"
	    " sandbox_at, interval_s, network, agent, agent_command, pickup,"
	    " approvals, max_wakes, memory, cpus, pids, disk, wall_s)"
	    " VALUES (8, 'ann', 'gone', '', 1, 1, 6, 0, 1, 1, 1, 60, 2, 'x',"
	    " '[]', 0, 1, 1, 1, 1, 1, 1, 1);"
	    "DELETE FROM project WHERE id = 8;"
	    "INSERT INTO role VALUES (7, 101, 3);"
	    "INSERT INTO issue (project_id, number, is_pull, author_id, state,"
	    " created_at, updated_at, title, body)"
	    " VALUES (7, 1, 1, 101, 1, 1, 1, 't', 'b');"
	    "INSERT INTO pull (project_id, number, is_open, head, base,"
	    " head_sha, base_sha, merge_base, head_account_id, draft, run_id)"
	    " VALUES (7, 1, 1, 'topic', 'main', 'a', 'b', 'c', 101, 0, 0);"
	    "INSERT INTO ref (project_id, name, sha)"
	    " VALUES (7, 'refs/heads/main', 'b');"
	    "INSERT INTO topic VALUES (7, 'math');");
}

static void
projects_keep_what_hangs_on_them(void **state)
{
	struct fixture *f = *state;
	struct txn t;

	db_close(f->db);
	f->db = NULL;
	(void)snprintf(f->path, sizeof(f->path), "%s/old", f->dir);
	OK(txn_open(&t, f->path, e));
	OK(schema_migrate(&t, BEFORE_FORKS, e));
	fill(&t);
	OK(schema_migrate(&t, DB_SCHEMA_VERSION, e));
	assert_int_equal(number(&t, "PRAGMA user_version"), DB_SCHEMA_VERSION);
	assert_int_equal(number(&t, "PRAGMA foreign_keys"), 1);
	assert_int_equal(
	    number(&t, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
	assert_int_equal(number(&t,
			     "SELECT count(*) FROM pragma_integrity_check"
			     " WHERE integrity_check = 'ok'"),
	    1);
	assert_int_equal(
	    number(&t,
		"SELECT count(*) FROM project WHERE id = 7 AND name = 'CALC'"
		" AND owner = 'ann' AND approvals = 2 AND wall_s = 8 AND"
		" keep_days = 30 AND hold = 1 AND description = 'A text' AND"
		" next_number = 9 AND merge_styles = 31 AND parent_id = 0 AND"
		" default_branch = 'main' AND agent_command = '[\"a\"]'"),
	    1);
	assert_int_equal(
	    number(&t,
		"SELECT (SELECT count(*) FROM role) +"
		" (SELECT count(*) FROM issue) +"
		" (SELECT count(*) FROM pull WHERE head_project_id = 0) +"
		" (SELECT count(*) FROM ref) +"
		" (SELECT count(*) FROM topic)"),
	    5);
	/* An id names a folder: that of a project that is gone is not reused.
	 */
	run(&t,
	    "INSERT INTO project (owner, name, upstream, state, created_at,"
	    " mirror_state, mirror_next_at, sandbox_want, sandbox_state,"
	    " sandbox_at, interval_s, network, agent, agent_command, pickup,"
	    " approvals, max_wakes, memory, cpus, pids, disk, wall_s)"
	    " VALUES ('bob', 'calc', '', 1, 1, 6, 0, 1, 1, 1, 60, 2, 'x',"
	    " '[]', 0, 1, 1, 1, 1, 1, 1, 1);");
	assert_int_equal(number(&t, "SELECT max(id) FROM project"), 9);
	run(&t, "DELETE FROM project WHERE id = 7");
	assert_int_equal(number(&t, "SELECT count(*) FROM pull"), 0);
	txn_close(&t);
}

/* A hook that was deleted had the newest id. */
static void
deliveries_keep_their_payloads_and_ids(void **state)
{
	struct fixture *f = *state;
	struct txn t;

	db_close(f->db);
	f->db = NULL;
	(void)snprintf(f->path, sizeof(f->path), "%s/old", f->dir);
	OK(txn_open(&t, f->path, e));
	OK(schema_migrate(&t, BEFORE_FORKS, e));
	fill(&t);
	run(&t,
	    "INSERT INTO hook (id, project_id, active, form, type, name, url,"
	    " events, branch_filter, created_at, updated_at, since, secret,"
	    " authorization) VALUES (3, 7, 1, 0, 'gitea', '', 'http://h/', '',"
	    " '', 1, 1, 1, 's', ''), (4, 7, 1, 0, 'gitea', '', 'http://h/',"
	    " '', '', 1, 1, 1, 's', '');"
	    "INSERT INTO delivery (id, hook_id, project_id, uuid, type,"
	    " action, state, redelivery, created_at, size, payload,"
	    " response_body) VALUES (5, 3, 7, 'u5', 3, '', 2, 0, 1, 2, '[5]',"
	    " 'b'), (6, 3, 7, 'u6', 3, '', 1, 0, 1, 2, '[6]', ''),"
	    " (9, 4, 7, 'u9', 3, '', 1, 0, 1, 2, '[9]', '');"
	    "DELETE FROM hook WHERE id = 4;");
	OK(schema_migrate(&t, DB_SCHEMA_VERSION, e));
	assert_int_equal(
	    number(&t,
		"SELECT count(*) FROM delivery d JOIN delivery_payload p"
		" ON p.id = d.payload_id WHERE p.text = '[' || d.id || ']'"
		" AND d.hook_id = 3 AND uuid = 'u' || d.id"),
	    2);
	run(&t,
	    "INSERT INTO delivery (hook_id, project_id, payload_id, uuid,"
	    " type, action, state, redelivery, created_at, size)"
	    " VALUES (3, 7, 5, 'u', 3, '', 1, 0, 1, 2)");
	assert_int_equal(number(&t, "SELECT max(id) FROM delivery"), 10);
	/* A payload goes with the last delivery of it. */
	run(&t, "DELETE FROM delivery WHERE id = 5");
	assert_int_equal(
	    number(&t, "SELECT count(*) FROM delivery_payload"), 2);
	run(&t, "DELETE FROM hook WHERE id = 3");
	assert_int_equal(
	    number(&t, "SELECT count(*) FROM delivery_payload"), 0);
	/* What there is to make up for. */
	assert_int_equal(number(&t,
			     "SELECT count(*) FROM fill WHERE done = 0"
			     " AND until = 1 AND kind IN (1, 3)"),
	    2);
	txn_close(&t);
}

/* Runs of a server that was stopped in the midst of them. */
static void
fill_runs(struct txn *t)
{
	run(t,
	    "INSERT INTO issue (project_id, number, is_pull, author_id, state,"
	    " created_at, updated_at, title, body)"
	    " VALUES (7, 2, 0, 101, 1, 1, 1, 't', 'b');"
	    "INSERT INTO event (seq, at, kind, project_id, project_name,"
	    " actor_id, actor_login, actor_kind, actor_role, item, is_pull,"
	    " data) VALUES (40, 5, 'issue.opened', 7, 'ann/calc', 101, 'ann',"
	    " 2, 3, 2, 0, '{}'), (41, 6, 'check.failed', 7, 'ann/calc', 101,"
	    " 'ann', 2, 3, 1, 1, '{}'), (42, 7, 'comment.created', 7,"
	    " 'ann/calc', 101, 'ann', 2, 3, 2, 0, '{}');"
	    "INSERT INTO run (id, project_id, event, cause, item, is_pull,"
	    " command, access, agent, network, wall_s, branch, base, base_sha,"
	    " state, log_bytes, created_at, started_at, ended_at, why, message,"
	    " record) VALUES (1, 7, 40, 'issue.opened', 2, 0, 'fix', 3,"
	    " 'claude', 2, 60, 'agent/fix-2', 'main', 'b', 5, 9, 5, 6, 7, '',"
	    " 'Done.', '{}'), (2, 7, 41, 'check.failed', 1, 1, 'fix', 3,"
	    " 'claude', 2, 60, 'topic', 'main', 'b', 3, 4, 6, 7, 0, '', '',"
	    " ''), (3, 7, 42, 'comment.created', 2, 0, 'review', 1, 'claude',"
	    " 2, 60, '', 'main', 'b', 1, 0, 7, 0, 0, '', '', '');"
	    "INSERT INTO auto_merge (project_id, item, account_id, head_sha,"
	    " at, delete_branch, style, title, message)"
	    " VALUES (7, 1, 101, 'a', 1, 0, 1, '', '');");
}

static void
runs_go_on_where_they_were(void **state)
{
	struct fixture *f = *state;
	struct run_list unfinished = { .n = 0 };
	struct run_order o;
	struct run r = { .id = 0 };
	struct txn t;
	int64_t id, n = 0;
	bool created = true;
	const struct run_new again = { .project_id = 7,
		.event = 41,
		.item = 1,
		.command = "fix",
		.access = ACCESS_WRITE,
		.agent = "claude",
		.network = NETWORK_WEB,
		.now = 9 };

	db_close(f->db);
	f->db = NULL;
	(void)snprintf(f->path, sizeof(f->path), "%s/old", f->dir);
	OK(txn_open(&t, f->path, e));
	OK(schema_migrate(&t, BEFORE_FORKS, e));
	fill(&t);
	OK(schema_migrate(&t, BEFORE_AGENTS, e));
	fill_runs(&t);
	OK(schema_migrate(&t, DB_SCHEMA_VERSION, e));
	assert_int_equal(
	    number(&t, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
	/* What agentd asks for when it starts. */
	OK(runs_unfinished(&t, 0, 10, &unfinished, e));
	assert_int_equal(unfinished.n, 2);
	assert_int_equal(unfinished.at[0].id, 2);
	assert_int_equal(unfinished.at[0].state, RUN_RUNNING);
	assert_int_equal(unfinished.at[0].log_bytes, 4);
	run_list_release(&unfinished);
	OK(runs_get(&t, 1, &r, e));
	assert_string_equal(r.branch, "agent/fix-2");
	assert_int_equal(r.attempt, 1);
	assert_int_equal(r.retry_of, 0);
	assert_int_equal(r.not_before, 0);
	assert_int_equal(r.budget, 0);
	assert_int_equal(r.state, RUN_DONE);
	run_release(&r);
	/* An event that had its run has it still: no order is taken twice. */
	OK(run_orders_get(&t, 42, &o, e));
	assert_int_equal(o.run_id, 3);
	assert_true(o.human);
	OK(run_orders_get(&t, 41, &o, e));
	assert_false(o.human);
	OK(runs_insert(&t, &again, &id, &created, e));
	assert_false(created);
	assert_int_equal(id, 2);
	OK(run_orders_wakes(&t, 7, 1, &n, e));
	assert_int_equal(n, 1);
	OK(runs_move(&t, 3, RUN_QUEUED, RUN_PREPARING, NULL, 10, e));
	assert_int_equal(
	    number(&t, "SELECT waits FROM auto_merge WHERE item = 1"), 1);
	txn_close(&t);
}

/* Made of that version, opened by this program. */
static void
open_old(struct fixture *f, int version)
{
	struct txn t;

	OK(txn_open(&t, f->path, e));
	OK(schema_migrate(&t, version, e));
	if (number(&t, "SELECT count(*) FROM account") == 0)
		run(&t,
		    "INSERT INTO account (id, login, kind, created_at)"
		    " VALUES (101, 'ann', 2, 1);");
	txn_close(&t);
	OK(db_open(&f->db, f->path, NULL, e));
	db_close(f->db);
	f->db = NULL;
}

static bool
there(const struct fixture *f, const char *name)
{
	char path[600];

	(void)snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	return access(path, F_OK) == 0;
}

static void
a_database_is_kept_before_it_is_migrated(void **state)
{
	struct fixture *f = *state;
	char path[600];
	struct txn t;

	db_close(f->db);
	f->db = NULL;
	for (int v = BEFORE_FORKS; v <= BEFORE_AGENTS; v++) {
		(void)snprintf(f->path, sizeof(f->path), "%s/old%d", f->dir, v);
		open_old(f, v);
	}
	/* The newest two. */
	assert_false(there(f, "backup-4"));
	assert_true(there(f, "backup-5"));
	assert_true(there(f, "backup-6"));
	assert_false(there(f, "backup-8"));
	assert_false(there(f, "backup-6.part"));
	(void)snprintf(path, sizeof(path), "%s/backup-6", f->dir);
	OK(txn_open(&t, path, e));
	assert_int_equal(number(&t, "PRAGMA user_version"), BEFORE_AGENTS);
	assert_int_equal(
	    number(&t, "SELECT count(*) FROM account WHERE login = 'ann'"), 1);
	txn_close(&t);
}

static void
without_room_for_that_nothing_is_migrated(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	char path[600];
	struct txn t;

	db_close(f->db);
	f->db = NULL;
	(void)snprintf(f->path, sizeof(f->path), "%s/old", f->dir);
	OK(txn_open(&t, f->path, e));
	OK(schema_migrate(&t, BEFORE_AGENTS, e));
	txn_close(&t);
	/* A folder in its place is as good as a disk that is full. */
	(void)snprintf(path, sizeof(path), "%s/backup-6.part", f->dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(db_open(&f->db, f->path, NULL, &err), -1);
	assert_int_equal(rmdir(path), 0);
	OK(txn_open(&t, f->path, e));
	assert_int_equal(number(&t, "PRAGMA user_version"), BEFORE_AGENTS);
	txn_close(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    projects_keep_what_hangs_on_them, fixture_setup,
		    fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    deliveries_keep_their_payloads_and_ids, fixture_setup,
		    fixture_teardown),
		cmocka_unit_test_setup_teardown(runs_go_on_where_they_were,
		    fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    a_database_is_kept_before_it_is_migrated, fixture_setup,
		    fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    without_room_for_that_nothing_is_migrated, fixture_setup,
		    fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
