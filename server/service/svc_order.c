#include "server/service/svc_order.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/service/svc_comment.h"
#include "server/service/svc_item.h"
#include "server/store/events.h"
#include "server/store/issues.h"
#include "server/store/labels.h"
#include "server/store/pulls.h"
#include "server/store/reactions.h"
#include "server/store/runs.h"
#include "server/store/users.h"
#include "server/store/words_target.h"

enum {
	SVC_ORDER_DAY_MS = 86400 * 1000
};

/* On the comment that orders, else on the item. */
static int
svc_order_see(struct txn *t, const struct svc_op *by, const struct event *v,
    struct err *e)
{
	struct err ignored = ERR_INIT;
	struct json *data = json_parse(view_of(svc_text(v->data)), 0, &ignored);
	struct reaction_new n = { .on = { .project_id = v->project_id,
				      .item = v->item },
		.account_id = by->who.user_id,
		.content = "eyes",
		.now = by->now };
	struct words_state state;
	bool added;

	if (strcmp(v->kind, "comment.created") == 0)
		n.on.comment_id = json_i64_or(data, "comment", 0);
	json_free(data);
	if (words_target_get(t, &n.on, &state, &ignored) == -1)
		return ignored.code == ERR_NOTFOUND
		    ? 0
		    : err_set(e, ignored.code, "%s", ignored.msg);
	/* What has all that it can have is seen well enough. */
	if (reactions_add(t, &n, &added, e) == -1 && e->code != ERR_INVALID)
		return -1;
	*e = ERR_INIT;
	return 0;
}

static int
svc_order_is_bot(struct txn *t, const struct event *v, bool *bot, struct err *e)
{
	struct user u = { .id = 0 };

	*bot = false;
	if (users_by_id(t, v->actor.id, &u, e) == -1) {
		if (e->code != ERR_NOTFOUND)
			return -1;
		*e = ERR_INIT;
		return 0;
	}
	*bot = u.bot;
	return 0;
}

int
svc_order_ceiling(struct txn *t, const struct project *p, int64_t item,
    int64_t now, enum run_verdict *out, struct err *e)
{
	const struct project_settings *s = &p->settings;
	int64_t since = now - SVC_ORDER_DAY_MS, of_item = 0, of_day = 0;

	if ((item != 0 &&
		runs_count(t, p->id, item, since, &of_item, e) == -1) ||
	    runs_count(t, p->id, 0, since, &of_day, e) == -1)
		return -1;
	*out = of_item >= s->max_item_runs ? RUN_NO_ITEM
	    : of_day >= s->max_day_runs    ? RUN_NO_DAY
					   : RUN_TAKEN;
	return 0;
}

/* A person gave an order: what the agent gave up it takes up again. */
static int
svc_order_person(struct txn *t, const struct svc_op *by, const struct event *v,
    bool run, struct run_order *o, struct err *e)
{
	bool bot;

	if (svc_order_is_bot(t, v, &bot, e) == -1)
		return -1;
	if (bot) {
		o->human = false;
		o->verdict = RUN_NO_BOT;
		return 0;
	}
	if (svc_order_see(t, by, v, e) == -1)
		return -1;
	if (!run)
		return 0;
	if (svc_order_mark(t, by, o->project_id, o->item, false, e) == -1)
		return -1;
	return runs_set_due(t, o->project_id, o->item, e);
}

int
svc_order_begin(struct txn *t, const struct svc_op *by, const struct project *p,
    bool run, struct run_order *o, struct err *e)
{
	struct event v = { .seq = 0 };
	int64_t wakes = 0;
	int rc = 0;

	if (events_get(t, o->event, &v, e) == -1)
		return e->code == ERR_NOTFOUND
		    ? err_set(e, ERR_INVALID, "event: no such event")
		    : -1;
	o->human = run_rule_is_human(v.kind);
	o->verdict = RUN_TAKEN;
	if (o->human)
		rc = svc_order_person(t, by, &v, run, o, e);
	else
		rc = run_orders_wakes(t, p->id, o->item, &wakes, e);
	event_release(&v);
	if (rc == -1)
		return -1;
	if (o->verdict == RUN_TAKEN && !o->human &&
	    wakes >= p->settings.max_wakes)
		o->verdict = RUN_NO_WAKES;
	return run && o->verdict == RUN_TAKEN
	    ? svc_order_ceiling(t, p, o->item, by->now, &o->verdict, e)
	    : 0;
}

static void
svc_order_why_not(
    const struct project *p, const struct run_order *o, struct str *out)
{
	const struct project_settings *s = &p->settings;

	if (o->verdict == RUN_NO_WAKES)
		str_addf(out,
		    "I do not go on by myself: since a person last gave an "
		    "order here, failed checks and conflicts started me "
		    "%" PRId64 " times, which is what `max_wakes` allows. Any "
		    "order starts me again, `/retry` too.",
		    s->max_wakes);
	else if (o->verdict == RUN_NO_ITEM)
		str_addf(out,
		    "No run was started: there were %" PRId64 " on this item "
		    "within 24 hours, which is what `max_item_runs` allows. "
		    "Order again later, or have it raised.",
		    s->max_item_runs);
	else
		str_addf(out,
		    "No run was started: there were %" PRId64 " in this "
		    "project within 24 hours, which is what `max_day_runs` "
		    "allows. Order again later, or have it raised.",
		    s->max_day_runs);
}

