#include "cli/audit_ask.h"

#include <inttypes.h>
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

int
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

/* The rows of a page; *seq becomes that of the last. */
static int
audit_ask_page(const struct json *rows, int64_t *seq, struct err *e)
{
	for (const struct json *r = json_first(rows); r != NULL;
	     r = json_next(r)) {
		int64_t n = json_i64_or(r, "seq", 0);

		if (n <= *seq)
			return err_set(e, ERR_PROTO, "that is no audit log");
		*seq = n;
		out_json(r);
	}
	return fflush(stdout) == 0 ? 0 : err_sys(e, ERR_IO, "standard output");
}

int
audit_ask_lines(struct cli *c, const struct audit_ask *a, struct err *e)
{
	AUTO_STR struct str query = STR_INIT;
	int64_t seq = 0;
	bool more = true;

	if (audit_ask_query(c, a, &query, e) == -1)
		return -1;
	while (more) {
		AUTO_FREE char *path = xasprintf(AUDIT_PATH "?after=%" PRId64
							    "&limit=%d%s",
		    seq, (int)AUDIT_PAGE, str_cstr(&query));
		struct json *j = NULL;
		int64_t before = seq;
		int rc;

		if (remote_get(c, path, &j, e) == -1)
			return -1;
		rc = audit_ask_page(json_get(j, "rows"), &seq, e);
		more = json_bool_or(j, "more", false) && seq > before;
		json_free(j);
		if (rc == -1)
			return -1;
	}
	return 0;
}
