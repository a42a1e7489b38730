#include "server/api/api.h"

#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/httpd/httpd.h"
#include "lib/wire/json.h"
#include "server/api/shape.h"
#include "server/http/param.h"
#include "server/store/users.h"

struct svc *
api_svc(const struct call *c)
{
	return call_app(c);
}

struct txn *
api_reader(const struct call *c)
{
	return db_reader(api_svc(c)->db);
}

bool
api_moved(struct call *c, const char *login)
{
	char now[NAME_LEN_MAX + 1];
	struct err e = ERR_INIT;

	return users_now(api_reader(c), login, now, &e) == 0 &&
	    call_reply_moved(c, login, now);
}

int
api_project(struct call *c, enum perm_verb verb, struct project *out)
{
	struct err e = ERR_INIT;

	*out = (struct project){ .id = 0 };
	if (svc_project_open(api_reader(c), call_who(c), call_arg(c, 0),
		call_arg(c, 1), verb, out, &e) == 0)
		return 0;
	if (e.code != ERR_NOTFOUND || !api_moved(c, call_arg(c, 0)))
		call_fail(c, &e);
	return -1;
}

int64_t
api_project_id(struct call *c, enum perm_verb verb)
{
	struct project p;
	int64_t id;

	if (api_project(c, verb, &p) == -1)
		return 0;
	id = p.id;
	project_release(&p);
	return id;
}

/* By id in digits or by OWNER/NAME. */
static int64_t
api_project_named(struct call *c, const char *text, enum perm_verb verb)
{
	const char *slash = strchr(text, '/');
	AUTO_FREE char *owner = NULL;
	struct project p = { .id = 0 };
	struct err e = ERR_INIT;
	int64_t id = 0;
	int rc;

	if (slash != NULL) {
		owner = xstrndup(text, (size_t)(slash - text));
		rc = svc_project_open(
		    api_reader(c), call_who(c), owner, slash + 1, verb, &p, &e);
	} else if (num_i64(text, 1, INT64_MAX, &id, &e) == 0) {
		rc = svc_project_by_id(
		    api_reader(c), call_who(c), id, verb, &p, &e);
	} else {
		rc = err_set(
		    &e, ERR_INVALID, "project: want an id or OWNER/NAME");
	}
	id = rc == 0 ? p.id : 0;
	project_release(&p);
	if (rc == -1)
		call_fail(c, &e);
	return id;
}

int64_t
api_project_body(struct call *c, const struct json *j, enum perm_verb verb)
{
	const struct json *v = json_get(j, "project");
	char digits[24];

	if (v == NULL || json_is_null(v)) {
		call_reply_error(c, 422, "project: it is missing");
		return 0;
	}
	if (json_is_string(v))
		return api_project_named(c, json_string(v), verb);
	snprintf(digits, sizeof(digits), "%lld", (long long)json_integer(v, 0));
	return api_project_named(c, digits, verb);
}

int
api_project_query(struct call *c, int64_t *out)
{
	const char *text = call_query(c, "project");

	if (text == NULL || *text == '\0')
		return 0;
	*out = api_project_named(c, text, PERM_READ);
	return *out == 0 ? -1 : 0;
}

static int
api_bad(struct call *c, const char *key, const char *why)
{
	call_reply_error(c, 422, "%s: %s", key, why);
	return -1;
}

int
api_text(struct call *c, const struct json *j, const char *key, size_t max,
    char **out)
{
	const char *s = NULL;
	struct err e = ERR_INIT;
	int rc = json_str(j, key, max, &s, &e);

	if (rc == -1) {
		call_reply_error(c, 422, "%s", e.msg);
		return -1;
	}
	*out = rc == 0 ? xstrdup(s) : NULL;
	return 0;
}

int
api_need(struct call *c, const struct json *j, const char *key, size_t max,
    char **out)
{
	if (api_text(c, j, key, max, out) == -1)
		return -1;
	if (*out == NULL)
		return api_bad(c, key, "it is missing");
	if (**out == '\0')
		return api_bad(c, key, "it is empty");
	return 0;
}

int
api_bool(struct call *c, const struct json *j, const char *key, bool *out)
{
	struct err e = ERR_INIT;

	if (json_bool(j, key, out, &e) != -1)
		return 0;
	call_reply_error(c, 422, "%s", e.msg);
	return -1;
}

int
api_i64(struct call *c, const struct json *j, const char *key, int64_t min,
    int64_t max, int64_t *out)
{
	struct err e = ERR_INIT;

	if (json_i64(j, key, min, max, out, &e) != -1)
		return 0;
	call_reply_error(c, 422, "%s", e.msg);
	return -1;
}

int
api_word(struct call *c, const struct json *j, const char *key,
    int (*parse)(const char *s), int *out)
{
	const char *s = NULL;
	struct err e = ERR_INIT;
	int rc = json_str(j, key, 64, &s, &e);

	if (rc == 1)
		return 0;
	if (rc == -1) {
		call_reply_error(c, 422, "%s", e.msg);
		return -1;
	}
	rc = parse(s);
	if (rc == -1)
		return api_bad(c, key, "not one of its words");
	*out = rc;
	return 0;
}

bool
api_failed(struct call *c, const struct err *fail)
{
	if (fail == NULL)
		return false;
	call_fail(c, fail);
	return true;
}

void
api_done_empty(const struct err *fail, void *op, void *arg)
{
	struct call *c = arg;

	(void)op;
	if (!api_failed(c, fail))
		call_reply_empty(c, 204);
	call_release(c);
}

void
api_reply_secret(struct call *c, int status, const char *key,
    const char *secret, int64_t expires_at)
{
	struct shape s;

	call_header(c, "Cache-Control", "no-store");
	shape_init(&s, c, NULL);
	jw_object(&s.w, NULL);
	jw_str(&s.w, key, secret);
	if (expires_at != 0)
		jw_time(&s.w, "expires_at", expires_at);
	jw_end(&s.w);
	shape_reply(&s, c, status);
}

int64_t
api_log_range(struct call *c, struct view *body)
{
	const char *text;
	int64_t from, to;
	struct err e = ERR_INIT;

	if (call_request(c) == NULL)
		return -1;
	text = request_header_in(call_request(c), "Content-Range");
	*body = call_body(c);
	if (param_range(text, &from, &to, &e) == -1) {
		call_reply_error(c, 400, "%s", e.msg);
		return -1;
	}
	if ((uint64_t)(to - from) + 1 != body->len) {
		call_reply_error(
		    c, 400, "Content-Range: not as long as the body");
		return -1;
	}
	return from;
}
