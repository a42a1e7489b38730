#include "server/store/schema_forge.h"

/*
 * merging.delete_head: the branch that goes once the merge is written, so that
 * its row stays until then.  review.retargeted: the base was another one when
 * it was written.
 */
const char schema_merge_rest[] = "ALTER TABLE merging ADD COLUMN delete_head"
				 " TEXT NOT NULL DEFAULT '';"
				 "ALTER TABLE review ADD COLUMN retargeted"
				 " INTEGER NOT NULL DEFAULT 0;";

/*
 * hook.behind: the oldest event that it is still to be told of, while it does
 * not follow the cursor of all; 0: it does.  behind_at: when that is gone on
 * with, 0: when there is room.  behind_tries: how often the event behind could
 * not be told.  A payload is one row, however many hooks are told it, and goes
 * with the last delivery of it.  fill: what rows from before this version lack,
 * up to the id `until`; done is how far that is made up for.
 */
const char schema_hooks_rest[] =
    "ALTER TABLE hook ADD COLUMN behind INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE hook ADD COLUMN behind_at INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE hook ADD COLUMN behind_tries INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX hook_behind ON hook (behind_at, id) WHERE behind_at > 0;"
    "CREATE TABLE delivery_payload ("
    " id INTEGER PRIMARY KEY, text TEXT NOT NULL);"
    "INSERT INTO delivery_payload SELECT id, payload FROM delivery;"
    "CREATE TABLE delivery_5 ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " hook_id INTEGER NOT NULL REFERENCES hook (id) ON DELETE CASCADE,"
    " project_id INTEGER NOT NULL, payload_id INTEGER NOT NULL,"
    " uuid TEXT NOT NULL, type INTEGER NOT NULL, action TEXT NOT NULL,"
    " state INTEGER NOT NULL, redelivery INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL DEFAULT 0,"
    " created_at INTEGER NOT NULL, ended_at INTEGER NOT NULL DEFAULT 0,"
    " status INTEGER NOT NULL DEFAULT 0,"
    " took_ms INTEGER NOT NULL DEFAULT 0,"
    " size INTEGER NOT NULL, error TEXT NOT NULL DEFAULT '',"
    " request TEXT NOT NULL DEFAULT '',"
    " response_headers TEXT NOT NULL DEFAULT '',"
    " response_body TEXT NOT NULL DEFAULT '');"
    "INSERT INTO delivery_5 SELECT id, hook_id, project_id, id, uuid, type,"
    " action, state, redelivery, attempts, created_at, ended_at, status,"
    " took_ms, size, error, request, response_headers, response_body"
    " FROM delivery;"
    "INSERT INTO sqlite_sequence (name, seq) SELECT 'delivery_5', 0"
    " WHERE NOT EXISTS"
    " (SELECT 1 FROM sqlite_sequence WHERE name = 'delivery_5');"
    "UPDATE sqlite_sequence SET seq = coalesce((SELECT seq"
    " FROM sqlite_sequence WHERE name = 'delivery'), 0)"
    " WHERE name = 'delivery_5';"
    "DROP TABLE delivery;"
    "ALTER TABLE delivery_5 RENAME TO delivery;"
    "CREATE INDEX delivery_waits ON delivery (hook_id, id, size)"
    " WHERE state = 1;"
    "CREATE INDEX delivery_ended ON delivery (hook_id, id)"
    " WHERE state > 1;"
    "CREATE INDEX delivery_hook ON delivery (hook_id, id);"
    "CREATE INDEX delivery_payload_of ON delivery (payload_id);"
    "CREATE TRIGGER delivery_payload_forget AFTER DELETE ON delivery BEGIN"
    " DELETE FROM delivery_payload WHERE id = OLD.payload_id AND NOT EXISTS"
    " (SELECT 1 FROM delivery WHERE payload_id = OLD.payload_id);"
    " END;"
    "CREATE TABLE fill ("
    " kind INTEGER PRIMARY KEY, done INTEGER NOT NULL,"
    " until INTEGER NOT NULL);"
    "INSERT INTO fill SELECT 1, 0, max(id) FROM issue HAVING max(id) > 0;"
    "INSERT INTO fill SELECT 2, 0, max(id) FROM comment HAVING max(id) > 0;"
    "INSERT INTO fill SELECT 3, 0, max(id) FROM issue WHERE is_pull = 1"
    " HAVING max(id) > 0;";
