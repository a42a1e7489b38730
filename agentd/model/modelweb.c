#include "agentd/model/modelweb.h"

#include <stdlib.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/io/timer.h"
#include "lib/net/ctl.h"
#include "lib/wire/json.h"

enum {
	MODELWEB_RETRY_MS = 1000
};

struct modelweb_order {
	LIST_ENTRY(modelweb_order) link;
	struct modelweb *all;
	int64_t project;
	bool web;
	bool busy;  /* the gateway is being told */
	bool other; /* meanwhile it was said anew */
};

struct modelweb {
	struct ctl *ctl;
	int64_t away_ms;
	struct timer *timer;
	LIST_HEAD(, modelweb_order) orders; /* those it does not know yet */
};

static void modelweb_send(struct modelweb_order *o);

static void
modelweb_drop(struct modelweb_order *o)
{
	LIST_REMOVE(o, link);
	free(o);
}

static void
modelweb_on_told(const struct json *reply, const struct err *fail, void *arg)
{
	struct modelweb_order *o = arg;

	(void)reply;
	o->busy = false;
	if (fail != NULL)
		log_warn("model web project=%lld why=%s", (long long)o->project,
		    log_val(fail->msg));
	if (fail != NULL && fail->code != ERR_DENIED)
		timer_set(o->all->timer, MODELWEB_RETRY_MS);
	else if (o->other)
		modelweb_send(o);
	else
		modelweb_drop(o);
}

static void
modelweb_send(struct modelweb_order *o)
{
	struct str out;
	struct jw w;

	o->busy = true;
	o->other = false;
	ctl_open(&w, &out, "web");
	jw_i64(&w, "project", o->project);
	jw_bool(&w, "web", o->web);
	jw_end(&w);
	ctl_send_for(o->all->ctl, o->all->away_ms, &out, modelweb_on_told, o);
}

static void
modelweb_on_timer(void *arg)
{
	struct modelweb *m = arg;
	struct modelweb_order *o;

	LIST_FOREACH(o, &m->orders, link) {
		if (!o->busy)
			modelweb_send(o);
	}
}

struct modelweb *
modelweb_new(struct loop *l, struct ctl *ctl, int64_t away_ms)
{
	struct modelweb *m = xcalloc(1, sizeof(*m));

	m->ctl = ctl;
	m->away_ms = away_ms;
	m->timer = timer_new(l, modelweb_on_timer, m);
	LIST_INIT(&m->orders);
	return m;
}

void
modelweb_free(struct modelweb *m)
{
	struct modelweb_order *o;

	if (m == NULL)
		return;
	while ((o = LIST_FIRST(&m->orders)) != NULL) {
		ctl_forget(m->ctl, o);
		modelweb_drop(o);
	}
	timer_free(m->timer);
	free(m);
}

void
modelweb_set(struct modelweb *m, int64_t project, bool web)
{
	struct modelweb_order *o;

	LIST_FOREACH(o, &m->orders, link) {
		if (o->project == project)
			break;
	}
	if (o == NULL) {
		o = xcalloc(1, sizeof(*o));
		o->all = m;
		o->project = project;
		LIST_INSERT_HEAD(&m->orders, o, link);
	}
	o->other = o->busy;
	o->web = web;
	if (!o->busy)
		modelweb_send(o);
}
