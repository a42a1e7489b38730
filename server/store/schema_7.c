#include "server/store/schema_forge.h"

/*
 * Step 7: the agent loop.  run.retry_of is the run that it tries again, 0:
 * none; attempt counts from 1; before not_before it does not start; budget is
 * in millionths of a dollar, 0: no limit of its own; env is the key of its
 * environment's file, which goes when the run ends.  run_order
 * is every event that gave an order or asked for an answer: the run it became
 * a part of, or none and what was said instead.
 */
const char
    schema_runs[] = "ALTER TABLE project ADD COLUMN runs_paused"
		    " INTEGER NOT NULL DEFAULT 0;"
		    "ALTER TABLE project ADD COLUMN trigger_label"
		    " TEXT NOT NULL DEFAULT 'agent';"
		    "ALTER TABLE project ADD COLUMN max_retries"
		    " INTEGER NOT NULL DEFAULT 2;"
		    "ALTER TABLE project ADD COLUMN retry_s"
		    " INTEGER NOT NULL DEFAULT 30;"
		    "ALTER TABLE project ADD COLUMN max_item_runs"
		    " INTEGER NOT NULL DEFAULT 20;"
		    "ALTER TABLE project ADD COLUMN max_day_runs"
		    " INTEGER NOT NULL DEFAULT 200;"
		    "ALTER TABLE run ADD COLUMN retry_of"
		    " INTEGER NOT NULL DEFAULT 0;"
		    "ALTER TABLE run ADD COLUMN attempt"
		    " INTEGER NOT NULL DEFAULT 1;"
		    "ALTER TABLE run ADD COLUMN not_before"
		    " INTEGER NOT NULL DEFAULT 0;"
		    "ALTER TABLE run ADD COLUMN budget"
		    " INTEGER NOT NULL DEFAULT 0;"
		    "ALTER TABLE run ADD COLUMN env"
		    " TEXT NOT NULL DEFAULT '';"
		    "ALTER TABLE auto_merge ADD COLUMN comment_id"
		    " INTEGER NOT NULL DEFAULT 0;"
		    "ALTER TABLE auto_merge ADD COLUMN waits"
		    " INTEGER NOT NULL DEFAULT 1;"
		    "CREATE INDEX run_made ON run (project_id, created_at);"
		    "CREATE TABLE run_order ("
		    " event INTEGER PRIMARY KEY,"
		    " project_id INTEGER NOT NULL REFERENCES project (id)"
		    " ON DELETE CASCADE,"
		    " item INTEGER NOT NULL, run_id INTEGER NOT NULL,"
		    " human INTEGER NOT NULL, verdict INTEGER NOT NULL,"
		    " at INTEGER NOT NULL);"
		    "CREATE INDEX run_order_run ON run_order (run_id, event)"
		    " WHERE run_id > 0;"
		    "CREATE INDEX run_order_item ON run_order"
		    " (project_id, item, event);"
		    "INSERT INTO run_order (event, project_id, item, run_id,"
		    " human, verdict, at) SELECT r.event, r.project_id, r.item,"
		    " r.id, r.cause NOT IN ('check.failed', 'pull.conflict'),"
		    " 1, r.created_at FROM run r;";

/* What was asked of maintainers, and answered.  scope is the run, 0 of what is
 * the whole project's; the states and kinds are those of domain/approval.h. */
const char
    schema_approvals[] = "CREATE TABLE approval ("
			 " id INTEGER PRIMARY KEY AUTOINCREMENT,"
			 " project_id INTEGER NOT NULL REFERENCES project (id)"
			 " ON DELETE CASCADE,"
			 " kind INTEGER NOT NULL, state INTEGER NOT NULL,"
			 " scope INTEGER NOT NULL, run_id INTEGER NOT NULL,"
			 " item INTEGER NOT NULL, is_pull INTEGER NOT NULL,"
			 " created_at INTEGER NOT NULL,"
			 " expires_at INTEGER NOT NULL,"
			 " decided_at INTEGER NOT NULL DEFAULT 0,"
			 " decided_by INTEGER NOT NULL DEFAULT 0,"
			 " until INTEGER NOT NULL DEFAULT 0,"
			 " subject TEXT NOT NULL, reason TEXT NOT NULL);"
			 "CREATE UNIQUE INDEX approval_open ON approval"
			 " (project_id, kind, scope, subject) WHERE state = 1;"
			 "CREATE INDEX approval_project ON approval"
			 " (project_id, id);"
			 "CREATE INDEX approval_run ON approval"
			 " (project_id, run_id);"
			 "CREATE INDEX approval_scope ON approval (scope)"
			 " WHERE state = 1;"
			 "CREATE INDEX approval_due ON approval (expires_at)"
			 " WHERE state = 1;";

/* The newest that `coffer prove` found of each project's sandbox; failed_rows
 * is a JSON array; gone: that sandbox was taken away since. */
const char schema_verdict
    [] = "CREATE TABLE verdict ("
	 " project_id INTEGER PRIMARY KEY REFERENCES project (id)"
	 " ON DELETE CASCADE,"
	 " at INTEGER NOT NULL, result INTEGER NOT NULL,"
	 " passed INTEGER NOT NULL, failed INTEGER NOT NULL,"
	 " untestable INTEGER NOT NULL, generation INTEGER NOT NULL,"
	 " network TEXT NOT NULL, driver TEXT NOT NULL,"
	 " failed_rows TEXT NOT NULL, gone INTEGER NOT NULL);";

/* Of a sandbox that is being made anew: what it was made of, and is to be; JSON
 * of server/service/svc_renewal. */
const char schema_renewal[] = "CREATE TABLE renewal ("
			      " project_id INTEGER PRIMARY KEY"
			      " REFERENCES project (id) ON DELETE CASCADE,"
			      " generation INTEGER NOT NULL,"
			      " before TEXT NOT NULL, after TEXT NOT NULL);";

/* What a caller named what he asked for: asked for again, it is that run. */
const char schema_run_keys[] = "CREATE TABLE run_key ("
			       " project_id INTEGER NOT NULL"
			       " REFERENCES project (id) ON DELETE CASCADE,"
			       " account_id INTEGER NOT NULL,"
			       " word TEXT NOT NULL, print TEXT NOT NULL,"
			       " run_id INTEGER NOT NULL,"
			       " PRIMARY KEY (project_id, account_id, word));";

/* Projects that are there until then only. */
const char schema_leases[] = "CREATE TABLE lease ("
			     " project_id INTEGER PRIMARY KEY"
			     " REFERENCES project (id) ON DELETE CASCADE,"
			     " seconds INTEGER NOT NULL,"
			     " until INTEGER NOT NULL);"
			     "CREATE INDEX lease_until ON lease (until);";
