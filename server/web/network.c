/* network: what a project's sandbox may reach, what it reached and what it was
 * kept from. */
#include "server/web/network.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "server/domain/net_seen.h"
#include "server/service/svc_network.h"
#include "server/store/net_log.h"
#include "server/store/net_rules.h"
#include "server/web/facts.h"
#include "server/web/field.h"
#include "server/web/post.h"
#include "server/web/settings.h"
#include "server/web/web.h"

enum {
	NETWORK_SEEN = 100, /* rows that are shown, of each kind */
	NETWORK_PART_MAX = 100
};

/* What the parts of the page know. */
struct network {
	const struct project *p;
	bool may;
	const char *part; /* of a name that is looked for, "" */
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
network_form(
    struct web *w, const struct project *p, const char *cls, const char *name)
{
	post_project_form(w, p, cls, "network", name);
}

static void
network_button(
    struct web *w, const char *cls, const char *act, const char *text)
{
	field_button(w, cls, "act", act, text);
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

/* n tells the rows of the page apart. */
static void
network_seen_forms(struct web *w, const struct project *p,
    const struct net_seen *s, bool blocked, size_t n)
{
	char name[40];

	(void)snprintf(
	    name, sizeof(name), "%s-%zu", blocked ? "blocked" : "through", n);
	network_form(w, p, "", name);
	field_hidden(w, "domain", s->name);
	web_span_field(w, (int64_t)n * 2 + (blocked ? 1 : 2), false);
	network_button(
	    w, "", blocked ? "allow" : "deny", blocked ? "Allow" : "Deny");
	post_form_end(w);
}

static void
network_seen_row(struct web *w, const struct project *p,
    const struct net_seen *s, bool blocked, bool may, size_t n)
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
	if (may && s->name[0] != '\0')
		network_seen_forms(w, p, s, blocked, n);
	html_end(h);
	html_end(h);
}

static bool
network_is_found(const struct net_seen *s, const char *part)
{
	return part[0] == '\0' || strcasestr(s->name, part) != NULL ||
	    strcasestr(s->address, part) != NULL ||
	    strcasestr(s->process, part) != NULL;
}

/* The newest first, those that are found. */
static size_t
network_seen_rows(struct web *w, const struct network *n,
    const struct net_seen_list *l, const struct net_rule_list *rules,
    bool blocked)
{
	static const char *const columns[] = { NETWORK_NAME, NETWORK_TIMES,
		NETWORK_FIRST, NETWORK_LAST, NETWORK_BY, NETWORK_WHY,
		NETWORK_RULE };
	size_t shown = 0;

	for (size_t i = l->n; i-- > 0 && shown < NETWORK_SEEN;) {
		const struct net_seen *s = &l->at[i];

		if (!network_is_found(s, n->part))
			continue;
		if (shown++ == 0)
			web_table(w, "rows", columns, 7);
		network_seen_row(w, n->p, s, blocked,
		    n->may && !network_is_ruled(rules, s->name), shown);
	}
	if (shown > 0)
		web_table_end(w);
	return shown;
}

static void
network_seen(struct web *w, const struct network *n, bool blocked)
{
	const struct net_log_ask ask = { .project_id = n->p->id,
		.blocked = blocked,
		.allowed = !blocked,
		.limit = n->part[0] != '\0' ? NET_SEEN_KEEP : NETWORK_SEEN };
	struct net_rule_list rules = { .n = 0 };
	struct net_seen_list l = { .n = 0 };
	struct err e = ERR_INIT;

	HTML_CLASS(&w->h, "section", "card flush");
	HTML_LEAF(&w->h, "h2", "", blocked ? "Blocked" : "Let through");
	if (net_log_list(w->t, &ask, &l, &e) == -1 ||
	    net_rules_list(w->t, n->p->id, w->now, &rules, &e) == -1)
		log_error("web network reason=%s", log_val(e.msg));
	if (network_seen_rows(w, n, &l, &rules, blocked) == 0)
		HTML_LEAF(&w->h, "p", "empty inset",
		    n->part[0] != '\0' ? "Nothing that is called so."
			: blocked      ? "Nothing yet. What a rule or the mode "
					 "holds back comes here."
				       : "Nothing yet.");
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
	char id[24], name[40];

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
		(void)snprintf(name, sizeof(name), "rule-%s", id);
		network_form(w, p, "", name);
		field_hidden(w, "id", id);
		network_button(w, "", "drop", "Remove");
		post_form_end(w);
	}
	html_end(h);
	html_end(h);
}

