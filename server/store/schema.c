#include <stdio.h>

#include "server/store/db_priv.h"
#include "server/store/schema_forge.h"

/*
 * The schema as steps: step N takes a database from user_version N to N + 1.
 * A step that was released is never changed.  Large texts come last in a
 * table, so that reading the columns before them touches no overflow page.
 * AUTOINCREMENT where an id names something outside (a folder, a URL) and so
 * must not be reused.
 */
static const char schema_people[] =
    "CREATE TABLE account ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " login TEXT NOT NULL COLLATE NOCASE UNIQUE,"
    " kind INTEGER NOT NULL, deleted INTEGER NOT NULL DEFAULT 0,"
    " created_at INTEGER NOT NULL);"
    "CREATE TABLE project ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " owner TEXT NOT NULL COLLATE NOCASE,"
    " name TEXT NOT NULL COLLATE NOCASE UNIQUE,"
    " upstream TEXT NOT NULL, default_branch TEXT NOT NULL DEFAULT '',"
    " state INTEGER NOT NULL, created_at INTEGER NOT NULL,"
    " next_number INTEGER NOT NULL DEFAULT 1,"
    " mirror_state INTEGER NOT NULL, mirror_refs INTEGER NOT NULL DEFAULT 0,"
    " mirror_ok_at INTEGER NOT NULL DEFAULT 0,"
    " mirror_next_at INTEGER NOT NULL,"
    " mirror_failures INTEGER NOT NULL DEFAULT 0,"
    " mirror_error TEXT NOT NULL DEFAULT '',"
    " sandbox_want INTEGER NOT NULL, sandbox_state INTEGER NOT NULL,"
    " sandbox_reason TEXT NOT NULL DEFAULT '',"
    " sandbox_address TEXT NOT NULL DEFAULT '',"
    " sandbox_at INTEGER NOT NULL,"
    " interval_s INTEGER NOT NULL, network INTEGER NOT NULL,"
    " agent TEXT NOT NULL, agent_command TEXT NOT NULL,"
    " pickup INTEGER NOT NULL, approvals INTEGER NOT NULL,"
    " max_wakes INTEGER NOT NULL, memory INTEGER NOT NULL,"
    " cpus INTEGER NOT NULL, pids INTEGER NOT NULL,"
    " disk INTEGER NOT NULL, wall_s INTEGER NOT NULL);"
    "CREATE INDEX project_due ON project (mirror_next_at, id)"
    " WHERE state = 1 AND mirror_state <> 2 AND mirror_state <> 5;"
    "CREATE TABLE role ("
    " project_id INTEGER NOT NULL REFERENCES project (id) ON DELETE CASCADE,"
    " account_id INTEGER NOT NULL REFERENCES account (id),"
    " role INTEGER NOT NULL,"
    " PRIMARY KEY (project_id, account_id)) WITHOUT ROWID;"
    "CREATE INDEX role_account ON role (account_id, project_id);"
    "CREATE TABLE token ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " hash BLOB NOT NULL UNIQUE,"
    " account_id INTEGER NOT NULL REFERENCES account (id),"
    " kind INTEGER NOT NULL, name TEXT NOT NULL, last_eight TEXT NOT NULL,"
    " run_id INTEGER NOT NULL,"
    " project_id INTEGER REFERENCES project (id) ON DELETE CASCADE,"
    " access INTEGER NOT NULL, branch TEXT NOT NULL,"
    " created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,"
    " used_at INTEGER NOT NULL DEFAULT 0);"
    "CREATE UNIQUE INDEX token_name ON token (account_id, name)"
    " WHERE kind = 1;"
    "CREATE INDEX token_run ON token (run_id) WHERE run_id > 0;"
    "CREATE INDEX token_project ON token (project_id)"
    " WHERE project_id IS NOT NULL;"
    "CREATE INDEX token_expires ON token (expires_at) WHERE expires_at > 0;"
    "CREATE TABLE ticket ("
    " hash BLOB PRIMARY KEY,"
    " account_id INTEGER NOT NULL REFERENCES account (id),"
    " project_id INTEGER NOT NULL REFERENCES project (id) ON DELETE CASCADE,"
    " verb TEXT NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX ticket_project ON ticket (project_id);";

