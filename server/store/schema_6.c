#include "server/store/schema_forge.h"

/*
 * Step 6: sandboxes.  sandbox_options is JSON of server/store/options;
 * sandbox_generation counts the times that it was asked to be made anew;
 * sandbox_cause is the word of its reason.  net_rule is what it may reach;
 * ports is a list like "22,443"; of one pattern each preset and the people have
 * a rule each.  net_seen is what it asked for: counted since epoch, on top of
 * base.
 */
const char
    schema_sandboxes[] = "ALTER TABLE project ADD COLUMN sandbox_options"
			 " TEXT NOT NULL DEFAULT '{}';"
			 "ALTER TABLE project ADD COLUMN sandbox_generation"
			 " INTEGER NOT NULL DEFAULT 0;"
			 "ALTER TABLE project ADD COLUMN sandbox_cause"
			 " TEXT NOT NULL DEFAULT '';"
			 "ALTER TABLE project ADD COLUMN net_lockdown"
			 " INTEGER NOT NULL DEFAULT 0;"
			 "ALTER TABLE project ADD COLUMN net_upload_max"
			 " INTEGER NOT NULL DEFAULT 0;"
			 "CREATE TABLE net_rule ("
			 " id INTEGER PRIMARY KEY AUTOINCREMENT,"
			 " project_id INTEGER NOT NULL REFERENCES project (id)"
			 " ON DELETE CASCADE,"
			 " list INTEGER NOT NULL, domain TEXT NOT NULL,"
			 " preset TEXT NOT NULL, ports TEXT NOT NULL,"
			 " until INTEGER NOT NULL, created_at INTEGER NOT NULL,"
			 " account_id INTEGER NOT NULL REFERENCES account (id),"
			 " UNIQUE (project_id, list, domain, preset));"
			 "CREATE TABLE net_seen ("
			 " id INTEGER PRIMARY KEY,"
			 " project_id INTEGER NOT NULL REFERENCES project (id)"
			 " ON DELETE CASCADE,"
			 " allowed INTEGER NOT NULL, port INTEGER NOT NULL,"
			 " base INTEGER NOT NULL, counted INTEGER NOT NULL,"
			 " epoch INTEGER NOT NULL, first INTEGER NOT NULL,"
			 " last INTEGER NOT NULL, up INTEGER NOT NULL,"
			 " down INTEGER NOT NULL, verdict TEXT NOT NULL,"
			 " name TEXT NOT NULL, address TEXT NOT NULL,"
			 " proto TEXT NOT NULL, reason TEXT NOT NULL,"
			 " rule TEXT NOT NULL, process TEXT NOT NULL,"
			 " UNIQUE (project_id, verdict, name, address, port,"
			 " proto));"
			 "CREATE INDEX net_seen_last ON net_seen"
			 " (project_id, allowed, last);";
