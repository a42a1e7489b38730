/* api_network_log: what sandboxes asked for: told by agentd, shown to people.
 */
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/wire/json.h"
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/service/svc_network.h"
#include "server/store/net_log.h"

enum {
	API_NET_LIMIT = 100,
	API_NET_LIMIT_MAX = 2 * NET_SEEN_KEEP,
	API_NET_TIME_MAX = 40
};

#define SEEN_AT(field)                    \
	offsetof(struct net_seen, field), \
	    sizeof(((struct net_seen *)NULL)->field)

/* The texts of a row, in and out. */
static const struct {
	const char *name;
	size_t offset, size;
} api_net_texts[] = {
	{ "verdict", SEEN_AT(verdict) },
	{ "name", SEEN_AT(name) },
	{ "address", SEEN_AT(address) },
	{ "proto", SEEN_AT(proto) },
	{ "reason", SEEN_AT(reason) },
	{ "rule", SEEN_AT(rule) },
	{ "process", SEEN_AT(process) },
};

static const struct {
	const char *name;
	size_t offset;
	int64_t max;
} api_net_numbers[] = {
	{ "id", offsetof(struct net_seen, project_id), INT64_MAX },
	{ "port", offsetof(struct net_seen, port), UINT16_MAX },
	{ "count", offsetof(struct net_seen, count), UINT32_MAX },
	{ "up", offsetof(struct net_seen, up), INT64_MAX },
	{ "down", offsetof(struct net_seen, down), INT64_MAX },
};

/* -1 after the reply. */
static int
api_net_row(struct call *c, const struct json *j, struct net_seen *s)
{
	bool set;

	for (size_t i = 0; i < sizeof(api_net_texts) / sizeof(api_net_texts[0]);
	     i++) {
		AUTO_FREE char *text = NULL;

		if (api_text(c, j, api_net_texts[i].name,
			api_net_texts[i].size - 1, &text) == -1)
			return -1;
		(void)snprintf((char *)s + api_net_texts[i].offset,
		    api_net_texts[i].size, "%s", text != NULL ? text : "");
	}
	for (size_t i = 0;
	     i < sizeof(api_net_numbers) / sizeof(api_net_numbers[0]); i++) {
		int64_t v = 0;

		if (api_i64(c, j, api_net_numbers[i].name, 0,
			api_net_numbers[i].max, &v) == -1)
			return -1;
		memcpy((char *)s + api_net_numbers[i].offset, &v, sizeof(v));
	}
	if (api_time(c, j, "first", &set, &s->first) == -1 ||
	    api_time(c, j, "last", &set, &s->last) == -1)
		return -1;
	return 0;
}

static void
api_net_on_rows(struct call *c, const struct json *j)
{
	const struct json *list = json_get(j, "rows");
	struct svc_net_tell *op;

	if (!json_is_array(list) || json_count(list) > NET_SEEN_BATCH) {
		call_reply_error(
		    c, 422, "rows: want at most %d", NET_SEEN_BATCH);
		return;
	}
	op = svc_net_tell_new(api_svc(c), call_who(c));
	op->rows.at = xcalloc(json_count(list) + 1, sizeof(*op->rows.at));
	for (const struct json *r = json_first(list); r != NULL;
	     r = json_next(r)) {
		if (api_net_row(c, r, &op->rows.at[op->rows.n]) == -1) {
			svc_op_drop(op);
			return;
		}
		op->rows.n++;
	}
	call_hold(c);
	svc_net_tell(op, api_done_empty, c);
}

static void
api_net_tell(struct call *c)
{
	call_take_json(c, api_net_on_rows);
}

static void
api_net_shape(struct shape *s, const struct net_seen *r)
{
	jw_object(&s->w, NULL);
	jw_bool(&s->w, "allowed", net_verdict_is_allowed(r->verdict));
	for (size_t i = 0; i < sizeof(api_net_texts) / sizeof(api_net_texts[0]);
	     i++)
		jw_str(&s->w, api_net_texts[i].name,
		    (const char *)r + api_net_texts[i].offset);
	/* Without the project's id, which the path names. */
	for (size_t i = 1;
	     i < sizeof(api_net_numbers) / sizeof(api_net_numbers[0]); i++) {
		int64_t v;

		memcpy(
		    &v, (const char *)r + api_net_numbers[i].offset, sizeof(v));
		jw_i64(&s->w, api_net_numbers[i].name, v);
	}
	jw_time(&s->w, "first", r->first);
	jw_time(&s->w, "last", r->last);
	jw_end(&s->w);
}

/* -1 after the reply. */
static int
api_net_ask(struct call *c, struct net_log_ask *ask)
{
	const char *of = call_query(c, "of"), *since = call_query(c, "since");
	struct err e = ERR_INIT;

	ask->limit = API_NET_LIMIT;
	if (call_query_i64(c, "limit", 1, API_NET_LIMIT_MAX, &ask->limit) == -1)
		return -1;
	ask->allowed = of == NULL || strcmp(of, "allowed") == 0;
	ask->blocked = of == NULL || strcmp(of, "blocked") == 0;
	if (!ask->allowed && !ask->blocked) {
		call_reply_error(c, 422, "of: want allowed or blocked");
		return -1;
	}
	if (since != NULL &&
	    (strlen(since) > API_NET_TIME_MAX ||
		clock_parse(since, &ask->since, &e) == -1)) {
		call_reply_error(c, 422, "since: want an RFC 3339 time");
		return -1;
	}
	return 0;
}

static void
api_net_log(struct call *c)
{
	struct net_log_ask ask = { .project_id = api_project_id(c, PERM_READ) };
	struct net_seen_list l;
	struct err e = ERR_INIT;
	struct shape s;

	if (ask.project_id == 0 || api_net_ask(c, &ask) == -1)
		return;
	if (net_log_list(api_reader(c), &ask, &l, &e) == -1) {
		call_fail(c, &e);
		return;
	}
	shape_init(&s, c, NULL);
	jw_array(&s.w, NULL);
	for (size_t i = 0; i < l.n; i++)
		api_net_shape(&s, &l.at[i]);
	jw_end(&s.w);
	shape_reply(&s, c, 200);
	net_seen_list_release(&l);
}

const struct route api_network_log_routes[] = {
	{ "GET", "/api/coffer/v1/projects/{o}/{r}/network/log", ROUTE_MEMBER,
	    api_net_log },
	{ "PUT", "/api/coffer/v1/sandboxes/network", ROUTE_SERVICE,
	    api_net_tell },
	{ .method = NULL },
};