static const char schema_items[] =
    "CREATE TABLE issue ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " project_id INTEGER NOT NULL REFERENCES project (id) ON DELETE CASCADE,"
    " number INTEGER NOT NULL, is_pull INTEGER NOT NULL,"
    " merged INTEGER NOT NULL DEFAULT 0,"
    " author_id INTEGER NOT NULL REFERENCES account (id),"
    " state INTEGER NOT NULL, comments INTEGER NOT NULL DEFAULT 0,"
    " created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,"
    " closed_at INTEGER NOT NULL DEFAULT 0,"
    " title TEXT NOT NULL, body TEXT NOT NULL,"
    " UNIQUE (project_id, number));"
    "CREATE INDEX issue_kind ON issue"
    " (project_id, is_pull, state, number);"
    "CREATE INDEX issue_number ON issue (project_id, is_pull, number);"
    "CREATE INDEX issue_state ON issue (project_id, state, number);"
    "CREATE INDEX issue_author ON issue"
    " (project_id, author_id, number, state, is_pull);"
    "CREATE INDEX issue_updated ON issue"
    " (project_id, updated_at, number, state, is_pull);"
    /* Counting 100,000 rows takes longer than a query on the loop may. */
    "CREATE TABLE issue_count ("
    " project_id INTEGER NOT NULL REFERENCES project (id) ON DELETE CASCADE,"
    " is_pull INTEGER NOT NULL, state INTEGER NOT NULL, n INTEGER NOT NULL,"
    " PRIMARY KEY (project_id, is_pull, state)) WITHOUT ROWID;"
    "CREATE TRIGGER issue_count_insert AFTER INSERT ON issue BEGIN"
    " INSERT INTO issue_count (project_id, is_pull, state, n)"
    " VALUES (NEW.project_id, NEW.is_pull, NEW.state, 1)"
    " ON CONFLICT (project_id, is_pull, state) DO UPDATE SET n = n + 1;"
    " END;"
    "CREATE TRIGGER issue_count_move AFTER UPDATE OF state ON issue"
    " WHEN OLD.state <> NEW.state BEGIN"
    " UPDATE issue_count SET n = n - 1 WHERE project_id = OLD.project_id"
    " AND is_pull = OLD.is_pull AND state = OLD.state;"
    " INSERT INTO issue_count (project_id, is_pull, state, n)"
    " VALUES (NEW.project_id, NEW.is_pull, NEW.state, 1)"
    " ON CONFLICT (project_id, is_pull, state) DO UPDATE SET n = n + 1;"
    " END;"
    "CREATE TABLE comment ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " project_id INTEGER NOT NULL REFERENCES project (id) ON DELETE CASCADE,"
    " item INTEGER NOT NULL,"
    " author_id INTEGER NOT NULL REFERENCES account (id),"
    " run_id INTEGER NOT NULL,"
    " created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,"
    " body TEXT NOT NULL);"
    "CREATE INDEX comment_item ON comment (project_id, item, id);"
    "CREATE TABLE pull ("
    " project_id INTEGER NOT NULL, number INTEGER NOT NULL,"
    " is_open INTEGER NOT NULL, head TEXT NOT NULL, base TEXT NOT NULL,"
    " head_sha TEXT NOT NULL, base_sha TEXT NOT NULL,"
    " merge_base TEXT NOT NULL, head_account_id INTEGER NOT NULL,"
    " mergeable INTEGER NOT NULL DEFAULT 0, draft INTEGER NOT NULL,"
    " run_id INTEGER NOT NULL, merged_at INTEGER NOT NULL DEFAULT 0,"
    " merged_by INTEGER NOT NULL DEFAULT 0,"
    " merge_sha TEXT NOT NULL DEFAULT '',"
    " PRIMARY KEY (project_id, number),"
    " FOREIGN KEY (project_id, number) REFERENCES issue (project_id, number)"
    " ON DELETE CASCADE);"
    "CREATE UNIQUE INDEX pull_head ON pull (project_id, head, base)"
    " WHERE is_open = 1;"
    "CREATE INDEX pull_base ON pull (project_id, base) WHERE is_open = 1;"
    "CREATE TABLE merging ("
    " project_id INTEGER NOT NULL REFERENCES project (id) ON DELETE CASCADE,"
    " number INTEGER NOT NULL, base TEXT NOT NULL, head_sha TEXT NOT NULL,"
    " base_sha TEXT NOT NULL, merge_sha TEXT NOT NULL,"
    " account_id INTEGER NOT NULL REFERENCES account (id),"
    " at INTEGER NOT NULL,"
    " PRIMARY KEY (project_id, number)) WITHOUT ROWID;"
    "CREATE TABLE review ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " project_id INTEGER NOT NULL REFERENCES project (id) ON DELETE CASCADE,"
    " item INTEGER NOT NULL,"
    " author_id INTEGER NOT NULL REFERENCES account (id),"
    " state INTEGER NOT NULL, sha TEXT NOT NULL, official INTEGER NOT NULL,"
    " dismissed INTEGER NOT NULL DEFAULT 0, submitted_at INTEGER NOT NULL,"
    " body TEXT NOT NULL);"
    "CREATE INDEX review_item ON review (project_id, item, id);"
    "CREATE TABLE status ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " project_id INTEGER NOT NULL REFERENCES project (id) ON DELETE CASCADE,"
    " sha TEXT NOT NULL, context TEXT NOT NULL, state INTEGER NOT NULL,"
    " creator_id INTEGER NOT NULL REFERENCES account (id),"
    " created_at INTEGER NOT NULL,"
    " description TEXT NOT NULL, target_url TEXT NOT NULL);"
    "CREATE INDEX status_sha ON status (project_id, sha, context, id);"
    "CREATE INDEX status_context ON status (project_id, context, id);";

