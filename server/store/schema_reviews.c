#include "server/store/schema_forge.h"

/*
 * A request for a review is a review of state 5 that has no words.
 * review_comment: sha is the head it was written on; line is valid at at_sha,
 * in the new file, or in the old one when side is 1.  Its ids begin high, so
 * that none is also the id of a comment: clients mix the two.
 */
const char schema_reviews[] =
    "ALTER TABLE review ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX review_open ON review (project_id, item, author_id)"
    " WHERE state > 3;"
    "ALTER TABLE pull ADD COLUMN additions INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE pull ADD COLUMN deletions INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE pull ADD COLUMN changed_files INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE pull ADD COLUMN review_comments INTEGER NOT NULL"
    " DEFAULT 0;"
    "ALTER TABLE pull ADD COLUMN conflicts TEXT NOT NULL DEFAULT '';"
    "CREATE INDEX pull_merged ON pull (project_id, merge_sha)"
    " WHERE merge_sha <> '';"
    "DROP INDEX pull_base;"
    "CREATE INDEX pull_base ON pull (project_id, base, is_open, number);"
    "CREATE INDEX pull_base_all ON pull (project_id, base, number);"
    "CREATE INDEX issue_pull_closed ON issue"
    " (project_id, closed_at, number, state) WHERE is_pull = 1;"
    "CREATE INDEX issue_pull_updated ON issue"
    " (project_id, updated_at, number, state) WHERE is_pull = 1;"
    "CREATE INDEX issue_pull_comments ON issue"
    " (project_id, comments, number, state) WHERE is_pull = 1;"
    "CREATE TABLE review_comment ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " project_id INTEGER NOT NULL REFERENCES project (id)"
    " ON DELETE CASCADE,"
    " item INTEGER NOT NULL,"
    " review_id INTEGER NOT NULL REFERENCES review (id) ON DELETE CASCADE,"
    " reply_to INTEGER NOT NULL DEFAULT 0,"
    " account_id INTEGER NOT NULL REFERENCES account (id),"
    " side INTEGER NOT NULL, line INTEGER NOT NULL,"
    " outdated INTEGER NOT NULL DEFAULT 0,"
    " resolver_id INTEGER NOT NULL DEFAULT 0,"
    " created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,"
    " sha TEXT NOT NULL, at_sha TEXT NOT NULL, path TEXT NOT NULL,"
    " hunk TEXT NOT NULL, body TEXT NOT NULL);"
    "INSERT INTO sqlite_sequence (name, seq)"
    " VALUES ('review_comment', 1099511627776);"
    "CREATE INDEX review_comment_item ON review_comment"
    " (project_id, item, id);"
    "CREATE INDEX review_comment_review ON review_comment (review_id, id);";
