/* api_network: what a project's sandbox may reach. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"
#include "server/api/api.h"
#include "server/api/shape.h"
#include "server/service/svc_network.h"
#include "server/store/net_rules.h"

enum {
	API_NET_FOR_MAX_S = 365 * 24 * 3600
};

static void
api_network_rules(
    struct shape *s, const char *key, const struct net_rule_list *l, int list)
{
	jw_array(&s->w, key);
	for (size_t i = 0; i < l->n; i++)
		if ((int)l->at[i].list == list)
			shape_net_rule(s, &l->at[i], true);
	jw_end(&s->w);
}

static void
api_network_presets(struct shape *s, const struct net_rule_list *l)
{
	jw_array(&s->w, "presets");
	for (size_t i = 0; i < l->n; i++) {
		bool known = l->at[i].preset[0] == '\0';

		for (size_t k = 0; k < i && !known; k++)
			known = strcmp(l->at[k].preset, l->at[i].preset) == 0;
		if (!known)
			jw_str(&s->w, NULL, l->at[i].preset);
	}
	jw_end(&s->w);
}

static void
api_network_reply(struct call *c, int64_t project, int status)
{
	struct net_rule_list rules = { .n = 0 };
	struct net_bounds bounds;
	struct project p = { .id = 0 };
	struct err e = ERR_INIT;
	struct shape s;

	if (svc_project_by_id(
		api_reader(c), call_who(c), project, PERM_READ, &p, &e) == -1 ||
	    net_bounds_get(api_reader(c), project, &bounds, &e) == -1 ||
	    net_rules_list(
		api_reader(c), project, api_svc(c)->now(), &rules, &e) == -1) {
		call_fail(c, &e);
		project_release(&p);
		return;
	}
	shape_init(&s, c, NULL);
	jw_object(&s.w, NULL);
	jw_str(&s.w, "mode", network_name(p.settings.network));
	jw_bool(&s.w, "lockdown", bounds.lockdown);
	jw_i64(&s.w, "upload_max", bounds.upload_max);
	api_network_presets(&s, &rules);
	api_network_rules(&s, "allow", &rules, NET_ALLOW);
	api_network_rules(&s, "deny", &rules, NET_DENY);
	jw_end(&s.w);
	shape_reply(&s, c, status);
	net_rule_list_release(&rules);
	project_release(&p);
}

static void
api_network_get(struct call *c)
{
	int64_t project = api_project_id(c, PERM_READ);

	if (project != 0)
		api_network_reply(c, project, 200);
}

static void
api_network_bounded(const struct err *fail, void *arg, void *call)
{
	const struct svc_net_bounds *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail))
		api_network_reply(c, op->project_id, 200);
	call_release(c);
}

static void
api_network_on_patch(struct call *c, const struct json *j)
{
	int64_t project = api_project_id(c, PERM_WRITE), upload = -1;
	const struct json *lock = json_get(j, "lockdown");
	struct svc_net_bounds *op;
	bool lockdown = false;

	if (project == 0 || api_bool(c, j, "lockdown", &lockdown) == -1 ||
	    api_i64(c, j, "upload_max", 0, INT64_MAX, &upload) == -1)
		return;
	op = svc_net_bounds_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->set_lockdown = lock != NULL && !json_is_null(lock);
	op->lockdown = lockdown;
	op->upload_max = upload;
	call_hold(c);
	svc_net_bounds(op, api_network_bounded, c);
}

static void
api_network_patch(struct call *c)
{
	call_take_json(c, api_network_on_patch);
}

static int
api_network_ports(struct call *c, const struct json *j, struct net_rule *r)
{
	const struct json *ports = json_get(j, "ports");
	struct err e = ERR_INIT;

	if (ports == NULL || json_is_null(ports))
		return 0;
	if (!json_is_array(ports) || r->list == NET_DENY) {
		call_reply_error(c, 422,
		    r->list == NET_DENY ? "ports: a name is denied on all ports"
					: "ports: want a list of numbers");
		return -1;
	}
	for (const struct json *m = json_first(ports); m != NULL;
	     m = json_next(m)) {
		if (net_rule_add_port(r, json_integer(m, 0), &e) == -1) {
			call_reply_error(c, 422, "ports: %s", e.msg);
			return -1;
		}
	}
	return 0;
}

/* When it ends: a time, or so many seconds from now. */
static int
api_network_end(struct call *c, const struct json *j, struct net_rule *r)
{
	int64_t now = api_svc(c)->now(), for_s = 0;
	bool set = false;

	if (api_time(c, j, "until", &set, &r->until) == -1 ||
	    api_i64(c, j, "for_s", 1, API_NET_FOR_MAX_S, &for_s) == -1)
		return -1;
	/* The router is told whole seconds: no rule ends early. */
	if (for_s > 0)
		r->until = (now / 1000 + 1 + for_s) * 1000;
	if (r->until == 0 || r->until > now)
		return 0;
	call_reply_error(c, 422, "until: it is over");
	return -1;
}