/* A project's events outlive it and never lose their last row, so that the
 * sequence is dense and not reused. */
static const char schema_work[] =
    "CREATE TABLE event ("
    " seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL,"
    " project_id INTEGER NOT NULL, project_name TEXT NOT NULL,"
    " actor_id INTEGER NOT NULL, actor_login TEXT NOT NULL,"
    " actor_kind INTEGER NOT NULL, actor_role INTEGER NOT NULL,"
    " item INTEGER NOT NULL, is_pull INTEGER NOT NULL,"
    " data TEXT NOT NULL);"
    "CREATE INDEX event_project ON event (project_id, seq);"
    "CREATE TABLE reader_cursor ("
    " account_id INTEGER NOT NULL REFERENCES account (id),"
    " name TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL,"
    " PRIMARY KEY (account_id, name)) WITHOUT ROWID;"
    "CREATE TABLE run ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " project_id INTEGER NOT NULL REFERENCES project (id) ON DELETE CASCADE,"
    " event INTEGER NOT NULL UNIQUE, cause TEXT NOT NULL,"
    " item INTEGER NOT NULL, is_pull INTEGER NOT NULL,"
    " command TEXT NOT NULL, access INTEGER NOT NULL, agent TEXT NOT NULL,"
    " network INTEGER NOT NULL, wall_s INTEGER NOT NULL,"
    " branch TEXT NOT NULL, base TEXT NOT NULL, base_sha TEXT NOT NULL,"
    " state INTEGER NOT NULL, cancel INTEGER NOT NULL DEFAULT 0,"
    " has_exit INTEGER NOT NULL DEFAULT 0,"
    " exit_code INTEGER NOT NULL DEFAULT 0,"
    " log_bytes INTEGER NOT NULL DEFAULT 0,"
    " comment INTEGER NOT NULL DEFAULT 0, pull INTEGER NOT NULL DEFAULT 0,"
    " created_at INTEGER NOT NULL, started_at INTEGER NOT NULL DEFAULT 0,"
    " ended_at INTEGER NOT NULL DEFAULT 0, why TEXT NOT NULL DEFAULT '',"
    " message TEXT NOT NULL DEFAULT '', record TEXT NOT NULL DEFAULT '');"
    "CREATE INDEX run_item ON run (project_id, item, id);"
    "CREATE INDEX run_project ON run (project_id, id);"
    "CREATE INDEX run_state ON run (state, id);"
    "CREATE INDEX run_unfinished ON run (id) WHERE state < 5;"
    "CREATE TABLE job ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " project_id INTEGER NOT NULL REFERENCES project (id) ON DELETE CASCADE,"
    " pull INTEGER NOT NULL, sha TEXT NOT NULL, base_sha TEXT NOT NULL,"
    " name TEXT NOT NULL, state INTEGER NOT NULL,"
    " network_setup INTEGER NOT NULL, network_test INTEGER NOT NULL,"
    " timeout_s INTEGER NOT NULL, memory INTEGER NOT NULL,"
    " required INTEGER NOT NULL, attempt INTEGER NOT NULL DEFAULT 0,"
    " lease TEXT NOT NULL DEFAULT '',"
    " lease_until INTEGER NOT NULL DEFAULT 0,"
    " runner TEXT NOT NULL DEFAULT '', phase TEXT NOT NULL DEFAULT '',"
    " has_exit INTEGER NOT NULL DEFAULT 0,"
    " exit_code INTEGER NOT NULL DEFAULT 0,"
    " signal INTEGER NOT NULL DEFAULT 0,"
    " log_bytes INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL,"
    " started_at INTEGER NOT NULL DEFAULT 0,"
    " ended_at INTEGER NOT NULL DEFAULT 0, why TEXT NOT NULL DEFAULT '',"
    " setup TEXT NOT NULL, test TEXT NOT NULL,"
    " UNIQUE (project_id, pull, sha, name));"
    "CREATE INDEX job_project ON job (project_id, id);"
    "CREATE INDEX job_queue ON job (id) WHERE state = 1;"
    "CREATE INDEX job_lease ON job (lease_until) WHERE state = 2;"
    "CREATE TABLE ref ("
    " project_id INTEGER NOT NULL REFERENCES project (id) ON DELETE CASCADE,"
    " name TEXT NOT NULL, sha TEXT NOT NULL,"
    " PRIMARY KEY (project_id, name)) WITHOUT ROWID;"
    "CREATE TABLE kept ("
    " project_id INTEGER NOT NULL REFERENCES project (id) ON DELETE CASCADE,"
    " name TEXT NOT NULL, ref TEXT NOT NULL, sha TEXT NOT NULL,"
    " why TEXT NOT NULL, at INTEGER NOT NULL,"
    " PRIMARY KEY (project_id, name)) WITHOUT ROWID;"
    "CREATE INDEX kept_at ON kept (project_id, at);";

