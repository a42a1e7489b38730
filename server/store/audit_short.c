/*
 * audit_short: old and new of a row that is written.  A value of more than a
 * KiB, which strangers may choose, is told by its SHA-256, its length and how
 * it begins, so that a row has a bound and the log can be read whatever is in
 * it.
 */
#include <string.h>

#include <sodium.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/store/audit_priv.h"
#include "server/store/db_priv.h"

enum {
	AUDIT_VALUE_MAX = 1024
};

static void
audit_short_value(struct jw *w, const char *key, struct view text)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char hex[AUDIT_HASH_HEX];
	struct view begins = { text.p, AUDIT_VALUE_MAX };

	/* Not within a character. */
	while (begins.len > 0 &&
	    ((unsigned char)text.p[begins.len] & 0xc0) == 0x80)
		begins.len--;
	(void)crypto_hash_sha256(hash, (const unsigned char *)text.p, text.len);
	(void)sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	jw_object(w, key);
	jw_str(w, "sha256", hex);
	jw_u64(w, "bytes", text.len);
	jw_view(w, "begins", begins);
	jw_end(w);
}

void
audit_short(struct view text, struct str *out)
{
	struct err ignored = ERR_INIT;
	struct json *j = json_parse(text, 0, &ignored);
	struct jw w;

	jw_init(&w, out);
	if (!json_is_object(j)) {
		audit_short_value(&w, NULL, text);
		json_free(j);
		return;
	}
	jw_object(&w, NULL);
	for (const struct json *k = json_first(j); k != NULL;
	     k = json_next(k)) {
		AUTO_STR struct str value = STR_INIT;
		struct view v;

		json_print(k, &value);
		v = json_string(k) != NULL ? view_of(json_string(k))
					   : str_view(&value);
		if (v.len > AUDIT_VALUE_MAX)
			audit_short_value(&w, json_key(k), v);
		else
			jw_raw(&w, json_key(k), str_view(&value));
	}
	jw_end(&w);
	json_free(j);
}

static void
audit_short_sql(sqlite3_context *ctx, int n, sqlite3_value **argv)
{
	AUTO_STR struct str out = STR_INIT;
	struct view v = { (const char *)sqlite3_value_text(argv[0]),
		(size_t)sqlite3_value_bytes(argv[0]) };

	(void)n;
	if (v.p == NULL || v.len <= AUDIT_VALUE_MAX) {
		sqlite3_result_value(ctx, argv[0]);
		return;
	}
	audit_short(v, &out);
	sqlite3_result_text(
	    ctx, str_cstr(&out), (int)out.len, SQLITE_TRANSIENT);
}

int
audit_short_register(struct txn *t)
{
	return sqlite3_create_function_v2(t->sq, "audit_short", 1,
	    SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, NULL,
	    audit_short_sql, NULL, NULL, NULL);
}