/* A person is always answered; what the server does is told once in a row. */
static int
svc_order_was_said(
    struct txn *t, const struct run_order *o, bool *said, struct err *e)
{
	struct run_order last;

	*said = false;
	if (o->human)
		return 0;
	if (run_orders_newest(t, o->project_id, o->item, &last, e) == 0) {
		*said = last.verdict == o->verdict;
		return 0;
	}
	if (e->code != ERR_NOTFOUND)
		return -1;
	*e = ERR_INIT;
	return 0;
}

int
svc_order_refuse(struct txn *t, const struct svc_op *by,
    const struct project *p, struct run_order *o, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;
	struct svc_comment_row r = { .project_id = p->id, .item = o->item };
	bool said;
	int64_t id;

	/* It is no order: what it refuses to hear resets nothing. */
	if (svc_order_was_said(t, o, &said, e) == -1 ||
	    run_orders_add(t, o, e) == -1)
		return -1;
	if (o->verdict == RUN_NO_BOT || o->item == 0 || said)
		return 0;
	svc_order_why_not(p, o, &text);
	r.body = str_cstr(&text);
	if (svc_comment_insert(t, &by->who, by->now, &r, &id, e) == -1)
		return -1;
	return o->human ? 0 : svc_order_mark(t, by, p->id, o->item, true, e);
}

int
svc_order_join(struct txn *t, const struct svc_op *by,
    const struct svc_run_make *m, struct run *out, bool *joined, struct err *e)
{
	*joined = false;
	if (m->item == 0)
		return 0;
	if (runs_newest(t, m->project->id, m->item, out, e) == -1) {
		if (e->code != ERR_NOTFOUND)
			return -1;
		*e = ERR_INIT;
		return 0;
	}
	*joined = out->state == RUN_QUEUED && !out->cancel &&
	    out->access == m->access && strcmp(out->command, m->command) == 0;
	if (!*joined) {
		run_release(out);
		*out = (struct run){ .id = 0 };
		return 0;
	}
	return svc_run_event(t, &by->who, by->now, "run.updated", out, e);
}

static bool
svc_order_of_head(const struct event *v, const struct pull *p)
{
	struct err ignored = ERR_INIT;
	struct json *j = json_parse(view_of(svc_text(v->data)), 0, &ignored);
	const char *sha = json_str_or(j, "sha", json_str_or(j, "head_sha", ""));
	bool same = p->issue.state == ISSUE_OPEN &&
	    strcmp(sha, p->head_sha) == 0;

	json_free(j);
	return same;
}

int
svc_order_is_stale(
    struct txn *t, const struct run *r, bool *stale, struct err *e)
{
	struct pull p = { .run_id = 0 };
	struct event_list list;

	*stale = false;
	if (!r->is_pull || r->item == 0)
		return 0;
	if (run_orders_events(t, r->id, &list, e) == -1)
		return -1;
	if (pulls_get(t, r->project_id, r->item, &p, e) == -1) {
		event_list_release(&list);
		return -1;
	}
	*stale = list.n > 0;
	for (size_t i = 0; i < list.n; i++)
		*stale = *stale && !run_rule_is_human(list.at[i].kind) &&
		    !svc_order_of_head(&list.at[i], &p);
	pull_release(&p);
	event_list_release(&list);
	return 0;
}

static int
svc_order_label(
    struct txn *t, int64_t project_id, bool make, int64_t *id, struct err *e)
{
	char name[] = SVC_ORDER_LABEL,
	     text[] = "No run starts by itself here "
		      "until a person gives an order";
	struct label l = { .project_id = project_id,
		.name = name,
		.description = text,
		.color = "d93f0b" };
	struct label has = { .id = 0 };

	*id = 0;
	if (labels_by_name(t, project_id, name, &has, e) == 0) {
		*id = has.id;
		label_release(&has);
		return 0;
	}
	if (e->code != ERR_NOTFOUND)
		return -1;
	*e = ERR_INIT;
	return make ? labels_insert(t, &l, id, e) : 0;
}

static bool
svc_order_has(const struct issue *i, int64_t label)
{
	for (size_t k = 0; k < i->labels.n; k++)
		if (i->labels.at[k].id == label)
			return true;
	return false;
}

int
svc_order_mark(struct txn *t, const struct svc_op *by, int64_t project_id,
    int64_t item, bool on, struct err *e)
{
	struct issue i = { .id = 0 };
	int64_t label = 0;
	int rc = 0;

	if (item == 0)
		return 0;
	if (svc_order_label(t, project_id, on, &label, e) == -1 ||
	    (label != 0 && issues_get(t, project_id, item, &i, e) == -1)) {
		if (e->code != ERR_LIMIT && e->code != ERR_NOTFOUND)
			return -1;
		*e = ERR_INIT;
		return 0;
	}
	if (label != 0 && svc_order_has(&i, label) != on)
		rc = svc_item_labels(t, by, &i, &label, 1,
		    on ? SVC_LABELS_ADD : SVC_LABELS_REMOVE, e);
	issue_release(&i);
	if (rc == -1 && e->code == ERR_INVALID) {
		*e = ERR_INIT;
		rc = 0;
	}
	return rc;
}
