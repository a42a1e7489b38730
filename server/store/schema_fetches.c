#include "server/store/schema_forge.h"

/*
 * Records of `coffer fetch`: what a person brought into a clone of his own,
 * signed by a key that is his since his first record.  text is the record as it
 * was signed; the columns before it are what it says, and not to be believed
 * beyond that he says it.
 */
const char schema_fetches
    [] = "CREATE TABLE fetch_key ("
	 " key TEXT PRIMARY KEY,"
	 " account_id INTEGER NOT NULL REFERENCES account (id),"
	 " since INTEGER NOT NULL) WITHOUT ROWID;"
	 "CREATE TABLE fetch ("
	 " id INTEGER PRIMARY KEY AUTOINCREMENT,"
	 " project_id INTEGER NOT NULL"
	 " REFERENCES project (id) ON DELETE CASCADE,"
	 " item INTEGER NOT NULL DEFAULT 0,"
	 " account_id INTEGER NOT NULL REFERENCES account (id),"
	 " key TEXT NOT NULL, sha256 TEXT NOT NULL,"
	 " received_at INTEGER NOT NULL, at TEXT NOT NULL,"
	 " result TEXT NOT NULL, branch TEXT NOT NULL,"
	 " head TEXT NOT NULL, base TEXT NOT NULL, how TEXT NOT NULL,"
	 " review TEXT NOT NULL, text TEXT NOT NULL);"
	 "CREATE UNIQUE INDEX fetch_sha ON fetch (project_id, sha256);"
	 "CREATE INDEX fetch_item ON fetch (project_id, item, id);"
	 "CREATE INDEX fetch_account ON fetch (account_id, id);"
	 "CREATE INDEX fetch_by_key ON fetch (key, project_id);";
