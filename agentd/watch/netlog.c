#include "agentd/watch/netlog.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/call.h"
#include "agentd/sandbox/routerctl.h"
#include "agentd/watch/netproc.h"
#include "agentd/watch/projects.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/str.h"
#include "lib/io/timer.h"
#include "lib/wire/json.h"

enum {
	NETLOG_RETRY_MS = 1000,
	NETLOG_PAUSE_MS = 200, /* between two questions, between two tells */
	NETLOG_WAITING_MAX = 2000, /* rows; beyond them the log is not read */
	NETLOG_REPLY_MAX = 4 << 20,
	NETLOG_BATCH = 200 /* what cofferd takes at once */
};

/* A row as cofferd takes it; the newest of equal ones waits. */
struct netlog_row {
	TAILQ_ENTRY(netlog_row) link;
	char *key;
	char *text; /* JSON */
};

struct netlog {
	struct netlog_spec s;
	struct routerctl *router;
	struct timer *ask, *tell, *look;
	struct json *entries; /* whose processes are looked for, or NULL */
	struct netproc *looks;
	struct call *call;
	int64_t next; /* of the router's sequence */
	TAILQ_HEAD(, netlog_row) rows;
	struct map *by_key;
};

static void
netlog_row_free(struct netlog_row *r)
{
	free(r->key);
	free(r->text);
	free(r);
}

static void
netlog_put(struct netlog *n, char *key, char *text)
{
	struct netlog_row *r = map_get(n->by_key, key);

	if (r == NULL) {
		r = xcalloc(1, sizeof(*r));
		r->key = key;
		(void)map_put(n->by_key, r->key, r);
		TAILQ_INSERT_TAIL(&n->rows, r, link);
	} else {
		free(key);
		free(r->text);
	}
	r->text = text;
}

/* The text of the first row, which goes. */
static char *
netlog_pop(struct netlog *n)
{
	struct netlog_row *r = TAILQ_FIRST(&n->rows);
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): TAILQ_REMOVE */
	char *text = STEAL(r->text);

	TAILQ_REMOVE(&n->rows, r, link);
	(void)map_del(n->by_key, r->key);
	netlog_row_free(r);
	return text;
}

static void
netlog_on_tell(void *arg)
{
	struct netlog *n = arg;
	AUTO_STR struct str body = STR_INIT;
	struct jw w;

	if (call_busy(n->call) || TAILQ_EMPTY(&n->rows))
		return;
	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_array(&w, "rows");
	for (int i = 0; i < NETLOG_BATCH && !TAILQ_EMPTY(&n->rows); i++) {
		AUTO_FREE char *text = netlog_pop(n);

		jw_raw(&w, NULL, view_of(text));
	}
	jw_end(&w);
	jw_end(&w);
	call_start(n->call, "PUT", "/api/coffer/v1/sandboxes/network",
	    str_cstr(&body));
}

static void
netlog_on_told(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct netlog *n = arg;

	(void)status;
	(void)j;
	if (fail != NULL)
		log_warn("netlog not-told why=%s", log_val(fail->msg));
	timer_set(n->tell, NETLOG_PAUSE_MS);
}

/* An entry of the router's log as cofferd's row. */
static void
netlog_row(struct netlog *n, const struct json *entry, const char *process)
{
	static const char *const texts[] = { "verdict", "name", "address",
		"proto", "reason", "rule", NULL };
	static const char *const numbers[] = { "id", "port", "count", "up",
		"down", NULL };
	struct str text = STR_INIT, key = STR_INIT;
	struct jw w;

	jw_init(&w, &text);
	jw_object(&w, NULL);
	for (size_t i = 0; texts[i] != NULL; i++) {
		const char *v = json_str_or(entry, texts[i], "");

		jw_str(&w, texts[i], v);
		if (i < 4)
			str_addf(&key, "%s ", v);
	}
	for (size_t i = 0; numbers[i] != NULL; i++) {
		int64_t v = json_i64_or(entry, numbers[i], 0);

		jw_i64(&w, numbers[i], v);
		if (i < 2)
			str_addf(&key, "%" PRId64 " ", v);
	}
	jw_str(&w, "first", json_str_or(entry, "first", ""));
	jw_str(&w, "last", json_str_or(entry, "at", ""));
	jw_str(&w, "process", process);
	jw_end(&w);
	netlog_put(n, str_steal(&key), str_steal(&text));
}

