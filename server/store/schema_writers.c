#include "server/store/schema_forge.h"

/*
 * Who brought which commit.  commit_writer: sure is 0 of what is
 * claimed before a ref moves there, and may not have.  pull_part: who brought
 * a commit that the pull request has and its base has not, made anew whenever
 * one of the two moves.
 */
const char
    schema_writers[] = "CREATE TABLE commit_writer ("
		       " project_id INTEGER NOT NULL REFERENCES project (id)"
		       " ON DELETE CASCADE, sha TEXT NOT NULL,"
		       " account_id INTEGER NOT NULL, sure INTEGER NOT NULL,"
		       " PRIMARY KEY (project_id, sha, account_id))"
		       " WITHOUT ROWID;"
		       "CREATE TABLE pull_part ("
		       " project_id INTEGER NOT NULL, item INTEGER NOT NULL,"
		       " account_id INTEGER NOT NULL,"
		       " PRIMARY KEY (project_id, item, account_id),"
		       " FOREIGN KEY (project_id, item)"
		       " REFERENCES issue (project_id, number)"
		       " ON DELETE CASCADE) WITHOUT ROWID;";
