#include "server/backup/check_audit.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/net/signed.h"
#include "lib/wire/audit_row.h"
#include "server/store/snapshot.h"

enum {
	CHECKAUDIT_HEADS_MAX = 16 << 20
};

struct checkaudit {
	const char *home;
	struct snapshot *db;
	checkaudit_fn *fn;
	void *arg;
};

static int
checkaudit_chain(const struct snapshot_row *row, void *arg, struct err *e)
{
	const struct checkaudit *c = arg;

	(void)e;
	c->fn("chain", row->name, c->arg);
	return 0;
}

/* "SEQ HASH MS SIGNATURE" */
static int
checkaudit_head(const struct checkaudit *c, struct view line, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;
	struct err why = ERR_INIT;
	struct view rest = line, seq, hash, at;
	char number[24], h[AUDIT_HASH_HEX], sig[SIGNED_HEX];
	int64_t n;
	bool met;

	if (!view_split(&rest, ' ', &seq) || !view_split(&rest, ' ', &hash) ||
	    !view_split(&rest, ' ', &at) || rest.len != SIGNED_HEX - 1 ||
	    hash.len != AUDIT_HASH_HEX - 1 || seq.len >= sizeof(number)) {
		c->fn("audit.heads", "a line that is none", c->arg);
		return 0;
	}
	(void)snprintf(number, sizeof(number), "%.*s", (int)seq.len, seq.p);
	(void)snprintf(h, sizeof(h), "%.*s", (int)hash.len, hash.p);
	(void)snprintf(sig, sizeof(sig), "%.*s", (int)rest.len, rest.p);
	str_addf(&text, AUDIT_HEAD_FORM, (int)seq.len, seq.p, (int)hash.len,
	    hash.p, (int)at.len, at.p);
	if (num_i64(number, 0, INT64_MAX, &n, &why) == -1 ||
	    signed_check(c->home, str_view(&text), sig, &why) == -1) {
		c->fn("audit.heads", why.msg, c->arg);
		return 0;
	}
	if (snapshot_audit_head(c->db, n, h, &met, e) == -1)
		return -1;
	if (!met) {
		AUTO_FREE char *what = xasprintf(
		    "row %" PRId64 " is not the one whose hash was signed: "
		    "the log was made anew, or its end was cut off",
		    n);

		c->fn("audit.heads", what, c->arg);
	}
	return 0;
}

int
checkaudit(const char *home, struct snapshot *db, checkaudit_fn *fn, void *arg,
    struct err *e)
{
	struct checkaudit c = { .home = home, .db = db, .fn = fn, .arg = arg };
	AUTO_FREE char *path = path_join(home, "audit.heads");
	AUTO_STR struct str text = STR_INIT_MAX(CHECKAUDIT_HEADS_MAX);
	struct err why = ERR_INIT;
	struct view rest, line;

	if (snapshot_audit(db, checkaudit_chain, &c, e) != 0)
		return -1;
	if (path_read(path, CHECKAUDIT_HEADS_MAX, &text, &why) == -1) {
		if (why.code != ERR_NOTFOUND)
			fn("audit.heads", why.msg, arg);
		return 0;
	}
	rest = str_view(&text);
	while (view_split(&rest, '\n', &line))
		if (line.len > 0 && checkaudit_head(&c, line, e) == -1)
			return -1;
	return 0;
}
