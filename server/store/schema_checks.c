#include "server/store/schema_forge.h"

/*
 * Step 8: what checks bring beside runners.  check_text is a project's own
 * checks, which win over its file; check_order what a comment asked for, by
 * domain/check_order.h; check_report what is said of a pull request's head: by
 * which comment, what the tests of its change show and what else is to be
 * looked at.  job.spec: a digest of the check that it is of, as it was then.
 */
const char schema_checks[] =
    "ALTER TABLE job ADD COLUMN kind INTEGER NOT NULL DEFAULT 1;"
    "ALTER TABLE job ADD COLUMN side INTEGER NOT NULL DEFAULT 1;"
    "ALTER TABLE job ADD COLUMN ordered INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE job ADD COLUMN spec TEXT NOT NULL DEFAULT '';"
    "CREATE TABLE check_text ("
    " project_id INTEGER PRIMARY KEY"
    " REFERENCES project (id) ON DELETE CASCADE,"
    " text TEXT NOT NULL, by_id INTEGER NOT NULL, at INTEGER NOT NULL);"
    "CREATE TABLE check_order ("
    " comment_id INTEGER PRIMARY KEY,"
    " project_id INTEGER NOT NULL REFERENCES project (id) ON DELETE CASCADE,"
    " pull INTEGER NOT NULL, sha TEXT NOT NULL, kind INTEGER NOT NULL,"
    " state INTEGER NOT NULL, required INTEGER NOT NULL,"
    " account_id INTEGER NOT NULL, at INTEGER NOT NULL,"
    " setup TEXT NOT NULL, test TEXT NOT NULL);"
    "CREATE INDEX check_order_pull ON check_order (project_id, pull, at);"
    "CREATE INDEX check_order_open ON check_order (state) WHERE state = 1;"
    "CREATE TABLE check_report ("
    " project_id INTEGER NOT NULL REFERENCES project (id) ON DELETE CASCADE,"
    " pull INTEGER NOT NULL, sha TEXT NOT NULL,"
    " comment_id INTEGER NOT NULL DEFAULT 0,"
    " notes TEXT NOT NULL DEFAULT '',"
    " PRIMARY KEY (project_id, pull)) WITHOUT ROWID;";
