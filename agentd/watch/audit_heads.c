#include "agentd/watch/audit_heads.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/wire/audit_row.h"

enum {
	HEADS_LINE_MAX = 512,
	HEADS_OUT_MAX = 64 << 20
};

#define HEADS_DAY_MS INT64_C(86400000)
#define HEADS_ALL_MS (7 * HEADS_DAY_MS) /* of so long every line stays */

struct heads_line {
	char text[HEADS_LINE_MAX]; /* with its newline; "": none */
	char hash[AUDIT_HASH_HEX];
	int64_t seq, ms;
};

struct heads {
	struct heads_line held; /* of an old day, the last so far */
	struct heads_line last; /* written */
	struct str out;
};

static bool
heads_number(struct view v, int64_t *n)
{
	struct err ignored = ERR_INIT;
	char text[24];

	(void)snprintf(text, sizeof(text), "%.*s", (int)v.len, v.p);
	return num_i64(text, 0, INT64_MAX, n, &ignored) == 0;
}

static bool
heads_read(struct heads_line *l)
{
	struct view rest = view_of(l->text), seq, hash, at;

	if (!view_split(&rest, ' ', &seq) || !view_split(&rest, ' ', &hash) ||
	    !view_split(&rest, ' ', &at) || hash.len != AUDIT_HASH_HEX - 1 ||
	    !heads_number(seq, &l->seq) || !heads_number(at, &l->ms))
		return false;
	memcpy(l->hash, hash.p, hash.len);
	l->hash[hash.len] = '\0';
	return true;
}

static void
heads_put(struct heads *h, const struct heads_line *l)
{
	if (l->text[0] == '\0')
		return;
	str_add(&h->out, l->text);
	h->last = *l;
}

static void
heads_flush(struct heads *h)
{
	heads_put(h, &h->held);
	h->held.text[0] = '\0';
}

static bool
heads_same(const struct heads_line *a, const struct heads_line *b)
{
	return a->text[0] != '\0' && a->seq == b->seq &&
	    strcmp(a->hash, b->hash) == 0;
}

static void
heads_take(struct heads *h, struct heads_line *l, int64_t now_ms)
{
	if (!heads_read(l)) {
		l->hash[0] = '\0';
		heads_flush(h);
		heads_put(h, l);
		return;
	}
	if (h->held.text[0] != '\0' &&
	    h->held.ms / HEADS_DAY_MS == l->ms / HEADS_DAY_MS &&
	    h->held.seq < l->seq && l->ms < now_ms - HEADS_ALL_MS) {
		h->held = *l;
		return;
	}
	heads_flush(h);
	/* agentd signs the head that it finds when it starts, too. */
	if (heads_same(&h->last, l))
		return;
	if (l->ms < now_ms - HEADS_ALL_MS)
		h->held = *l;
	else
		heads_put(h, l);
}

int
auditheads_thin(const char *path, int64_t now_ms, struct err *e)
{
	struct heads h = { .out = STR_INIT_MAX(HEADS_OUT_MAX) };
	struct heads_line l = { .seq = 0 };
	FILE *f = fopen(path, "re");
	int rc = 0;

	if (f == NULL)
		return err_sys(e, ERR_IO, "open %s", path);
	while (rc == 0 && fgets(l.text, sizeof(l.text), f) != NULL) {
		size_t n = strlen(l.text);

		if (n > 0 && l.text[n - 1] == '\n')
			heads_take(&h, &l, now_ms);
		else
			rc = err_set(
			    e, ERR_INVALID, "%s: a line that is none", path);
	}
	if (rc == 0 && ferror(f) != 0)
		rc = err_sys(e, ERR_IO, "read %s", path);
	(void)fclose(f);
	heads_flush(&h);
	if (rc == 0 && !str_ok(&h.out))
		rc = err_set(e, ERR_LIMIT, "%s is too long", path);
	if (rc == 0)
		rc = path_write_atomic(path, h.out.p, h.out.len, 0644, e);
	str_release(&h.out);
	return rc;
}
