/* network: what a project's sandbox reached and was kept from, its rules, and
 * changing them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "server/domain/approval.h"
#include "server/service/svc_network.h"
#include "server/store/net_log.h"
#include "server/store/net_rules.h"
#include "server/web/facts.h"
#include "server/web/sign.h"
#include "server/web/web.h"

enum {
	NETWORK_SEEN = 100 /* rows that are shown, of each kind */
};

#define NETWORK_NAME "Name"
#define NETWORK_TIMES "Times"
#define NETWORK_FIRST "First"
#define NETWORK_LAST "Last"
#define NETWORK_BY "By"
#define NETWORK_WHY "Why"
#define NETWORK_UNTIL "Until"
#define NETWORK_RULE "Rule"

static void
network_form(struct web *w, const struct project *p)
{
	HTML_TAG(&w->h, "form");
	HTML_ATTR(&w->h, "class", "bar");
	HTML_ATTR(&w->h, "method", "post");
	HTML_URL(&w->h, "action", "/%s/%s/network", p->owner, p->name);
	sign_form_value(w);
}

static void
network_hidden(struct web *w, const char *name, const char *value)
{
	HTML_VOID(&w->h, "input");
	HTML_ATTR(&w->h, "type", "hidden");
	HTML_ATTR(&w->h, "name", name);
	HTML_ATTR(&w->h, "value", value);
}

static void
network_button(
    struct web *w, const char *cls, const char *act, const char *text)
{
	HTML_CLASS(&w->h, "button", cls);
	HTML_ATTR(&w->h, "name", "act");
	HTML_ATTR(&w->h, "value", act);
	html_text(&w->h, text);
	html_end(&w->h);
}

/* Somebody's own rule says what is to be with that name. */
static bool
network_is_ruled(const struct net_rule_list *rules, const char *name)
{
	for (size_t i = 0; i < rules->n; i++)
		if (rules->at[i].preset[0] == '\0' &&
		    strcmp(rules->at[i].domain, name) == 0)
			return true;
	return false;
}

static void
network_seen_row(struct web *w, const struct project *p,
    const struct net_seen *s, bool blocked, bool may)
{
	struct html *h = &w->h;

	HTML_TAG(h, "tr");
	web_cell(w, NETWORK_NAME, "name");
	HTML_TAG(h, "code");
	html_shown(h, s->name[0] != '\0' ? s->name : s->address);
	if (s->port != 0)
		html_textf(h, ":%" PRId64, s->port);
	html_end(h);
	html_end(h);
	web_cell(w, NETWORK_TIMES, "");
	html_textf(h, "%" PRId64, s->count);
	html_end(h);
	web_cell(w, NETWORK_FIRST, "");
	web_time(w, s->first);
	html_end(h);
	web_cell(w, NETWORK_LAST, "");
	web_time(w, s->last);
	html_end(h);
	web_cell(w, NETWORK_BY, "");
	html_shown(h, s->process[0] != '\0' ? s->process : "–");
	html_end(h);
	web_cell(w, NETWORK_WHY, "sub");
	html_shown(h, s->reason);
	html_end(h);
	web_cell(w, NETWORK_RULE, "");
	if (may && s->name[0] != '\0') {
		network_form(w, p);
		network_hidden(w, "domain", s->name);
		network_hidden(w, "for_s", "86400");
		network_button(w, "", blocked ? "allow" : "deny",
		    blocked ? "Allow for a day" : "Deny for a day");
		html_end(h);
	}
	html_end(h);
	html_end(h);
}

static void
network_seen(struct web *w, const struct project *p, bool blocked, bool may)
{
	static const char *const columns[] = { NETWORK_NAME, NETWORK_TIMES,
		NETWORK_FIRST, NETWORK_LAST, NETWORK_BY, NETWORK_WHY,
		NETWORK_RULE };
	const struct net_log_ask ask = { .project_id = p->id,
		.blocked = blocked,
		.allowed = !blocked,
		.limit = NETWORK_SEEN };
	struct net_rule_list rules = { .n = 0 };
	struct net_seen_list l = { .n = 0 };
	struct err e = ERR_INIT;

	HTML_CLASS(&w->h, "section", "card flush");
	HTML_LEAF(&w->h, "h2", "", blocked ? "Blocked" : "Let through");
	if (net_log_list(w->t, &ask, &l, &e) == -1 ||
	    net_rules_list(w->t, p->id, w->now, &rules, &e) == -1)
		log_error("web network reason=%s", log_val(e.msg));
	if (l.n == 0)
		HTML_LEAF(&w->h, "p", "empty inset", "Nothing yet.");
	else
		web_table(w, "rows", columns, 7);
	for (size_t i = l.n; i-- > 0;)
		network_seen_row(w, p, &l.at[i], blocked,
		    may && !network_is_ruled(&rules, l.at[i].name));
	if (l.n > 0)
		web_table_end(w);
	net_rule_list_release(&rules);
	net_seen_list_release(&l);
	html_end(&w->h);
}