/* Who moved it; 0 in a row from before. */
static const char schema_ref_mover
    [] = "ALTER TABLE ref ADD COLUMN account_id INTEGER NOT NULL DEFAULT 0;";

/* One row for each repository that was ever looked after; none: nothing is
 * known of it yet. */
static const char schema_care
    [] = "CREATE TABLE care ("
	 " project_id INTEGER PRIMARY KEY"
	 " REFERENCES project (id) ON DELETE CASCADE,"
	 " size INTEGER NOT NULL DEFAULT 0, packs INTEGER NOT NULL DEFAULT 0,"
	 " loose INTEGER NOT NULL DEFAULT 0,"
	 " purge_at INTEGER NOT NULL DEFAULT 0,"
	 " surveyed_at INTEGER NOT NULL DEFAULT 0,"
	 " maintained_at INTEGER NOT NULL DEFAULT 0,"
	 " full_at INTEGER NOT NULL DEFAULT 0,"
	 " pruned_at INTEGER NOT NULL DEFAULT 0,"
	 " checked_at INTEGER NOT NULL DEFAULT 0,"
	 " walked_at INTEGER NOT NULL DEFAULT 0,"
	 " health INTEGER NOT NULL DEFAULT 0,"
	 " failures INTEGER NOT NULL DEFAULT 0,"
	 " next_at INTEGER NOT NULL DEFAULT 0,"
	 " problem TEXT NOT NULL DEFAULT '', error TEXT NOT NULL DEFAULT '');";

/* upstream: what a forge's API says of the repository.  mirror_memo: what the
 * mirror remembers between two synchronisations, in the API's JSON. */
