#include "server/store/schema_forge.h"

/*
 * Step 8: checks, the runners and the gate.
 *
 * A runner is invited first: a row without an account, whose invite is the
 * SHA-256 of a token that is good once; registered, it has an account of its
 * own, which posts its statuses.  labels are a JSON list of texts, of a job
 * those that its runner must have.  job.tree is what is tested, when that is
 * not the commit itself; cancel: asked for; 0 of cpus, pids, disk: the
 * runner's own.
 */
const char schema_runners
    [] = "CREATE TABLE runner ("
	 " id INTEGER PRIMARY KEY AUTOINCREMENT,"
	 " name TEXT NOT NULL COLLATE NOCASE UNIQUE,"
	 " account_id INTEGER NOT NULL DEFAULT 0,"
	 " labels TEXT NOT NULL DEFAULT '[]',"
	 " slots INTEGER NOT NULL DEFAULT 1,"
	 " paused INTEGER NOT NULL DEFAULT 0,"
	 " invite TEXT NOT NULL DEFAULT '',"
	 " invite_until INTEGER NOT NULL DEFAULT 0,"
	 " version TEXT NOT NULL DEFAULT '',"
	 " created_at INTEGER NOT NULL,"
	 " registered_at INTEGER NOT NULL DEFAULT 0,"
	 " seen_at INTEGER NOT NULL DEFAULT 0);"
	 "CREATE UNIQUE INDEX runner_account ON runner (account_id)"
	 " WHERE account_id > 0;"
	 "CREATE UNIQUE INDEX runner_invite ON runner (invite)"
	 " WHERE invite <> '';"
	 "ALTER TABLE job ADD COLUMN runner_id INTEGER NOT NULL DEFAULT 0;"
	 "ALTER TABLE job ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;"
	 "ALTER TABLE job ADD COLUMN cancel INTEGER NOT NULL DEFAULT 0;"
	 "ALTER TABLE job ADD COLUMN cpus INTEGER NOT NULL DEFAULT 0;"
	 "ALTER TABLE job ADD COLUMN pids INTEGER NOT NULL DEFAULT 0;"
	 "ALTER TABLE job ADD COLUMN disk INTEGER NOT NULL DEFAULT 0;"
	 "ALTER TABLE job ADD COLUMN tree TEXT NOT NULL DEFAULT '';"
	 "ALTER TABLE job ADD COLUMN image TEXT NOT NULL DEFAULT '';"
	 "ALTER TABLE job ADD COLUMN profile TEXT NOT NULL DEFAULT '';"
	 "ALTER TABLE job ADD COLUMN presets TEXT NOT NULL DEFAULT '[]';"
	 "ALTER TABLE job ADD COLUMN labels TEXT NOT NULL DEFAULT '[]';"
	 "DROP INDEX job_queue;"
	 "CREATE INDEX job_queue ON job (priority DESC, id) WHERE state = 1;"
	 "CREATE INDEX job_running ON job (project_id) WHERE state = 2;"
	 "CREATE INDEX job_runner ON job (runner_id, id) WHERE state = 2;";

/*
 * The gate.  ref_writer: who moved a branch since it is there, pull_writer: who
 * moved a pull request's head; they cannot approve it.  merging.unmet is a JSON
 * list of what an admin passed over, '' for nothing, and reason why.
 */
const char
    schema_gate[] = "ALTER TABLE project ADD COLUMN gate_current"
		    " INTEGER NOT NULL DEFAULT 0;"
		    "ALTER TABLE project ADD COLUMN gate_talks"
		    " INTEGER NOT NULL DEFAULT 1;"
		    "ALTER TABLE merging ADD COLUMN unmet"
		    " TEXT NOT NULL DEFAULT '';"
		    "ALTER TABLE merging ADD COLUMN reason"
		    " TEXT NOT NULL DEFAULT '';"
		    "CREATE TABLE ref_writer ("
		    " project_id INTEGER NOT NULL, name TEXT NOT NULL,"
		    " account_id INTEGER NOT NULL,"
		    " PRIMARY KEY (project_id, name, account_id),"
		    " FOREIGN KEY (project_id, name)"
		    " REFERENCES ref (project_id, name) ON DELETE CASCADE)"
		    " WITHOUT ROWID;"
		    "CREATE TABLE pull_writer ("
		    " project_id INTEGER NOT NULL, item INTEGER NOT NULL,"
		    " account_id INTEGER NOT NULL,"
		    " PRIMARY KEY (project_id, item, account_id),"
		    " FOREIGN KEY (project_id, item)"
		    " REFERENCES issue (project_id, number) ON DELETE CASCADE)"
		    " WITHOUT ROWID;"
		    "INSERT INTO ref_writer (project_id, name, account_id)"
		    " SELECT project_id, name, account_id FROM ref"
		    " WHERE name LIKE 'refs/heads/%' AND account_id > 0;"
		    "INSERT INTO pull_writer (project_id, item, account_id)"
		    " SELECT project_id, number, head_account_id FROM pull"
		    " WHERE is_open = 1 AND head_account_id > 0;";