static void
network_rule_row(
    struct web *w, const struct project *p, const struct net_rule *r, bool may)
{
	AUTO_STR struct str ports = STR_INIT;
	struct html *h = &w->h;
	char id[24];

	(void)snprintf(id, sizeof(id), "%" PRId64, r->id);
	HTML_TAG(h, "tr");
	web_cell(w, NETWORK_NAME, "name");
	web_badge(
	    w, r->list == NET_ALLOW ? "good" : "bad", net_list_name(r->list));
	html_text(h, " ");
	HTML_TAG(h, "code");
	html_shown(h, r->domain);
	net_rule_ports_text(r, &ports);
	if (ports.len > 0)
		html_textf(h, ":%s", str_cstr(&ports));
	html_end(h);
	html_end(h);
	web_cell(w, NETWORK_UNTIL, "");
	if (r->until != 0)
		web_time(w, r->until);
	else
		html_text(h, "for good");
	html_end(h);
	web_cell(w, NETWORK_BY, "");
	html_text(h, r->by);
	if (r->preset[0] != '\0')
		html_textf(h, ", preset %s", r->preset);
	html_end(h);
	web_cell(w, NETWORK_RULE, "");
	if (may && r->preset[0] == '\0') {
		network_form(w, p);
		network_hidden(w, "id", id);
		network_button(w, "", "drop", "Remove");
		html_end(h);
	}
	html_end(h);
	html_end(h);
}

static void
network_new_rule(struct web *w, const struct project *p)
{
	struct html *h = &w->h;

	HTML_CLASS(h, "div", "inset");
	network_form(w, p);
	HTML_TAG(h, "label");
	HTML_ATTR(h, "class", "unseen");
	HTML_ATTR(h, "for", "domain");
	html_text(h, "Domain, like example.org or *.example.org");
	html_end(h);
	HTML_VOID(h, "input");
	HTML_ATTR(h, "id", "domain");
	HTML_ATTR(h, "name", "domain");
	HTML_ATTR(h, "type", "text");
	HTML_ATTR(h, "placeholder", "example.org or *.example.org");
	HTML_ATTR(h, "autocapitalize", "none");
	HTML_ATTR(h, "spellcheck", "false");
	HTML_ATTR(h, "maxlength", "255");
	HTML_FLAG(h, "required");
	web_span_field(w, 0, true);
	network_button(w, "primary", "allow", "Allow");
	network_button(w, "danger", "deny", "Deny");
	html_end(h);
	html_end(h);
}

static void
network_rules(struct web *w, const struct project *p, bool may)
{
	static const char *const columns[] = { NETWORK_NAME, NETWORK_UNTIL,
		NETWORK_BY, NETWORK_RULE };
	struct net_rule_list l = { .n = 0 };
	struct err e = ERR_INIT;

	HTML_CLASS(&w->h, "section", "card flush");
	HTML_LEAF(&w->h, "h2", "", "Rules");
	if (net_rules_list(w->t, p->id, w->now, &l, &e) == -1)
		log_error("web rules reason=%s", log_val(e.msg));
	if (l.n == 0)
		HTML_LEAF(&w->h, "p", "empty inset",
		    "No name is allowed or denied by a rule.");
	else
		web_table(w, "rows", columns, 4);
	for (size_t i = 0; i < l.n; i++)
		network_rule_row(w, p, &l.at[i], may);
	if (l.n > 0)
		web_table_end(w);
	net_rule_list_release(&l);
	if (may)
		network_new_rule(w, p);
	html_end(&w->h);
}

static void
network_head(struct web *w, const struct project *p, bool may)
{
	struct facts f;

	facts_load(w, p, &f);
	web_project_nav(w, p, PART_NETWORK);
	HTML_CLASS(&w->h, "div", "title");
	HTML_TAG(&w->h, "h1");
	HTML_TAG(&w->h, "a");
	HTML_ATTR(&w->h, "class", "sub");
	HTML_URL(&w->h, "href", "/%s/%s", p->owner, p->name);
	html_textf(&w->h, "%s/%s", p->owner, p->name);
	html_end(&w->h);
	html_text(&w->h, " Network");
	html_end(&w->h);
	facts_mode(w, p, &f);
	if (may) {
		network_form(w, p);
		if (f.lockdown)
			network_button(w, "", "unlock", "End lockdown");
		else
			network_button(w, "danger", "lockdown", "Lockdown");
		html_end(&w->h);
	}
	html_end(&w->h);
	facts_release(&f);
}

static void
network_blocked(struct web *w, const struct project *p, bool may)
{
	network_seen(w, p, true, may);
}

static void
network_through(struct web *w, const struct project *p, bool may)
{
	network_seen(w, p, false, may);
}

