#include "server/store/schema_forge.h"

/*
 * The audit log: a row per decision and setting, in the transaction of the
 * change; server/store/audit_watch.c has what writes them.  hash is of the
 * row and of the hash before (lib/wire/audit_row.h), '' until the end of the
 * transaction.  old and new are JSON.  audit_start: the last row that retention
 * took away, from whose hash the chain goes on.
 */
const char
    schema_audit[] = "CREATE TABLE audit ("
		     " seq INTEGER PRIMARY KEY, at INTEGER NOT NULL,"
		     " who_id INTEGER NOT NULL,"
		     " who TEXT NOT NULL COLLATE NOCASE,"
		     " via TEXT NOT NULL, origin TEXT NOT NULL,"
		     " request TEXT NOT NULL,"
		     " project_id INTEGER NOT NULL, project TEXT NOT NULL,"
		     " what TEXT NOT NULL, subject TEXT NOT NULL,"
		     " event INTEGER NOT NULL, old TEXT NOT NULL,"
		     " new TEXT NOT NULL, hash TEXT NOT NULL DEFAULT '');"
		     "CREATE INDEX audit_project ON audit (project_id, seq);"
		     "CREATE INDEX audit_who ON audit (who, seq);"
		     "CREATE INDEX audit_what ON audit (what, seq);"
		     "CREATE TABLE audit_start ("
		     " id INTEGER PRIMARY KEY CHECK (id = 1),"
		     " seq INTEGER NOT NULL, hash TEXT NOT NULL);";