static void
network_new_rule(struct web *w, const struct project *p)
{
	const struct field domain = { .name = "domain",
		.label = "Domain, like example.org or *.example.org",
		.max = 255,
		.required = true,
		.unseen = true };
	const struct field force = { .name = "force",
		.label = "Even if it lets more out than it looks like" };

	HTML_CLASS(&w->h, "div", "inset");
	network_form(w, p, "bar", "new");
	field_hint(w, &domain, "", "example.org or *.example.org");
	web_span_field(w, 0, true);
	network_button(w, "primary", "allow", "Allow");
	network_button(w, "danger", "deny", "Deny");
	field_tick(w, &force, false);
	post_form_end(w);
	html_end(&w->h);
}

static bool
network_has_preset(const struct net_rule_list *rules, const char *name)
{
	for (size_t i = 0; i < rules->n; i++)
		if (strcmp(rules->at[i].preset, name) == 0)
			return true;
	return false;
}

static void
network_preset_used(struct web *w, const struct network *n, const char *name)
{
	char of[NET_PRESET_LEN_MAX + 10];

	(void)snprintf(of, sizeof(of), "preset-%s", name);
	if (!n->may) {
		web_badge(w, "good", name);
		return;
	}
	network_form(w, n->p, "row", of);
	web_badge(w, "good", name);
	field_hidden(w, "preset", name);
	network_button(w, "quiet", "unpreset", "Remove");
	post_form_end(w);
}

/* Those that are in use, and the others to choose from. */
static void
network_presets(
    struct web *w, const struct network *n, const struct net_rule_list *rules)
{
	const struct field preset = {
		.name = "preset", .label = "Preset", .unseen = true
	};
	char *names[SVC_NET_PRESETS_MAX];
	size_t count = svc_net_preset_names(w->svc, names), left = 0;
	struct html *h = &w->h;

	HTML_CLASS(h, "section", "card");
	HTML_LEAF(h, "h2", "", "Presets");
	HTML_LEAF(h, "p", "hint",
	    "Lists of names that belong together: what a language's packages "
	    "or an agent need.");
	HTML_CLASS(h, "div", "row");
	for (size_t i = 0; i < count; i++) {
		if (!network_has_preset(rules, names[i]))
			continue;
		network_preset_used(w, n, names[i]);
		left++;
	}
	if (left == 0)
		HTML_LEAF(h, "span", "none", "None is in use.");
	html_end(h);
	if (n->may && left < count) {
		network_form(w, n->p, "bar", "preset");
		field_select(w, &preset);
		for (size_t i = 0; i < count; i++)
			if (!network_has_preset(rules, names[i]))
				field_option(w, names[i], names[i], false);
		html_end(h);
		network_button(w, "", "preset", "Use it");
		post_form_end(w);
	}
	html_end(h);
	for (size_t i = 0; i < count; i++)
		free(names[i]);
}

static void
network_rules(struct web *w, const struct network *n)
{
	static const char *const columns[] = { NETWORK_NAME, NETWORK_UNTIL,
		NETWORK_BY, NETWORK_RULE };
	struct net_rule_list l = { .n = 0 };
	struct err e = ERR_INIT;

	HTML_CLASS(&w->h, "section", "card flush");
	HTML_LEAF(&w->h, "h2", "", "Rules");
	if (net_rules_list(w->t, n->p->id, w->now, &l, &e) == -1)
		log_error("web rules reason=%s", log_val(e.msg));
	if (l.n == 0)
		HTML_LEAF(&w->h, "p", "empty inset",
		    "No name is allowed or denied by a rule.");
	else
		web_table(w, "rows", columns, 4);
	for (size_t i = 0; i < l.n; i++)
		network_rule_row(w, n->p, &l.at[i], n->may);
	if (l.n > 0)
		web_table_end(w);
	if (n->may)
		network_new_rule(w, n->p);
	html_end(&w->h);
	network_presets(w, n, &l);
	net_rule_list_release(&l);
}