/* A part of its own for app.js. */
static void
network_live(struct web *w, const struct project *p, bool may,
    void (*fn)(struct web *w, const struct project *p, bool may))
{
	HTML_TAG(&w->h, "div");
	HTML_FLAG(&w->h, "data-live");
	fn(w, p, may);
	html_end(&w->h);
}

static void
network_get(struct call *c)
{
	const struct web_head head = {
		.title = "Network", .tab = "", .live = true
	};
	struct project p;
	struct web w;
	bool may;

	if (web_project(c, PERM_READ, &p) == -1)
		return;
	web_begin(&w, c, &head);
	may = web_may(&w, p.id, PERM_WRITE);
	network_live(&w, &p, may, network_head);
	network_live(&w, &p, may, network_rules);
	network_live(&w, &p, may, network_blocked);
	network_live(&w, &p, may, network_through);
	project_release(&p);
	web_reply(&w, 200);
}

static void
network_done(const struct err *fail, void *op, void *call)
{
	AUTO_STR struct str to = STR_INIT;
	struct call *c = call;

	(void)op;
	if (!web_failed(c, fail)) {
		str_add(&to, "/");
		esc_url(&to, view_of(call_arg(c, 0)));
		str_add(&to, "/");
		esc_url(&to, view_of(call_arg(c, 1)));
		str_add(&to, "/network");
		web_redirect(c, str_cstr(&to));
	}
	call_release(c);
}

static void
network_rule(
    struct call *c, int64_t project, const struct form *f, enum net_list list)
{
	struct net_rule rule = { .list = list };
	struct svc *s = call_app(c);
	struct svc_net_put *op;
	struct err e = ERR_INIT;
	int64_t for_s = 0;

	if (net_rule_set_domain(&rule, view_of(form_get(f, "domain")), &e) ==
		-1 ||
	    num_i64(form_get(f, "for_s"), 0, APPROVAL_SPAN_MAX_MS / 1000,
		&for_s, &e) == -1) {
		web_error(c, 422, e.msg);
		return;
	}
	/* The router is told whole seconds: no rule ends early. */
	if (for_s > 0)
		rule.until = (s->now() / 1000 + 1 + for_s) * 1000;
	op = svc_net_put_new(s, call_who(c));
	op->project_id = project;
	op->rule = rule;
	op->spare = true;
	call_hold(c);
	svc_net_put(op, network_done, c);
}

static void
network_allow(struct call *c, int64_t project, const struct form *f)
{
	network_rule(c, project, f, NET_ALLOW);
}

static void
network_deny(struct call *c, int64_t project, const struct form *f)
{
	network_rule(c, project, f, NET_DENY);
}

static void
network_drop(struct call *c, int64_t project, const struct form *f)
{
	struct svc_net_drop *op;
	struct err e = ERR_INIT;
	int64_t id = 0;

	if (num_i64(form_get(f, "id"), 1, INT64_MAX, &id, &e) == -1) {
		web_error(c, 422, e.msg);
		return;
	}
	op = svc_net_drop_new(call_app(c), call_who(c));
	op->project_id = project;
	op->id = id;
	call_hold(c);
	svc_net_drop(op, network_done, c);
}

static void
network_lock(struct call *c, int64_t project, bool lockdown)
{
	struct svc_net_bounds *op = svc_net_bounds_new(
	    call_app(c), call_who(c));

	op->project_id = project;
	op->set_lockdown = true;
	op->lockdown = lockdown;
	op->upload_max = -1;
	call_hold(c);
	svc_net_bounds(op, network_done, c);
}

static void
network_lockdown(struct call *c, int64_t project, const struct form *f)
{
	(void)f;
	network_lock(c, project, true);
}

static void
network_unlock(struct call *c, int64_t project, const struct form *f)
{
	(void)f;
	network_lock(c, project, false);
}

static const struct network_act {
	const char *name; /* NULL ends */
	void (*fn)(struct call *c, int64_t project, const struct form *f);
} network_acts[] = {
	{ "allow", network_allow },
	{ "deny", network_deny },
	{ "drop", network_drop },
	{ "lockdown", network_lockdown },
	{ "unlock", network_unlock },
	{ NULL, NULL },
};

static void
network_on_form(struct call *c)
{
	const struct network_act *a = network_acts;
	struct project p;
	struct form f;

	if (web_form(c, &f) == -1)
		return;
	while (a->name != NULL && strcmp(a->name, form_get(&f, "act")) != 0)
		a++;
	if (a->name == NULL) {
		web_error(c, 422, "There is no such button.");
	} else if (web_project(c, PERM_WRITE, &p) == 0) {
		a->fn(c, p.id, &f);
		project_release(&p);
	}
	form_release(&f);
}

static void
network_post(struct call *c)
{
	web_take_form(c, network_on_form);
}

const struct route web_network_routes[] = {
	{ "GET", "/{owner}/{r}/network", ROUTE_PAGE, network_get },
	{ "POST", "/{owner}/{r}/network", ROUTE_PAGE, network_post },
	{ .method = NULL },
};