/* Of what was refused, another's connection to the address says nothing. */
static bool
netlog_is_let(const struct json *entry)
{
	return strcmp(json_str_or(entry, "verdict", ""), "answered") == 0;
}

/* What was taken is told; then the router is asked for more. */
static void
netlog_go_on(struct netlog *n)
{
	if (!TAILQ_EMPTY(&n->rows) && !call_busy(n->call))
		timer_set(n->tell, 0);
	timer_set(n->ask, NETLOG_PAUSE_MS);
}

static void
netlog_forget(struct netlog *n)
{
	netproc_free(n->looks);
	json_free(n->entries);
	n->looks = NULL;
	n->entries = NULL;
}

/* Who has those sockets is read in parts: others wait for the loop. */
static void
netlog_on_look(void *arg)
{
	struct netlog *n = arg;
	size_t i = 0;

	if (netproc_step(n->looks)) {
		timer_set(n->look, 0);
		return;
	}
	for (const struct json *m = json_first(n->entries); m != NULL;
	     m = json_next(m), i++)
		/* The runner's slots are no projects. */
		if (projects_find(n->s.projects, json_i64_or(m, "id", 0)) !=
		    NULL)
			netlog_row(n, m, netproc_name(n->looks, i));
	netlog_forget(n);
	netlog_go_on(n);
}

static int
netlog_take(struct netlog *n, const struct json *entries, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;

	netlog_forget(n);
	json_print(entries, &text);
	n->entries = json_parse(str_view(&text), NETLOG_REPLY_MAX, e);
	if (n->entries == NULL)
		return -1;
	n->looks = netproc_new(n->s.host);
	for (const struct json *m = json_first(n->entries); m != NULL;
	     m = json_next(m))
		netproc_add(n->looks, json_i64_or(m, "id", 0),
		    (uint16_t)json_i64_or(m, "source_port", 0),
		    netlog_is_let(m) ? json_str_or(m, "address", "") : "");
	timer_set(n->look, 0);
	return 0;
}

static void
netlog_on_log(const struct json *reply, const struct err *e, void *arg)
{
	const struct json *entries = json_get(reply, "entries");
	struct netlog *n = arg;
	struct err bad = ERR_INIT;
	int64_t next;

	if (e != NULL) {
		n->next = 0;
		timer_set(n->ask, NETLOG_RETRY_MS);
		return;
	}
	next = json_i64_or(reply, "next", 0);
	/* A router that began anew counts from the start. */
	n->next = next < n->next ? 0 : next;
	if (json_count(entries) == 0) {
		netlog_go_on(n);
	} else if (netlog_take(n, entries, &bad) == -1) {
		log_error("netlog why=%s", log_val(bad.msg));
		netlog_go_on(n);
	}
}

static void
netlog_on_ask(void *arg)
{
	struct netlog *n = arg;

	if (map_count(n->by_key) > NETLOG_WAITING_MAX) {
		timer_set(n->ask, NETLOG_RETRY_MS);
		return;
	}
	routerctl_follow(n->router, n->next, netlog_on_log, n);
}

struct netlog *
netlog_new(const struct netlog_spec *spec)
{
	struct netlog *n = xcalloc(1, sizeof(*n));

	n->s = *spec;
	n->router = routerctl_new(spec->host->loop, spec->router);
	n->by_key = map_new();
	TAILQ_INIT(&n->rows);
	n->call = call_new(spec->host->loop, spec->api, netlog_on_told, n);
	n->ask = timer_new(spec->host->loop, netlog_on_ask, n);
	n->tell = timer_new(spec->host->loop, netlog_on_tell, n);
	n->look = timer_new(spec->host->loop, netlog_on_look, n);
	timer_set(n->ask, 0);
	return n;
}

void
netlog_free(struct netlog *n)
{
	struct netlog_row *r;

	if (n == NULL)
		return;
	while ((r = TAILQ_FIRST(&n->rows)) != NULL) {
		TAILQ_REMOVE(&n->rows, r, link);
		netlog_row_free(r);
	}
	map_free(n->by_key);
	routerctl_free(n->router);
	call_free(n->call);
	timer_free(n->ask);
	timer_free(n->tell);
	timer_free(n->look);
	netlog_forget(n);
	free(n);
}