static void
network_mode(struct web *w, const struct network *n, bool lockdown)
{
	const char *now = network_name(n->p->settings.network);
	const struct field mode = { .name = "network", .label = "Mode" };
	const struct settings_word *x = settings_networks;

	while (x->word != NULL && strcmp(x->word, now) != 0)
		x++;
	HTML_CLASS(&w->h, "section", "card");
	HTML_LEAF(&w->h, "h2", "", "How far it reaches");
	if (lockdown)
		HTML_LEAF(&w->h, "p", "alert",
		    "Lockdown: nothing but this server, whatever is said "
		    "below, until it is ended.");
	HTML_TAG(&w->h, "p");
	html_text(&w->h, x->word != NULL ? x->text : now);
	html_text(&w->h,
	    ". Addresses of this host and of private networks "
	    "are reached in none of the modes.");
	html_end(&w->h);
	if (n->may) {
		network_form(w, n->p, "bar", "mode");
		field_select(w, &mode);
		for (x = settings_networks; x->word != NULL; x++)
			field_option(
			    w, x->word, x->text, strcmp(x->word, now) == 0);
		html_end(&w->h);
		network_button(w, "", "mode", "Change");
		post_form_end(w);
	}
	html_end(&w->h);
}

static void
network_head(struct web *w, const struct network *n)
{
	const struct project *p = n->p;
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
	if (n->may) {
		network_form(w, p, "", "lockdown");
		if (f.lockdown)
			network_button(w, "", "unlock", "End lockdown");
		else
			network_button(w, "danger", "lockdown", "Lockdown");
		post_form_end(w);
	}
	html_end(&w->h);
	network_mode(w, n, f.lockdown);
	facts_release(&f);
}

static void
network_blocked(struct web *w, const struct network *n)
{
	network_seen(w, n, true);
}

static void
network_through(struct web *w, const struct network *n)
{
	network_seen(w, n, false);
}

/* A name among what was seen, and all of it as a file. */
static void
network_find(struct web *w, const struct network *n)
{
	const struct field part = { .name = "name",
		.label = "Part of a name, an address or a process",
		.max = NETWORK_PART_MAX,
		.unseen = true };

	HTML_CLASS(&w->h, "form", "bar find");
	HTML_ATTR(&w->h, "method", "get");
	HTML_URL(&w->h, "action", "/%s/%s/network", n->p->owner, n->p->name);
	HTML_ATTR(&w->h, "role", "search");
	field_hint(w, &part, n->part, "Name, address or process");
	field_button(w, "", NULL, NULL, "Find");
	HTML_TAG(&w->h, "a");
	HTML_URL(
	    &w->h, "href", "/%s/%s/network/log.csv", n->p->owner, n->p->name);
	HTML_ATTR(&w->h, "download", "");
	html_text(&w->h, "All as a table (CSV)");
	html_end(&w->h);
	html_end(&w->h);
}

/* A part of its own for app.js. */
static void
network_live(struct web *w, const struct network *n,
    void (*fn)(struct web *w, const struct network *n))
{
	HTML_TAG(&w->h, "div");
	HTML_FLAG(&w->h, "data-live");
	fn(w, n);
	html_end(&w->h);
}

void
network_get(struct call *c)
{
	const struct web_head head = {
		.title = "Network", .tab = "", .live = true
	};
	struct network n = { .part = svc_text(call_query(c, "name")) };
	struct project p;
	struct web w;

	if (strlen(n.part) > NETWORK_PART_MAX) {
		web_error(c, 422, "What is looked for is too long.");
		return;
	}
	if (web_project(c, PERM_READ, &p) == -1)
		return;
	web_begin(&w, c, &head);
	n.p = &p;
	n.may = web_may(&w, p.id, PERM_WRITE);
	network_live(&w, &n, network_head);
	network_live(&w, &n, network_rules);
	network_find(&w, &n);
	network_live(&w, &n, network_blocked);
	network_live(&w, &n, network_through);
	project_release(&p);
	web_reply(&w, 200);
}

const struct route web_network_routes[] = {
	{ "GET", "/{owner}/{r}/network", ROUTE_PAGE, network_get },
	{ .method = NULL },
};
