#include "server/store/schema_forge.h"

/* protection: rule is the JSON object of the API without names of times and
 * ids; people are in it by login. */
const char schema_protect
    [] = "CREATE TABLE protection ("
	 " id INTEGER PRIMARY KEY AUTOINCREMENT,"
	 " project_id INTEGER NOT NULL REFERENCES project (id)"
	 " ON DELETE CASCADE,"
	 " name TEXT NOT NULL, priority INTEGER NOT NULL,"
	 " created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,"
	 " rule TEXT NOT NULL,"
	 " UNIQUE (project_id, name));"
	 "CREATE TABLE auto_merge ("
	 " project_id INTEGER NOT NULL, item INTEGER NOT NULL,"
	 " account_id INTEGER NOT NULL REFERENCES account (id),"
	 " head_sha TEXT NOT NULL, at INTEGER NOT NULL,"
	 " delete_branch INTEGER NOT NULL, style TEXT NOT NULL,"
	 " title TEXT NOT NULL, message TEXT NOT NULL,"
	 " PRIMARY KEY (project_id, item),"
	 " FOREIGN KEY (project_id, item) REFERENCES issue (project_id, number)"
	 " ON DELETE CASCADE) WITHOUT ROWID;";
