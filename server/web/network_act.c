/* network_act: what is changed of a project's network by a form. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/num.h"
#include "server/domain/approval.h"
#include "server/service/svc_network.h"
#include "server/service/svc_project.h"
#include "server/web/network.h"
#include "server/web/post.h"
#include "server/web/web.h"

static void
network_done(const struct err *fail, void *op, void *call)
{
	(void)op;
	post_done(fail, call, network_get, "network");
}

static void
network_rule(struct call *c, const struct project *p, const struct form *f,
    enum net_list list)
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
		post_refused(c, network_get, 422, e.msg);
		return;
	}
	/* The router is told whole seconds: no rule ends early. */
	if (for_s > 0)
		rule.until = (s->now() / 1000 + 1 + for_s) * 1000;
	op = svc_net_put_new(s, call_who(c));
	op->project_id = p->id;
	op->rule = rule;
	op->spare = true;
	op->force = form_find(f, "force") != NULL;
	call_hold(c);
	svc_net_put(op, network_done, c);
}

static void
network_allow(struct call *c, const struct project *p, const struct form *f)
{
	network_rule(c, p, f, NET_ALLOW);
}

static void
network_deny(struct call *c, const struct project *p, const struct form *f)
{
	network_rule(c, p, f, NET_DENY);
}

static void
network_drop(struct call *c, const struct project *p, const struct form *f)
{
	struct svc_net_drop *op;
	struct err e = ERR_INIT;
	int64_t id = 0;

	if (num_i64(form_get(f, "id"), 1, INT64_MAX, &id, &e) == -1) {
		post_refused(c, network_get, 422, e.msg);
		return;
	}
	op = svc_net_drop_new(call_app(c), call_who(c));
	op->project_id = p->id;
	op->id = id;
	call_hold(c);
	svc_net_drop(op, network_done, c);
}

static void
network_lock(struct call *c, const struct project *p, bool lockdown)
{
	struct svc_net_bounds *op = svc_net_bounds_new(
	    call_app(c), call_who(c));

	op->project_id = p->id;
	op->set_lockdown = true;
	op->lockdown = lockdown;
	op->upload_max = -1;
	call_hold(c);
	svc_net_bounds(op, network_done, c);
}

static void
network_lockdown(struct call *c, const struct project *p, const struct form *f)
{
	(void)f;
	network_lock(c, p, true);
}

static void
network_unlock(struct call *c, const struct project *p, const struct form *f)
{
	(void)f;
	network_lock(c, p, false);
}

static void
network_set_mode(struct call *c, const struct project *p, const struct form *f)
{
	int mode = network_parse(form_get(f, "network"));
	struct svc_project_edit *op;

	if (mode <= 0) {
		post_refused(
		    c, network_get, 422, "There is no such network mode.");
		return;
	}
	op = svc_project_edit_new(call_app(c), call_who(c));
	op->project_id = p->id;
	op->set_settings = true;
	project_settings_copy(&op->settings, &p->settings);
	op->settings.network = (enum network_mode)mode;
	call_hold(c);
	svc_project_edit(op, network_done, c);
}

static void
network_put_preset(
    struct call *c, const struct project *p, const struct form *f, bool remove)
{
	const char *name = form_get(f, "preset");
	struct svc_net_preset *op;

	if (!net_preset_name_ok(name)) {
		post_refused(c, network_get, 422, "There is no such preset.");
		return;
	}
	op = svc_net_preset_new(call_app(c), call_who(c));
	op->project_id = p->id;
	op->remove = remove;
	(void)snprintf(op->name, sizeof(op->name), "%s", name);
	call_hold(c);
	svc_net_preset(op, network_done, c);
}

static void
network_preset(struct call *c, const struct project *p, const struct form *f)
{
	network_put_preset(c, p, f, false);
}

static void
network_unpreset(struct call *c, const struct project *p, const struct form *f)
{
	network_put_preset(c, p, f, true);
}

static const struct network_act {
	const char *name; /* NULL ends */
	post_fn *fn;
} network_acts[] = {
	{ "allow", network_allow },
	{ "deny", network_deny },
	{ "drop", network_drop },
	{ "lockdown", network_lockdown },
	{ "unlock", network_unlock },
	{ "mode", network_set_mode },
	{ "preset", network_preset },
	{ "unpreset", network_unpreset },
	{ NULL, NULL },
};

static void
network_act(struct call *c, const struct project *p, const struct form *f)
{
	const struct network_act *a = network_acts;

	while (a->name != NULL && strcmp(a->name, form_get(f, "act")) != 0)
		a++;
	if (a->name == NULL)
		web_error(c, 422, "There is no such button.");
	else
		a->fn(c, p, f);
}

static void
network_on_form(struct call *c)
{
	post_project(c, PERM_WRITE, network_act);
}

static void
network_post(struct call *c)
{
	web_take_form(c, network_on_form);
}

const struct route web_network_act_routes[] = {
	{ "POST", "/{owner}/{r}/network", ROUTE_PAGE, network_post },
	{ .method = NULL },
};
