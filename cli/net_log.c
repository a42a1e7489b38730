#include "cli/net_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/net.h"
#include "cli/net_hint.h"
#include "cli/out.h"
#include "cli/remote.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/map.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	NET_LOG_WATCH_MS = 1000,
	NET_LOG_WATCH_MAX = 1000,
	NET_LOG_SEEN_MAX = 20000 /* rows whose counts a watch remembers */
};

static struct json *
net_log_get(struct cli *c, const struct net_log_ask *ask, uint64_t limit,
    const char *since, struct err *e)
{
	AUTO_STR struct str path = STR_INIT;
	struct json *j = NULL;

	str_addf(&path, "/api/coffer/v1/projects/%s/network/log?limit=%" PRIu64,
	    ask->full, limit);
	if (ask->blocked != ask->allowed)
		str_addf(&path, "&of=%s", ask->blocked ? "blocked" : "allowed");
	if (since != NULL)
		str_addf(&path, "&since=%s", since);
	if (remote_get(c, str_cstr(&path), &j, e) == -1)
		return NULL;
	return j;
}

static void
net_log_where(const struct json *row, struct str *out)
{
	const char *address = json_str_or(row, "address", "");
	int64_t port = json_i64_or(row, "port", 0);

	str_add(out, address);
	if (port != 0)
		str_addf(out, ":%" PRId64, port);
	if (strcmp(json_str_or(row, "proto", ""), "tcp") != 0)
		str_addf(out, "%s%s", out->len > 0 ? " " : "",
		    json_str_or(row, "proto", ""));
}

static void
net_log_hint(const struct net_log_ask *ask, const struct json *net,
    const struct json *row, struct str *out)
{
	const struct net_refusal r = {
		.verdict = json_str_or(row, "verdict", ""),
		.name = json_str_or(row, "name", ""),
		.proto = json_str_or(row, "proto", ""),
		.rule = json_str_or(row, "rule", ""),
		.port = json_i64_or(row, "port", 0),
	};
	AUTO_STR struct str what = STR_INIT;

	net_hint(&r, json_str_or(net, "mode", ""),
	    json_bool_or(net, "lockdown", false), &what);
	if (what.len > 0)
		str_addf(out, "coffer net %s %s", ask->full, str_cstr(&what));
}

/* A row as --json prints it: the server's, with the command. */
static void
net_log_json(const struct net_log_ask *ask, const struct json *net,
    const struct json *row, struct jw *w)
{
	AUTO_STR struct str hint = STR_INIT;

	net_log_hint(ask, net, row, &hint);
	jw_object(w, NULL);
	for (const struct json *m = json_is_object(row) ? json_first(row)
							: NULL;
	     m != NULL; m = json_next(m)) {
		AUTO_STR struct str text = STR_INIT;

		json_print(m, &text);
		jw_raw(w, json_key(m), str_view(&text));
	}
	jw_str(w, "to_allow", hint.len > 0 ? str_cstr(&hint) : NULL);
	jw_end(w);
}

static void
net_log_table(struct cli *c, const struct net_log_ask *ask,
    const struct json *net, const struct json *rows)
{
	static const char *const head[] = { "", "NAME", "TO", "COUNT", "FIRST",
		"LAST", "PROCESS", "WHY", "TO ALLOW" };
	const size_t columns = sizeof(head) / sizeof(head[0]);
	struct out_table *t = out_table_new(columns);

	for (size_t i = 0; i < columns; i++)
		out_cell(t, head[i]);
	for (const struct json *r = json_first(rows); r != NULL;
	     r = json_next(r)) {
		AUTO_STR struct str where = STR_INIT, hint = STR_INIT;
		const char *name = json_str_or(r, "name", "");
		const char *process = json_str_or(r, "process", "");
		char first[32], last[32];

		net_log_where(r, &where);
		net_log_hint(ask, net, r, &hint);
		out_cell_state(t,
		    json_bool_or(r, "allowed", false) ? "allowed" : "blocked");
		out_cell(t, name[0] != '\0' ? name : NULL);
		out_cell(t, str_cstr(&where));
		out_cellf(t, "%" PRId64, json_i64_or(r, "count", 0));
		out_cell(t, out_ago(json_str_or(r, "first", NULL), first));
		out_cell(t, out_ago(json_str_or(r, "last", NULL), last));
		out_cell(t, process[0] != '\0' ? process : NULL);
		out_cell(t, json_str_or(r, "verdict", ""));
		out_cell(t, hint.len > 0 ? str_cstr(&hint) : NULL);
	}
	out_table_print(t, c);
}

