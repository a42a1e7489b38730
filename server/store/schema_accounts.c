#include "server/store/schema_forge.h"

/* password: libsodium's argon2id string, "" for none.  scopes: as Gitea
 * writes them, joined by commas; "" is all, of tokens from before. */
const char schema_accounts
    [] = "ALTER TABLE account ADD COLUMN full_name TEXT NOT NULL DEFAULT '';"
	 "ALTER TABLE account ADD COLUMN email TEXT NOT NULL DEFAULT '';"
	 "ALTER TABLE account ADD COLUMN description TEXT NOT NULL DEFAULT '';"
	 "ALTER TABLE account ADD COLUMN website TEXT NOT NULL DEFAULT '';"
	 "ALTER TABLE account ADD COLUMN location TEXT NOT NULL DEFAULT '';"
	 "ALTER TABLE account ADD COLUMN is_bot INTEGER NOT NULL DEFAULT 0;"
	 "ALTER TABLE account ADD COLUMN active INTEGER NOT NULL DEFAULT 1;"
	 "ALTER TABLE account ADD COLUMN no_login INTEGER NOT NULL DEFAULT 0;"
	 "ALTER TABLE account ADD COLUMN must_change INTEGER NOT NULL"
	 " DEFAULT 0;"
	 "ALTER TABLE account ADD COLUMN login_at INTEGER NOT NULL DEFAULT 0;"
	 "ALTER TABLE account ADD COLUMN password TEXT NOT NULL DEFAULT '';"
	 "ALTER TABLE token ADD COLUMN scopes TEXT NOT NULL DEFAULT '';";
