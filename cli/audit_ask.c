#include "cli/audit_ask.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "cli/out.h"
#include "cli/remote.h"
#include "cli/target.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

static void
audit_ask_param(struct str *out, const char *name, const char *value)
{
	if (value == NULL)
		return;
	str_addf(out, "&%s=", name);
	esc_url(out, view_of(value));
}

/* "&who=...&what=...&project=ID" of what is asked for. */
static int
audit_ask_query(
    struct cli *c, const struct audit_ask *a, struct str *out, struct err *e)
{
	char full[TARGET_FULL_MAX];

	audit_ask_param(out, "who", a->who);
	audit_ask_param(out, "what", a->what);
	if (a->project == NULL)
		return 0;
	if (target_project(c, a->project, full, e) == -1)
		return -1;
	audit_ask_param(out, "project", full);
	return 0;
}

/* A page: its rows, each behind *seq, which becomes where it ends. */
static int
audit_ask_rows(const struct json *page, bool newest, int64_t *seq,
    audit_ask_fn *fn, void *arg, struct err *e)
{
	const struct json *rows = json_get(page, "rows");
	int64_t next = json_i64_or(page, "next", 0);

	for (const struct json *r = json_first(rows); r != NULL;
	     r = json_next(r)) {
		int64_t n = json_i64_or(r, "seq", 0);

		if (newest ? n >= *seq : n <= *seq)
			return err_set(e, ERR_PROTO, "that is no audit log");
		*seq = n;
		if (fn(r, arg, e) == -1)
			return -1;
	}
	if (!json_bool_or(page, "more", false))
		return 0;
	if (newest ? next > *seq || next < 1 : next < *seq)
		return err_set(e, ERR_PROTO, "that is no audit log");
	*seq = next;
	return 1;
}

static int
audit_ask_line(const struct json *row, void *arg, struct err *e)
{
	(void)arg;
	(void)e;
	out_json(row);
	return 0;
}

int
audit_ask_lines(struct cli *c, const struct audit_ask *a, struct err *e)
{
	AUTO_STR struct str query = STR_INIT;
	int64_t seq = 0;
	int rc = 1;

	if (audit_ask_query(c, a, &query, e) == -1)
		return -1;
	while (rc == 1) {
		AUTO_FREE char *path = xasprintf(AUDIT_PATH "?after=%" PRId64
							    "&limit=%d%s",
		    seq, (int)AUDIT_PAGE, str_cstr(&query));
		struct json *j = NULL;
		int64_t before = seq;

		if (remote_get(c, path, &j, e) == -1)
			return -1;
		rc = audit_ask_rows(j, false, &seq, audit_ask_line, NULL, e);
		json_free(j);
		if (rc == 1 && seq <= before)
			return err_set(e, ERR_PROTO, "that is no audit log");
		if (rc != -1 && fflush(stdout) != 0)
			return err_sys(e, ERR_IO, "standard output");
	}
	return rc;
}

struct audit_ask_count {
	int64_t left;
	audit_ask_fn *fn;
	void *arg;
};

static int
audit_ask_counted(const struct json *row, void *arg, struct err *e)
{
	struct audit_ask_count *x = arg;

	if (x->left == 0)
		return 0;
	x->left--;
	return x->fn(row, x->arg, e);
}

int
audit_ask_newest(struct cli *c, const struct audit_ask *a, int64_t n,
    audit_ask_fn *fn, void *arg, struct err *e)
{
	struct audit_ask_count x = { .left = n, .fn = fn, .arg = arg };
	AUTO_STR struct str query = STR_INIT;
	int64_t seq = INT64_MAX;
	int rc = 1;

	if (audit_ask_query(c, a, &query, e) == -1)
		return -1;
	while (rc == 1 && x.left > 0) {
		AUTO_FREE char *path = xasprintf(AUDIT_PATH
		    "?newest=true&before=%" PRId64 "&limit=%" PRId64 "%s",
		    seq, x.left, str_cstr(&query));
		struct json *j = NULL;
		int64_t before = seq;

		if (remote_get(c, path, &j, e) == -1)
			return -1;
		rc = audit_ask_rows(j, true, &seq, audit_ask_counted, &x, e);
		json_free(j);
		if (rc == 1 && seq >= before)
			return err_set(e, ERR_PROTO, "that is no audit log");
	}
	return rc == -1 ? -1 : 0;
}
