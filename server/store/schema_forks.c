#include "server/store/schema_forge.h"

/*
 * A name is unique per owner, and among those that have an upstream, for
 * /upstream/NAME.git.  SQLite drops no constraint, so the table is made again;
 * schema_migrate sees to it that this does not cascade.  parent_id: what it is
 * a fork of, 0: of nothing.  pull.head_project_id: the fork that the head is a
 * branch of, 0: the repository itself; then pull.head is "OWNER:BRANCH", which
 * is no branch's name.  account_was: names that accounts had.
 */
#define PROJECT_OF_4                                                         \
	" id, owner, name, upstream, default_branch, state, created_at,"     \
	" next_number, mirror_state, mirror_refs, mirror_ok_at,"             \
	" mirror_next_at, mirror_failures, mirror_error, mirror_kind,"       \
	" mirror_attempt_at, sandbox_want, sandbox_state, sandbox_reason,"   \
	" sandbox_address, sandbox_at, interval_s, network, agent,"          \
	" agent_command, pickup, approvals, max_wakes, memory, cpus, pids,"  \
	" disk, wall_s, hold, keep_days, description, website, archived_at," \
	" has_issues, has_pulls, merge_styles, merge_style, delete_branch,"  \
	" provisional"

const char schema_forks[] =
    "CREATE TABLE project_4 AS SELECT * FROM project;"
    "CREATE TABLE project_4_seq AS SELECT seq FROM sqlite_sequence"
    " WHERE name = 'project';"
    "DROP TABLE project;"
    "CREATE TABLE project ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " owner TEXT NOT NULL COLLATE NOCASE,"
    " name TEXT NOT NULL COLLATE NOCASE,"
    " upstream TEXT NOT NULL, default_branch TEXT NOT NULL DEFAULT '',"
    " state INTEGER NOT NULL, created_at INTEGER NOT NULL,"
    " next_number INTEGER NOT NULL DEFAULT 1,"
    " mirror_state INTEGER NOT NULL, mirror_refs INTEGER NOT NULL DEFAULT 0,"
    " mirror_ok_at INTEGER NOT NULL DEFAULT 0,"
    " mirror_next_at INTEGER NOT NULL,"
    " mirror_failures INTEGER NOT NULL DEFAULT 0,"
    " mirror_error TEXT NOT NULL DEFAULT '',"
    " mirror_kind INTEGER NOT NULL DEFAULT 0,"
    " mirror_attempt_at INTEGER NOT NULL DEFAULT 0,"
    " sandbox_want INTEGER NOT NULL, sandbox_state INTEGER NOT NULL,"
    " sandbox_reason TEXT NOT NULL DEFAULT '',"
    " sandbox_address TEXT NOT NULL DEFAULT '',"
    " sandbox_at INTEGER NOT NULL,"
    " interval_s INTEGER NOT NULL, network INTEGER NOT NULL,"
    " agent TEXT NOT NULL, agent_command TEXT NOT NULL,"
    " pickup INTEGER NOT NULL, approvals INTEGER NOT NULL,"
    " max_wakes INTEGER NOT NULL, memory INTEGER NOT NULL,"
    " cpus INTEGER NOT NULL, pids INTEGER NOT NULL,"
    " disk INTEGER NOT NULL, wall_s INTEGER NOT NULL,"
    " hold INTEGER NOT NULL DEFAULT 0,"
    " keep_days INTEGER NOT NULL DEFAULT 90,"
    " archived_at INTEGER NOT NULL DEFAULT 0,"
    " has_issues INTEGER NOT NULL DEFAULT 1,"
    " has_pulls INTEGER NOT NULL DEFAULT 1,"
    " merge_styles INTEGER NOT NULL DEFAULT 31,"
    " merge_style INTEGER NOT NULL DEFAULT 1,"
    " delete_branch INTEGER NOT NULL DEFAULT 0,"
    " provisional INTEGER NOT NULL DEFAULT 0,"
    " parent_id INTEGER NOT NULL DEFAULT 0,"
    " description TEXT NOT NULL DEFAULT '',"
    " website TEXT NOT NULL DEFAULT '',"
    " UNIQUE (owner, name));"
    "INSERT INTO project (" PROJECT_OF_4 ") SELECT" PROJECT_OF_4
    " FROM project_4;"
    "INSERT INTO sqlite_sequence (name, seq) SELECT 'project', 0"
    " WHERE NOT EXISTS"
    " (SELECT 1 FROM sqlite_sequence WHERE name = 'project');"
    "UPDATE sqlite_sequence SET seq ="
    " coalesce((SELECT seq FROM project_4_seq), 0) WHERE name = 'project';"
    "DROP TABLE project_4;"
    "DROP TABLE project_4_seq;"
    "CREATE UNIQUE INDEX project_upstream_name ON project (name)"
    " WHERE upstream <> '';"
    "CREATE INDEX project_due ON project (mirror_next_at, id)"
    " WHERE state = 1 AND mirror_state <> 2 AND mirror_state <> 5;"
    "CREATE INDEX project_provisional ON project (id)"
    " WHERE provisional = 1;"
    "CREATE INDEX project_parent ON project (parent_id, id)"
    " WHERE parent_id > 0;"
    "ALTER TABLE pull ADD COLUMN head_project_id INTEGER NOT NULL"
    " DEFAULT 0;"
    "CREATE TABLE account_was ("
    " login TEXT PRIMARY KEY COLLATE NOCASE,"
    " account_id INTEGER NOT NULL REFERENCES account (id)) WITHOUT ROWID;"
    "CREATE INDEX pull_fork ON pull (head_project_id, head, is_open)"
    " WHERE head_project_id > 0;";
