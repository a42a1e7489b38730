#include "server/store/schema_forge.h"

/*
 * password: libsodium's argon2id string, "" for none.  scopes: as Gitea writes
 * them, joined by commas; "" is all, of tokens from before.  salt: of hash,
 * see tokens.c; empty in a row from before, until the next start.
 * revoked: what ended, token or account (the other is 0), for those who still
 * listen by it; the newest thousands only.  A lost role is the account's.
 */
const char schema_accounts[] =
    "ALTER TABLE account ADD COLUMN full_name TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE account ADD COLUMN email TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE account ADD COLUMN description TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE account ADD COLUMN website TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE account ADD COLUMN location TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE account ADD COLUMN is_bot INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE account ADD COLUMN active INTEGER NOT NULL DEFAULT 1;"
    "ALTER TABLE account ADD COLUMN no_login INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE account ADD COLUMN must_change INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE account ADD COLUMN login_at INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE account ADD COLUMN password TEXT NOT NULL DEFAULT '';"
    "CREATE UNIQUE INDEX account_email ON account (email COLLATE NOCASE)"
    " WHERE email <> '';"
    "ALTER TABLE token ADD COLUMN scopes TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE token ADD COLUMN salt BLOB NOT NULL DEFAULT x'';"
    "CREATE INDEX token_last_eight ON token (last_eight);"
    "CREATE INDEX token_account ON token (account_id, id);"
    "CREATE TABLE revoked ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " token_id INTEGER NOT NULL, account_id INTEGER NOT NULL);"
    "CREATE TRIGGER revoked_token AFTER DELETE ON token BEGIN"
    " INSERT INTO revoked (token_id, account_id) VALUES (OLD.id, 0);"
    " DELETE FROM revoked WHERE id < (SELECT max(id) FROM revoked) - 5000;"
    " END;"
    "CREATE TRIGGER revoked_account AFTER UPDATE OF"
    " deleted, active, no_login, kind, password, login ON account"
    " WHEN OLD.deleted <> NEW.deleted OR OLD.active <> NEW.active"
    " OR OLD.no_login <> NEW.no_login OR OLD.kind <> NEW.kind"
    " OR OLD.password <> NEW.password OR OLD.login <> NEW.login BEGIN"
    " INSERT INTO revoked (token_id, account_id) VALUES (0, NEW.id);"
    " END;"
    "CREATE TRIGGER revoked_role AFTER DELETE ON role BEGIN"
    " INSERT INTO revoked (token_id, account_id) VALUES (0, OLD.account_id);"
    " END;";