static int
api_network_rule(struct call *c, const struct json *j, struct net_rule *r)
{
	AUTO_FREE char *domain = NULL;
	struct err e = ERR_INIT;
	int list = NET_ALLOW;

	if (api_need(c, j, "domain", DOMAIN_PATTERN_MAX, &domain) == -1 ||
	    api_word(c, j, "list", net_list_parse, &list) == -1)
		return -1;
	r->list = (enum net_list)list;
	if (net_rule_set_domain(r, view_of(domain), &e) == -1) {
		call_reply_error(c, 422, "domain: %s", e.msg);
		return -1;
	}
	if (api_network_ports(c, j, r) == -1)
		return -1;
	return api_network_end(c, j, r);
}

static void
api_network_put_done(const struct err *fail, void *arg, void *call)
{
	const struct svc_net_put *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail))
		api_network_reply(c, op->project_id, 201);
	call_release(c);
}

static void
api_network_on_rule(struct call *c, const struct json *j)
{
	int64_t project = api_project_id(c, PERM_WRITE);
	struct net_rule rule = { .until = 0 };
	struct svc_net_put *op;
	bool force = false;

	if (project == 0 || api_network_rule(c, j, &rule) == -1 ||
	    api_bool(c, j, "force", &force) == -1)
		return;
	op = svc_net_put_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->rule = rule;
	op->force = force;
	call_hold(c);
	svc_net_put(op, api_network_put_done, c);
}

static void
api_network_add(struct call *c)
{
	call_take_json(c, api_network_on_rule);
}

static void
api_network_drop(struct call *c)
{
	int64_t project = api_project_id(c, PERM_WRITE);
	struct svc_net_drop *op;

	if (project == 0)
		return;
	op = svc_net_drop_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->id = call_arg_id(c, 2);
	call_hold(c);
	svc_net_drop(op, api_done_empty, c);
}

static void
api_network_preset_done(const struct err *fail, void *arg, void *call)
{
	const struct svc_net_preset *op = arg;
	struct call *c = call;

	if (!api_failed(c, fail))
		api_network_reply(c, op->project_id, 200);
	call_release(c);
}

static void
api_network_preset_start(struct call *c, bool remove, bool force)
{
	int64_t project = api_project_id(c, PERM_WRITE);
	const char *name = call_arg(c, 2);
	struct svc_net_preset *op;

	if (project == 0)
		return;
	if (!net_preset_name_ok(name)) {
		call_reply_error(
		    c, 422, "preset: want small letters, digits and -");
		return;
	}
	op = svc_net_preset_new(api_svc(c), call_who(c));
	op->project_id = project;
	op->remove = remove;
	op->force = force;
	(void)snprintf(op->name, sizeof(op->name), "%s", name);
	call_hold(c);
	svc_net_preset(op, api_network_preset_done, c);
}

static void
api_network_on_preset(struct call *c, const struct json *j)
{
	bool force = false;

	if (api_bool(c, j, "force", &force) == 0)
		api_network_preset_start(c, false, force);
}

static void
api_network_preset_add(struct call *c)
{
	call_take_json(c, api_network_on_preset);
}

static void
api_network_preset_remove(struct call *c)
{
	api_network_preset_start(c, true, false);
}

static void
api_network_preset_list(struct call *c)
{
	char *names[SVC_NET_PRESETS_MAX];
	size_t n = svc_net_preset_names(api_svc(c), names);
	struct shape s;

	shape_init(&s, c, NULL);
	jw_array(&s.w, NULL);
	for (size_t i = 0; i < n; i++) {
		struct net_rule_list rules;
		struct err e = ERR_INIT;

		jw_object(&s.w, NULL);
		jw_str(&s.w, "name", names[i]);
		if (svc_net_preset_read(api_svc(c), names[i], &rules, &e) == -1)
			jw_str(&s.w, "error", e.msg);
		api_network_rules(&s, "allow", &rules, NET_ALLOW);
		jw_end(&s.w);
		net_rule_list_release(&rules);
		free(names[i]);
	}
	jw_end(&s.w);
	shape_reply(&s, c, 200);
}

#define API_NETWORK "/api/coffer/v1/projects/{o}/{r}/network"

const struct route api_network_routes[] = {
	{ "GET", API_NETWORK, ROUTE_MEMBER, api_network_get },
	{ "PATCH", API_NETWORK, ROUTE_USER, api_network_patch },
	{ "POST", API_NETWORK "/rules", ROUTE_USER, api_network_add },
	{ "DELETE", API_NETWORK "/rules/{id}", ROUTE_USER, api_network_drop },
	{ "PUT", API_NETWORK "/presets/{name}", ROUTE_USER,
	    api_network_preset_add },
	{ "DELETE", API_NETWORK "/presets/{name}", ROUTE_USER,
	    api_network_preset_remove },
	{ "GET", "/api/coffer/v1/presets", ROUTE_MEMBER,
	    api_network_preset_list },
	{ .method = NULL },
};
