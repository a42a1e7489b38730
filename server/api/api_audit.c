/* api_audit: the audit log, for admins; its head, for who signs it. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/store/audit.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/wire/json.h"

enum {
	API_AUDIT_LIMIT = 100,
	API_AUDIT_LIMIT_MAX = 500,
	API_AUDIT_WORD_MAX = 100
};

static void
api_audit_end(struct jw *w, const char *key, const struct audit_end *x)
{
	jw_object(w, key);
	jw_i64(w, "seq", x->seq);
	jw_str(w, "hash", x->hash);
	jw_end(w);
}

static int
api_audit_word(struct call *c, const char *name, const char **out)
{
	const char *v = call_query(c, name);

	*out = v != NULL && v[0] != '\0' ? v : NULL;
	if (*out == NULL || strlen(v) <= API_AUDIT_WORD_MAX)
		return 0;
	call_reply_error(
	    c, 422, "%s: want at most %d bytes", name, API_AUDIT_WORD_MAX);
	return -1;
}

static int
api_audit_filter(struct call *c, struct audit_filter *f)
{
	*f = (struct audit_filter){ .limit = API_AUDIT_LIMIT };
	f->newest = call_query_bool(c, "newest");
	if (call_query_i64(c, "after", 0, INT64_MAX, &f->after) == -1 ||
	    call_query_i64(c, "before", 1, INT64_MAX, &f->before) == -1 ||
	    call_query_i64(c, "project", 1, INT64_MAX, &f->project_id) == -1 ||
	    call_query_i64(c, "limit", 1, API_AUDIT_LIMIT_MAX, &f->limit) == -1)
		return -1;
	if (api_audit_word(c, "who", &f->who) == -1)
		return -1;
	if (f->who != NULL && strcmp(f->who, AUDIT_SERVER) == 0)
		f->who = "";
	return api_audit_word(c, "what", &f->what);
}

static void
api_audit_list(struct call *c)
{
	struct audit_filter f;
	struct audit_list l = { .n = 0 };
	struct audit_end start, head;
	struct err e = ERR_INIT;
	struct shape s;

	if (api_audit_filter(c, &f) == -1)
		return;
	if (audit_ends(api_reader(c), &start, &head, &e) == -1 ||
	    audit_find(api_reader(c), &f, &l, &e) == -1) {
		call_fail(c, &e);
		return;
	}
	shape_init(&s, c, NULL);
	jw_object(&s.w, NULL);
	api_audit_end(&s.w, "start", &start);
	api_audit_end(&s.w, "head", &head);
	jw_bool(&s.w, "more", l.more);
	if (l.more)
		jw_i64(&s.w, "next", l.next);
	jw_array(&s.w, "rows");
	for (size_t i = 0; i < l.n; i++)
		audit_row_write(&s.w, &l.at[i]);
	jw_end(&s.w);
	jw_end(&s.w);
	call_header(c, "Cache-Control", "no-store");
	shape_reply(&s, c, 200);
	audit_list_release(&l);
}

static void
api_audit_head(struct call *c)
{
	struct audit_end start, head;
	struct err e = ERR_INIT;
	struct shape s;

	if (audit_ends(api_reader(c), &start, &head, &e) == -1) {
		call_fail(c, &e);
		return;
	}
	shape_init(&s, c, NULL);
	api_audit_end(&s.w, NULL, &head);
	shape_reply(&s, c, 200);
}

const struct route api_audit_routes[] = {
	{ "GET", "/api/coffer/v1/audit", ROUTE_ADMIN, api_audit_list },
	{ "GET", "/api/coffer/v1/audit/head", ROUTE_SERVICE, api_audit_head },
	{ .method = NULL },
};
