/*
 * The orders that a run answers.  They are asked for once the run is
 * `preparing` for cofferd: from then on none joins it any more.
 */
#include <stdlib.h>
#include <string.h>

#include "agentd/run/run_priv.h"
#include "agentd/watch/trigger.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/failpoint.h"
#include "lib/base/log.h"
#include "lib/wire/json.h"

/* Of a run without an item: by a person's own word. */
static const char run_orders_asked[] = "run.asked";

/* What the line comments of one event are, of all that came. */
static void
run_orders_lines(struct jw *w, const struct json *comments, int64_t event)
{
	const struct json *c;

	jw_array(w, "comments");
	for (c = json_first(comments); c != NULL; c = json_next(c)) {
		if (json_i64_or(c, "event", 0) != event)
			continue;
		jw_object(w, NULL);
		jw_str(w, "path", json_str_or(c, "path", ""));
		jw_i64(w, "line", json_i64_or(c, "line", 0));
		jw_str(w, "side", json_str_or(c, "side", "new"));
		jw_str(w, "body", json_str_or(c, "body", ""));
		jw_str(w, "hunk", json_str_or(c, "hunk", ""));
		jw_end(w);
	}
	jw_end(w);
}

/* An event as agentd read it when it came: the rules of then do not matter,
 * cofferd took it as an order. */
static void
run_orders_one(struct run *r, struct jw *w, const struct json *j,
    const struct json *comments)
{
	const struct project *p = projects_find(r->env->projects, r->project);
	const struct trigger_rules rules = { .pickup = true,
		.label = p == NULL ? NULL : p->label };
	AUTO_FREE char *args = NULL;
	AUTO_STR struct str data = STR_INIT;
	struct watch_event ev;
	struct trigger t;
	struct err e = ERR_INIT;

	if (watch_event_read(j, &ev, &e) == -1) {
		log_warn("run order run=%lld why=%s", (long long)r->id,
		    log_val(e.msg));
		return;
	}
	trigger_decide(&ev, r->env->commands, &rules, &t);
	if (strcmp(ev.kind, run_orders_asked) == 0) {
		t.args = view_trim(view_of(json_str_or(ev.data, "task", "")));
		t.why = "a maintainer's order";
	}
	args = view_dup(t.args);
	run_set_order(r, view_of(args), t.why[0] == '\0' ? ev.kind : t.why,
	    ev.actor, ev.data);
	jw_object(w, NULL);
	jw_str(w, "actor", ev.actor);
	jw_str(w, "why", r->why_asked);
	jw_str(w, "args", args);
	jw_str(w, "kind", ev.kind);
	if (ev.data != NULL) {
		json_print(ev.data, &data);
		jw_raw(w, "data", str_view(&data));
	}
	run_orders_lines(w, comments, ev.seq);
	jw_end(w);
}

static void
run_on_orders(struct run *r, const struct err *fail, const struct json *j)
{
	AUTO_STR struct str text = STR_INIT;
	const struct json *v, *comments = json_get(j, "comments");
	struct err e = ERR_INIT;
	struct jw w;

	FAIL_POINT(orders_known);
	if (fail == NULL) {
		jw_init(&w, &text);
		jw_array(&w, NULL);
		for (v = json_first(json_get(j, "events")); v != NULL;
		     v = json_next(v))
			run_orders_one(r, &w, v, comments);
		jw_end(&w);
		json_free(r->orders);
		r->orders = json_parse(str_view(&text), STR_MAX_DEFAULT, &e);
		if (r->orders == NULL)
			fail = &e;
	}
	run_arrived(r, fail);
}

void
run_orders_ask(struct run *r)
{
	AUTO_FREE char *path = NULL;

	if (!r->asking_orders || r->have < RUN_PREPARING)
		return;
	r->asking_orders = false;
	if (r->over)
		return;
	path = xasprintf("/api/coffer/v1/runs/%lld/orders", (long long)r->id);
	run_ask(r, RUN_Q_ORDERS, "GET", path, NULL, run_on_orders);
}
