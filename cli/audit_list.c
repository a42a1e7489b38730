#include "cli/audit_list.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "cli/audit_ask.h"
#include "cli/out.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/audit_row.h"
#include "lib/wire/json.h"

enum {
	AUDIT_SHOWN = 2000 /* bytes of what was, and of what is */
};

static void
audit_list_value(struct str *out, const char *s)
{
	str_addf(
	    out, " %.*s%s", AUDIT_SHOWN, s, strlen(s) > AUDIT_SHOWN ? "…" : "");
}

/* What changed, in a line. */
static void
audit_list_change(const struct audit_row *r, struct str *out)
{
	str_add(out, r->subject);
	if (r->old[0] != '\0') {
		audit_list_value(out, r->old);
		str_add(out, " ->");
	}
	if (r->new_[0] != '\0')
		audit_list_value(out, r->new_);
}

static int
audit_list_cells(const struct json *x, void *arg, struct err *e)
{
	AUTO_STR struct str change = STR_INIT;
	struct out_table *t = arg;
	struct audit_row r;

	if (audit_row_read(x, &r, e) == -1)
		return -1;
	audit_list_change(&r, &change);
	out_cellf(t, "%" PRId64, r.seq);
	out_cell(t, json_str_or(x, "at", ""));
	out_cell(t, r.who[0] != '\0' ? r.who : AUDIT_SERVER);
	out_cell(t, r.via);
	out_cell(t, r.origin);
	out_cell(t, r.project);
	out_cell(t, r.what);
	out_cell(t, str_cstr(&change));
	return 0;
}

int
audit_list_table(
    struct cli *c, const struct audit_ask *a, int64_t n, struct err *e)
{
	static const char *const head[] = { "seq", "at", "who", "via", "from",
		"project", "what", "change" };
	struct out_table *t = out_table_new(sizeof(head) / sizeof(head[0]));
	int rc;

	for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++)
		out_cell(t, head[i]);
	rc = audit_ask_newest(c, a, n, audit_list_cells, t, e);
	out_table_print(t, c);
	return rc;
}

static int
audit_list_element(const struct json *x, void *arg, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;
	bool *is_open = arg;

	(void)e;
	str_addc(&text, *is_open ? ',' : '[');
	*is_open = true;
	json_print(x, &text);
	out_json_text(str_view(&text));
	return 0;
}

int
audit_list_json(
    struct cli *c, const struct audit_ask *a, int64_t n, struct err *e)
{
	bool is_open = false;

	if (audit_ask_newest(c, a, n, audit_list_element, &is_open, e) == -1)
		return -1;
	out_json_text(view_of(is_open ? "]\n" : "[]\n"));
	return 0;
}
