#include "server/store/schema_forge.h"

/*
 * project_id: of a repository's hook; account_id: of a user's; neither: the
 * server's, and is_default one that new repositories get a copy of.  secret and
 * authorization are never shown.  since: the newest event that it is not told.
 * rest_until: its breaker is open, and no attempt is made before; 0: closed.
 * due_at: when its oldest waiting delivery is tried, 0 when none waits.
 * hook_cursor.seq: the newest event whose deliveries are rows.
 */
const char schema_hooks
    [] = "CREATE TABLE hook ("
	 " id INTEGER PRIMARY KEY AUTOINCREMENT,"
	 " project_id INTEGER REFERENCES project (id) ON DELETE CASCADE,"
	 " account_id INTEGER REFERENCES account (id) ON DELETE CASCADE,"
	 " is_default INTEGER NOT NULL DEFAULT 0,"
	 " active INTEGER NOT NULL, form INTEGER NOT NULL,"
	 " type TEXT NOT NULL, name TEXT NOT NULL, url TEXT NOT NULL,"
	 " events TEXT NOT NULL, branch_filter TEXT NOT NULL,"
	 " created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,"
	 " since INTEGER NOT NULL, failures INTEGER NOT NULL DEFAULT 0,"
	 " rest_until INTEGER NOT NULL DEFAULT 0,"
	 " due_at INTEGER NOT NULL DEFAULT 0,"
	 " secret TEXT NOT NULL, authorization TEXT NOT NULL);"
	 "CREATE INDEX hook_project ON hook (project_id, id)"
	 " WHERE project_id IS NOT NULL;"
	 "CREATE INDEX hook_account ON hook (account_id, id)"
	 " WHERE account_id IS NOT NULL;"
	 "CREATE INDEX hook_server ON hook (is_default, id)"
	 " WHERE project_id IS NULL AND account_id IS NULL;"
	 "CREATE INDEX hook_due ON hook (due_at, id) WHERE due_at > 0;"
	 "CREATE TABLE delivery ("
	 " id INTEGER PRIMARY KEY AUTOINCREMENT,"
	 " hook_id INTEGER NOT NULL REFERENCES hook (id) ON DELETE CASCADE,"
	 " project_id INTEGER NOT NULL,"
	 " uuid TEXT NOT NULL, type INTEGER NOT NULL, action TEXT NOT NULL,"
	 " state INTEGER NOT NULL, redelivery INTEGER NOT NULL,"
	 " attempts INTEGER NOT NULL DEFAULT 0,"
	 " created_at INTEGER NOT NULL, ended_at INTEGER NOT NULL DEFAULT 0,"
	 " status INTEGER NOT NULL DEFAULT 0,"
	 " took_ms INTEGER NOT NULL DEFAULT 0,"
	 " size INTEGER NOT NULL, error TEXT NOT NULL DEFAULT '',"
	 " request TEXT NOT NULL DEFAULT '',"
	 " response_headers TEXT NOT NULL DEFAULT '',"
	 " response_body TEXT NOT NULL DEFAULT '', payload TEXT NOT NULL);"
	 "CREATE INDEX delivery_waits ON delivery (hook_id, id, size)"
	 " WHERE state = 1;"
	 "CREATE INDEX delivery_ended ON delivery (hook_id, id)"
	 " WHERE state > 1;"
	 "CREATE INDEX delivery_hook ON delivery (hook_id, id);"
	 "CREATE TABLE hook_cursor ("
	 " id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL);";