static const char schema_upstream
    [] = "ALTER TABLE project ADD COLUMN hold INTEGER NOT NULL DEFAULT 0;"
	 "ALTER TABLE project ADD COLUMN keep_days"
	 " INTEGER NOT NULL DEFAULT 90;"
	 "ALTER TABLE project ADD COLUMN mirror_attempt_at"
	 " INTEGER NOT NULL DEFAULT 0;"
	 "CREATE TABLE upstream ("
	 " project_id INTEGER PRIMARY KEY"
	 " REFERENCES project (id) ON DELETE CASCADE,"
	 " checked_at INTEGER NOT NULL DEFAULT 0,"
	 " etag TEXT NOT NULL DEFAULT '',"
	 " full_name TEXT NOT NULL DEFAULT '',"
	 " description TEXT NOT NULL DEFAULT '',"
	 " default_branch TEXT NOT NULL DEFAULT '',"
	 " parent TEXT NOT NULL DEFAULT '',"
	 " pushed_at TEXT NOT NULL DEFAULT '',"
	 " archived INTEGER NOT NULL DEFAULT 0,"
	 " private INTEGER NOT NULL DEFAULT 0,"
	 " disabled INTEGER NOT NULL DEFAULT 0,"
	 " moved_to TEXT NOT NULL DEFAULT '',"
	 " error TEXT NOT NULL DEFAULT '');"
	 "CREATE TABLE mirror_memo ("
	 " project_id INTEGER PRIMARY KEY"
	 " REFERENCES project (id) ON DELETE CASCADE,"
	 " waiting TEXT NOT NULL DEFAULT '',"
	 " report TEXT NOT NULL DEFAULT '',"
	 " unverified TEXT NOT NULL DEFAULT '',"
	 " contents TEXT NOT NULL DEFAULT '');";

/* Why the mirror failed: enum mirror_fail. */
static const char
    schema_mirror_kind[] = "ALTER TABLE project ADD COLUMN mirror_kind"
			   " INTEGER NOT NULL DEFAULT 0;";

/* Each step is a list of scripts; NULL ends it. */
static const char *const schema_steps[DB_SCHEMA_VERSION][12] = {
	{ schema_people, schema_items, schema_work, NULL },
	{ schema_ref_mover, NULL },
	{ schema_care, schema_upstream, schema_mirror_kind, NULL },
	{ schema_accounts, schema_repos, schema_tracker, schema_tracker_people,
	    schema_words, schema_search, schema_reviews, schema_protect,
	    schema_hooks, NULL },
	{ schema_merge_rest, schema_hooks_rest, schema_forks, NULL },
	{ schema_sandboxes, NULL },
	{ schema_runs, schema_approvals, schema_verdict, schema_renewal,
	    schema_run_keys, schema_leases, NULL },
	{ schema_runners, schema_gate, schema_checks, NULL },
	{ schema_writers, schema_merge_test, schema_looks,
	    schema_runner_network, schema_fetches, schema_audit, NULL },
	{ schema_events, schema_lists, NULL },
};

static int
schema_run(struct txn *t, const char *sql, struct err *e)
{
	int rc = sqlite3_exec(t->sq, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : txn_fail(t, rc, "migrate", e);
}

static int
schema_step(struct txn *t, int64_t version, struct err *e)
{
	char done[64];

	(void)snprintf(
	    done, sizeof(done), "PRAGMA user_version=%d", (int)version + 1);
	for (size_t i = 0; schema_steps[version][i] != NULL; i++) {
		if (schema_run(t, schema_steps[version][i], e) == -1)
			return -1;
	}
	return schema_run(t, done, e);
}

/* One transaction: a migration is there as a whole or not at all. */
static int
schema_migrate_all(struct txn *t, int64_t to, struct err *e)
{
	struct err ignored = ERR_INIT;
	int64_t version = 0;

	if (schema_run(t, "BEGIN IMMEDIATE", e) == -1)
		return -1;
	if (db_number(t, "PRAGMA user_version", NULL, &version, e) == -1)
		goto fail;
	if (version > DB_SCHEMA_VERSION) {
		(void)err_set(e, ERR_INVALID,
		    "the database has schema version %lld, this program knows "
		    "up to %d: run the newer program, or restore a backup",
		    (long long)version, DB_SCHEMA_VERSION);
		goto fail;
	}
	for (; version < to; version++) {
		if (schema_step(t, version, e) == -1)
			goto fail;
	}
	if (schema_run(t, "COMMIT", e) == -1)
		goto fail;
	return 0;
fail:
	(void)schema_run(t, "ROLLBACK", &ignored);
	return -1;
}

/* A table that is made again is dropped first, which deletes its rows and what
 * refers to them, unless nothing refers for as long. */
int
schema_migrate(struct txn *t, int64_t to, struct err *e)
{
	int rc = schema_run(t, "PRAGMA foreign_keys=OFF", e);

	if (rc == 0)
		rc = schema_migrate_all(t, to, e);
	if (rc == 0)
		rc = schema_run(t, "PRAGMA foreign_keys=ON", e);
	return rc;
}
