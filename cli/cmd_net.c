/* cmd_net: what a project's sandbox may reach, and what it asked for. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/net.h"
#include "cli/net_log.h"
#include "cli/out.h"
#include "cli/remote.h"
#include "cli/tables.h"
#include "cli/target.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

struct net_args {
	struct opt_list ports;
	int64_t for_ms;
	bool force;
	bool blocked, allowed, watch;
	uint64_t limit;
};

/* One start of `coffer net PROJECT VERB ARG...`. */
struct net_call {
	struct cli *c;
	const struct net_args *a;
	const char *full; /* OWNER/NAME */
	const char *verb;
	int argc;
	char **argv;
	struct json *net; /* what the last change answered, or NULL */
};

typedef int net_verb_fn(struct net_call *n, struct err *e);

/* 0, REMOTE_DRY or -1. */
static int
net_send(struct net_call *n, const char *method, const char *below,
    const struct str *body, struct err *e)
{
	AUTO_FREE char *path = xasprintf(
	    "/api/coffer/v1/projects/%s/network%s", n->full, below);
	const struct remote_call call = {
		.method = method, .path = path, .body = body
	};

	json_free(n->net);
	n->net = NULL;
	return remote_send(n->c, &call, &n->net, NULL, e);
}

static int
net_rule_body(const struct net_call *n, const char *domain, struct str *body,
    struct err *e)
{
	struct jw w;

	jw_init(&w, body);
	jw_object(&w, NULL);
	jw_str(&w, "list", n->verb);
	jw_str(&w, "domain", domain);
	if (n->a->ports.n > 0) {
		jw_array(&w, "ports");
		for (int i = 0; i < n->a->ports.n; i++) {
			int64_t port;

			if (num_i64(n->a->ports.v[i], 1, 65535, &port, e) == -1)
				return err_wrap(e, "--port");
			jw_i64(&w, NULL, port);
		}
		jw_end(&w);
	}
	if (n->a->for_ms > 0)
		jw_i64(&w, "for_s", (n->a->for_ms + 999) / 1000);
	if (n->a->force)
		jw_bool(&w, "force", true);
	jw_end(&w);
	return 0;
}

static int
net_rule(struct net_call *n, struct err *e)
{
	for (int i = 0; i < n->argc; i++) {
		AUTO_STR struct str body = STR_INIT;

		if (net_rule_body(n, n->argv[i], &body, e) == -1 ||
		    net_send(n, "POST", "/rules", &body, e) == -1)
			return -1;
	}
	return 0;
}

/* Somebody's own rules of this pattern; presets' stay. */
static int
net_forget_in(struct net_call *n, const struct json *rules, const char *domain,
    struct err *e)
{
	int found = 0;

	for (const struct json *r = json_first(rules); r != NULL;
	     r = json_next(r)) {
		AUTO_FREE char *below = xasprintf(
		    "/rules/%lld", (long long)json_i64_or(r, "id", 0));

		if (strcmp(json_str_or(r, "domain", ""), domain) != 0 ||
		    json_str_or(r, "preset", NULL) != NULL)
			continue;
		if (net_send(n, "DELETE", below, NULL, e) == -1)
			return -1;
		found++;
	}
	return found;
}

static int
net_forget_one(struct net_call *n, const struct json *all, const char *domain,
    struct err *e)
{
	int a = net_forget_in(n, json_get(all, "allow"), domain, e);
	int d = a == -1 ? -1
			: net_forget_in(n, json_get(all, "deny"), domain, e);

	if (a == -1 || d == -1)
		return -1;
	if (a + d > 0)
		return 0;
	return err_set(e, ERR_NOTFOUND,
	    "no rule of %s; `coffer net %s rules` lists them", domain, n->full);
}

static int
net_forget(struct net_call *n, struct err *e)
{
	AUTO_FREE char *path = xasprintf(
	    "/api/coffer/v1/projects/%s/network", n->full);
	struct json *all = NULL;
	int rc = remote_get(n->c, path, &all, e);

	for (int i = 0; rc == 0 && i < n->argc; i++)
		rc = net_forget_one(n, all, n->argv[i], e);
	json_free(all);
	return rc;
}

