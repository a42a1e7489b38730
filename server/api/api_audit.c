/* api_audit: the audit log, for admins; its head, for who signs it; and
 * what root has set at the gateway, for agentd, which tells it. */
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/service/svc_gateway.h"
#include "server/store/audit.h"

#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	API_AUDIT_LIMIT = 100,
	API_AUDIT_LIMIT_MAX = 500,
	API_AUDIT_WORD_MAX = 100,
	API_AUDIT_SETTINGS = 2500, /* of the gateway */
	API_AUDIT_OF_MAX = 200,
	API_AUDIT_IS_MAX = 1024
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

/* A number, or OWNER/NAME. */
static int
api_audit_project(struct call *c, int64_t *id)
{
	const char *v = call_query(c, "project");
	struct err e = ERR_INIT;

	if (v == NULL || strchr(v, '/') == NULL)
		return call_query_i64(c, "project", 1, INT64_MAX, id);
	if (api_audit_word(c, "project", &v) == -1)
		return -1;
	if (audit_project_id(api_reader(c), v, id, &e) == 0)
		return 0;
	call_fail(c, &e);
	return -1;
}

static int
api_audit_filter(struct call *c, struct audit_filter *f)
{
	*f = (struct audit_filter){ .limit = API_AUDIT_LIMIT };
	f->newest = call_query_bool(c, "newest");
	if (call_query_i64(c, "after", 0, INT64_MAX, &f->after) == -1 ||
	    call_query_i64(c, "before", 1, INT64_MAX, &f->before) == -1 ||
	    api_audit_project(c, &f->project_id) == -1 ||
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

/* -1 after the reply. */
static int
api_audit_setting(
    struct call *c, const struct json *j, struct svc_gateway_one *out)
{
	AUTO_STR struct str is = STR_INIT_MAX(API_AUDIT_IS_MAX);
	const struct json *v = json_get(j, "is");

	if (api_need(c, j, "of", API_AUDIT_OF_MAX, &out->of) == -1 ||
	    api_i64(c, j, "project", 1, INT64_MAX, &out->project) == -1)
		return -1;
	json_print(v, &is);
	if (!json_is_object(v) || !str_ok(&is)) {
		call_reply_error(c, 422,
		    "is: want an object of at most %d "
		    "bytes",
		    API_AUDIT_IS_MAX);
		return -1;
	}
	out->is = str_steal(&is);
	return 0;
}

static void
api_audit_on_settings(struct call *c, const struct json *j)
{
	const struct json *list = json_get(j, "settings");
	struct svc_gateway *op;

	if (!json_is_array(list) || json_count(list) > API_AUDIT_SETTINGS) {
		call_reply_error(
		    c, 422, "settings: want at most %d", API_AUDIT_SETTINGS);
		return;
	}
	op = svc_gateway_new(api_svc(c), call_who(c), json_count(list));
	op->more = json_bool_or(j, "more", false);
	for (const struct json *x = json_first(list); x != NULL;
	     x = json_next(x))
		if (api_audit_setting(c, x, &op->at[op->n++]) == -1) {
			svc_op_drop(op);
			return;
		}
	call_hold(c);
	svc_gateway_tell(op, api_done_empty, c);
}

/* Not even an admin: it is what root did. */
static void
api_audit_settings(struct call *c)
{
	if (call_who(c)->kind != IDENTITY_SERVICE) {
		call_reply_error(
		    c, 403, "agentd alone tells the gateway's settings");
		return;
	}
	call_take_json(c, api_audit_on_settings);
}

const struct route api_audit_routes[] = {
	{ "GET", "/api/coffer/v1/audit", ROUTE_ADMIN, api_audit_list },
	{ "GET", "/api/coffer/v1/audit/head", ROUTE_SERVICE, api_audit_head },
	{ "PUT", "/api/coffer/v1/gateway/settings", ROUTE_SERVICE,
	    api_audit_settings },
	{ .method = NULL },
};