static struct json *
net_log_policy(struct cli *c, const struct net_log_ask *ask, struct err *e)
{
	AUTO_FREE char *path = xasprintf(
	    "/api/coffer/v1/projects/%s/network", ask->full);
	struct json *j = NULL;

	return remote_get(c, path, &j, e) == -1 ? NULL : j;
}

int
net_log_show(struct cli *c, const struct net_log_ask *ask, struct err *e)
{
	struct json *net = net_log_policy(c, ask, e), *rows;

	if (net == NULL)
		return -1;
	rows = net_log_get(c, ask, ask->limit != 0 ? ask->limit : 50, NULL, e);
	if (rows == NULL) {
		json_free(net);
		return -1;
	}
	if (c->g.json) {
		AUTO_STR struct str out = STR_INIT;
		struct jw w;

		jw_init(&w, &out);
		jw_array(&w, NULL);
		for (const struct json *r = json_first(rows); r != NULL;
		     r = json_next(r))
			net_log_json(ask, net, r, &w);
		jw_end(&w);
		out_json_line(&out);
	} else {
		net_show_head(c, net);
		net_log_table(c, ask, net, rows);
	}
	json_free(rows);
	json_free(net);
	return 0;
}

/* Not what was told already: its count is another. */
static bool
net_log_is_new(struct map *counts, const struct json *row)
{
	AUTO_FREE char *key = xasprintf("%s %s %s %" PRId64 " %s",
	    json_str_or(row, "verdict", ""), json_str_or(row, "name", ""),
	    json_str_or(row, "address", ""), json_i64_or(row, "port", 0),
	    json_str_or(row, "proto", ""));
	int64_t count = json_i64_or(row, "count", 0);
	int64_t *known = map_get(counts, key);

	if (known == NULL) {
		if (map_count(counts) >= NET_LOG_SEEN_MAX)
			return true;
		known = xcalloc(1, sizeof(*known));
		(void)map_put(counts, key, known);
	}
	if (*known == count)
		return false;
	*known = count;
	return true;
}

static void
net_log_line(struct cli *c, const struct net_log_ask *ask,
    const struct json *net, const struct json *row)
{
	AUTO_STR struct str text = STR_INIT, hint = STR_INIT;
	bool allowed = json_bool_or(row, "allowed", false);
	const char *process = json_str_or(row, "process", "");
	struct jw w;

	if (c->g.json) {
		jw_init(&w, &text);
		net_log_json(ask, net, row, &w);
		out_json_line(&text);
		return;
	}
	net_log_hint(ask, net, row, &hint);
	str_addf(&text, " %s ", json_str_or(row, "name", ""));
	net_log_where(row, &text);
	str_addf(&text, " x%" PRId64, json_i64_or(row, "count", 0));
	if (process[0] != '\0')
		str_addf(&text, " by %s", process);
	if (!allowed)
		str_addf(&text, ": %s", json_str_or(row, "reason", ""));
	if (hint.len > 0)
		str_addf(&text, "; %s", str_cstr(&hint));
	out_fmt(stdout, "%s ", json_str_or(row, "last", ""));
	out_paint(c, stdout, allowed ? OUT_GOOD : OUT_BAD,
	    allowed ? "allowed" : "blocked");
	out_text(stdout, str_cstr(&text));
	(void)printf("\n");
}

int
net_log_watch(struct cli *c, const struct net_log_ask *ask, struct err *e)
{
	const struct timespec pause = { .tv_sec = NET_LOG_WATCH_MS / 1000 };
	struct map *counts = map_new();
	AUTO_FREE char *since = NULL;
	struct json *rows = NULL, *net;
	bool first = true;
	size_t cursor = 0;
	void *v;

	for (;;) {
		net = net_log_policy(c, ask, e);
		if (net != NULL)
			rows = net_log_get(c, ask, NET_LOG_WATCH_MAX, since, e);
		if (net == NULL || rows == NULL)
			break;
		for (const struct json *r = json_first(rows); r != NULL;
		     r = json_next(r)) {
			const char *last = json_str_or(r, "last", NULL);

			if (net_log_is_new(counts, r) && !first)
				net_log_line(c, ask, net, r);
			if (last != NULL) {
				free(since);
				since = xstrdup(last);
			}
		}
		if (fflush(stdout) == EOF)
			break;
		first = false;
		json_free(rows);
		json_free(net);
		rows = NULL;
		(void)nanosleep(&pause, NULL);
	}
	json_free(net);
	while (map_next(counts, &cursor, NULL, &v))
		free(v);
	map_free(counts);
	return e->code != ERR_NONE ? -1 : 0;
}