static int
net_preset(struct net_call *n, struct err *e)
{
	AUTO_STR struct str body = STR_INIT;
	bool add = strcmp(n->argv[0], "add") == 0;

	if (!add && strcmp(n->argv[0], "remove") != 0)
		return err_set(e, ERR_INVALID,
		    "want `preset add NAME` or `preset remove NAME`");
	str_add(&body, n->a->force ? "{\"force\":true}" : "{}");
	for (int i = 1; i < n->argc; i++) {
		AUTO_FREE char *below = NULL;

		if (strspn(
			n->argv[i], "abcdefghijklmnopqrstuvwxyz0123456789-") !=
		    strlen(n->argv[i]))
			return err_set(
			    e, ERR_INVALID, "no such preset: %s", n->argv[i]);
		below = xasprintf("/presets/%s", n->argv[i]);
		if (net_send(n, add ? "PUT" : "DELETE", below,
			add ? &body : NULL, e) == -1)
			return -1;
	}
	return 0;
}

static int
net_lock(struct net_call *n, struct err *e)
{
	AUTO_STR struct str body = STR_INIT;

	str_addf(&body, "{\"lockdown\":%s}",
	    strcmp(n->verb, "lockdown") == 0 ? "true" : "false");
	return net_send(n, "PATCH", "", &body, e);
}

static int
net_upload(struct net_call *n, struct err *e)
{
	AUTO_STR struct str body = STR_INIT;
	uint64_t bytes;

	if (num_size(n->argv[0], 0, INT64_MAX, &bytes, e) == -1)
		return -1;
	str_addf(&body, "{\"upload_max\":%llu}", (unsigned long long)bytes);
	return net_send(n, "PATCH", "", &body, e);
}

static int
net_mode(struct net_call *n, struct err *e)
{
	AUTO_FREE char *path = xasprintf("/api/coffer/v1/projects/%s", n->full);
	AUTO_STR struct str body = STR_INIT;
	const struct remote_call call = {
		.method = "PATCH", .path = path, .body = &body
	};
	struct json *j = NULL;
	struct jw w;
	int rc;

	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_object(&w, "settings");
	jw_str(&w, "network", n->argv[0]);
	jw_end(&w);
	jw_end(&w);
	rc = remote_send(n->c, &call, &j, NULL, e);
	json_free(j);
	return rc;
}

static const struct {
	const char *name;
	int min, max;
	bool rule; /* --port, --for */
	net_verb_fn *fn;
	const char *such; /* with what must follow, where something must */
} net_verbs[] = {
	{ "allow", 1, COMMAND_MANY, true, net_rule,
	    "allow registry.example.org" },
	{ "deny", 1, COMMAND_MANY, true, net_rule, "deny tracker.example.org" },
	{ "forget", 1, COMMAND_MANY, false, net_forget,
	    "forget registry.example.org" },
	{ "preset", 2, COMMAND_MANY, false, net_preset, "preset add node" },
	{ "lockdown", 0, 0, false, net_lock, NULL },
	{ "unlock", 0, 0, false, net_lock, NULL },
	{ "upload-max", 1, 1, false, net_upload, "upload-max 10M" },
	{ "mode", 1, 1, false, net_mode, "mode web" },
	{ .name = NULL },
};

/* What holds now; rules: all of them. */
static int
net_show(struct net_call *n, bool rules, struct err *e)
{
	AUTO_FREE char *path = xasprintf(
	    "/api/coffer/v1/projects/%s/network", n->full);
	struct json *net = NULL;

	if (remote_get(n->c, path, &net, e) == -1)
		return -1;
	if (n->c->g.json)
		out_json(net);
	else if (rules)
		net_show_rules(n->c, net);
	else
		net_show_head(n->c, net);
	json_free(net);
	return 0;
}

static size_t
net_verb(const char *verb)
{
	size_t i = 0;

	while (
	    net_verbs[i].name != NULL && strcmp(net_verbs[i].name, verb) != 0)
		i++;
	return i;
}

static bool
net_is_rules(const struct net_call *n)
{
	return strcmp(n->verb, "rules") == 0 && n->argc == 0;
}

/* Before anybody is asked. */
static int
net_check_words(const struct net_call *n)
{
	size_t i = net_verb(n->verb);

	if (net_is_rules(n))
		return CLI_OK;
	if (net_verbs[i].name == NULL)
		return cli_usage("net: no %s; there are allow, deny, forget, "
				 "preset, lockdown, unlock, upload-max, mode "
				 "and rules (`coffer help net`)",
		    n->verb);
	if (n->argc < net_verbs[i].min)
		return cli_usage("net: something must follow %s, such as "
				 "`coffer net PROJECT %s` (`coffer help net`)",
		    n->verb, net_verbs[i].such);
	if (n->argc > net_verbs[i].max)
		return cli_usage(
		    "net: too much follows %s (`coffer help net`)", n->verb);
	return CLI_OK;
}

/* What the verb means; usage errors are told here. */
static int
net_act(struct net_call *n, struct err *e)
{
	size_t i = net_verb(n->verb);
	int rc;

	if (net_is_rules(n))
		return net_show(n, true, e);
	if (!net_verbs[i].rule && (n->a->ports.n > 0 || n->a->for_ms > 0))
		return err_set(
		    e, ERR_INVALID, "--port and --for are of allow and deny");
	rc = net_verbs[i].fn(n, e);
	if (rc != 0)
		return rc == -1 ? -1 : 0;
	return n->c->g.dry_run ? 0 : net_show(n, false, e);
}

/* What the sandbox asked for. */
static int
net_look(const struct net_call *n, struct err *e)
{
	const struct net_log_ask ask = { .full = n->full,
		.blocked = n->a->blocked,
		.allowed = n->a->allowed,
		.limit = n->a->limit };

	return n->a->watch ? net_log_watch(n->c, &ask, e)
			   : net_log_show(n->c, &ask, e);
}

static int
net_run(struct cli *c, const void *args, int argc, char **argv)
{
	char full[TARGET_FULL_MAX];
	struct err e = ERR_INIT;
	struct net_call n = { .c = c,
		.a = args,
		.full = full,
		.verb = argc > 1 ? argv[1] : "",
		.argc = argc > 2 ? argc - 2 : 0,
		.argv = argv + 2 };
	int rc;

	if (argc > 1 && (rc = net_check_words(&n)) != CLI_OK)
		return rc;
	rc = target_project(c, argv[0], full, &e);
	if (rc == 0)
		rc = argc > 1 ? net_act(&n, &e) : net_look(&n, &e);
	json_free(n.net);
	if (rc == -1)
		return cli_fail(c, &e, "net %s", argv[0]);
	return CLI_OK;
}

static int
net_presets_run(struct cli *c, const void *args, int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct json *list = NULL;

	(void)args;
	(void)argc;
	(void)argv;
	if (remote_get(c, "/api/coffer/v1/presets", &list, &e) == -1)
		return cli_fail(c, &e, "presets");
	if (c->g.json)
		out_json(list);
	else
		net_show_presets(c, list);
	json_free(list);
	return CLI_OK;
}

#define NET(field) offsetof(struct net_args, field)

static const struct command_option net_options[] = {
	{ 0, OPT_FLAG, "blocked", NET(blocked), NULL, "what was refused" },
	{ 0, OPT_FLAG, "allowed", NET(allowed), NULL, "what was let" },
	{ 'w', OPT_FLAG, "watch", NET(watch), NULL, "what comes from now on" },
	{ 0, OPT_U64, "limit", NET(limit), "N",
	    "so many of the last (default 50)" },
	{ 0, OPT_LIST, "port", NET(ports), "N",
	    "of allow: this port; may be repeated (default 80 and 443)" },
	{ 0, OPT_MS, "for", NET(for_ms), "TIME",
	    "of allow and deny: ends by itself after 10m, 2h ..." },
	{ 'f', OPT_FLAG, "force", NET(force), NULL,
	    "also a pattern that lets more out than it looks like" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

const struct command cmd_net[] = {
	{ .name = "net",
	    .group = "Network",
	    .summary = "what a sandbox asked for, and what it may reach",
	    .usage = "PROJECT [VERB [ARG...]] [OPTION...]",
	    .min = 1,
	    .max = COMMAND_MANY,
	    .args_size = sizeof(struct net_args),
	    .options = net_options,
	    .run = net_run,
	    .more = "Without a verb: names and addresses that were asked for, "
		    "how often, when,\nby what "
		    "program, and the command that would allow "
		    "them.\n\nVerbs:\n"
		    "  allow DOMAIN...      in mode locked: name, *.name or *\n"
		    "  deny DOMAIN...       in locked, web and open; wins\n"
		    "  forget DOMAIN...     take such a rule back\n"
		    "  preset add NAME...   the names that a language or an "
		    "agent needs\n"
		    "  preset remove NAME...\n"
		    "  mode MODE            off, none, locked, web or open\n"
		    "  lockdown             nothing but cofferd, at once\n"
		    "  unlock\n"
		    "  upload-max SIZE      to one name and day; 0: no bound\n"
		    "  rules                all rules\n" },
	{ .name = "presets",
	    .group = "Network",
	    .summary = "lists of names that a sandbox may be allowed",
	    .usage = "",
	    .run = net_presets_run,
	    .more = "One of your own is HOME/egress/NAME.list: a name or "
		    "*.name a line, its ports\nbehind it, remarks after #.\n" },
	{ .name = NULL },
};
