#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/mirror_show.h"
#include "cli/out.h"
#include "cli/probe.h"
#include "cli/remote.h"
#include "cli/sandbox_use.h"
#include "cli/status_diff.h"
#include "cli/svcstate.h"
#include "cli/tables.h"
#include "cli/target.h"
#include "cli/verdict.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/io/loop.h"
#include "lib/wire/json.h"

enum {
	STATUS_COUNT_MAX = 50,
	STATUS_SERVICES = 5,
	STATUS_EVERY_MS = 2000
};

struct status_args {
	bool watch, diff;
	int64_t every_ms;
	uint64_t times;
};

static const struct {
	const char *name;
	enum probe_kind probe;
} status_services[STATUS_SERVICES] = {
	{ "cofferd", PROBE_HTTP },
	{ "router", PROBE_ROUTER },
	{ "gateway", PROBE_GATEWAY },
	{ "agentd", PROBE_AGENTD },
	{ "runner", PROBE_RUNNER },
};

struct status_row {
	const char *name;
	const char *state; /* up, down, unknown, the supervisor's word */
	pid_t pid;
	int64_t restarts;
};

/* Their sockets and the lock are root's alone. */
static bool
status_is_roots(enum probe_kind kind)
{
	return kind == PROBE_ROUTER || kind == PROBE_GATEWAY ||
	    kind == PROBE_RUNNER;
}

static void
status_services_load(struct cli *c, struct status_row rows[STATUS_SERVICES])
{
	struct svcstate s[SVCSTATE_MAX];
	size_t n = svcstate_read(c->home, s);

	for (size_t i = 0; i < STATUS_SERVICES; i++) {
		struct status_row *r = &rows[i];

		*r = (struct status_row){ .name = status_services[i].name,
			.state = "down" };
		for (size_t k = 0; k < n; k++) {
			if (strcmp(s[k].name, r->name) != 0)
				continue;
			r->restarts = s[k].restarts;
			if (svcstate_alive(&s[k])) {
				r->pid = s[k].pid;
				r->state = strcmp(s[k].state, "running") == 0
				    ? "up"
				    : s[k].state;
			}
		}
		if (status_is_roots(status_services[i].probe) &&
		    geteuid() != 0) {
			if (n == 0) /* nor did a supervisor tell */
				r->state = "unknown";
			continue;
		}
		if (probe_now(c, status_services[i].probe))
			r->state = "up";
		else if (r->pid != 0 && strcmp(r->state, "up") == 0)
			r->state = "not answering";
	}
}

static int64_t
status_count(struct cli *c, const char *path, struct err *e)
{
	struct json *j = NULL;
	int64_t n;

	if (remote_get(c, path, &j, e) == -1)
		return -1;
	n = (int64_t)json_count(j);
	json_free(j);
	return n;
}

struct status_counts {
	int64_t issues, pulls, runs;
};

static int
status_counts_load(
    struct cli *c, const char *full, struct status_counts *n, struct err *e)
{
	AUTO_FREE char *issues = xasprintf(
	    "/api/v1/repos/%s/issues?state=open&type=issues&limit=%d", full,
	    (int)STATUS_COUNT_MAX);
	AUTO_FREE char *pulls = xasprintf(
	    "/api/v1/repos/%s/pulls?state=open&limit=%d", full,
	    (int)STATUS_COUNT_MAX);
	AUTO_FREE char *runs = xasprintf(
	    "/api/coffer/v1/runs?project=%s&state=running&limit=%d", full,
	    (int)STATUS_COUNT_MAX);

	if ((n->issues = status_count(c, issues, e)) == -1 ||
	    (n->pulls = status_count(c, pulls, e)) == -1 ||
	    (n->runs = status_count(c, runs, e)) == -1)
		return -1;
	return 0;
}

static const char *
status_number(int64_t n, char buf[32])
{
	(void)snprintf(
	    buf, 32, "%" PRId64 "%s", n, n >= STATUS_COUNT_MAX ? "+" : "");
	return buf;
}

static void
status_print_services(const struct cli *c, const struct status_row *rows)
{
	struct out_table *t = out_table_new(4);

	out_cell(t, "service");
	out_cell(t, "state");
	out_cell(t, "pid");
	out_cell(t, "restarts");
	for (size_t i = 0; i < STATUS_SERVICES; i++) {
		out_cell(t, rows[i].name);
		out_cell_state(t, rows[i].state);
		if (rows[i].pid != 0)
			out_cellf(t, "%d", (int)rows[i].pid);
		else
			out_cell(t, NULL);
		out_cellf(t, "%" PRId64, rows[i].restarts);
	}
	out_table_print(t, c);
}

static void
status_json_services(struct jw *w, const struct status_row *rows)
{
	jw_array(w, "services");
	for (size_t i = 0; i < STATUS_SERVICES; i++) {
		jw_object(w, NULL);
		jw_str(w, "name", rows[i].name);
		jw_str(w, "state", rows[i].state);
		jw_i64(w, "pid", rows[i].pid);
		jw_i64(w, "restarts", rows[i].restarts);
		jw_end(w);
	}
	jw_end(w);
}

static void
status_cell_sandbox(struct out_table *t, const struct json *sandbox)
{
	const char *state = json_str_or(sandbox, "state", "-");

	if (!json_bool_or(sandbox, "served", true))
		out_cellf(t, "%s (no agentd)", state);
	else if (json_bool_or(sandbox, "lockdown", false))
		out_cellf(t, "%s (lockdown)", state);
	else
		out_cell_state(t, state);
}

static int
status_print_projects(struct cli *c, const struct json *list, struct err *e)
{
	struct out_table *t = out_table_new(8);
	char buf[32];
	int rc = 0;

	out_cell(t, "project");
	out_cell(t, "mirror");
	out_cell(t, "synced");
	out_cell(t, "sandbox");
	out_cell(t, "barriers");
	out_cell(t, "issues");
	out_cell(t, "pulls");
	out_cell(t, "running");
	for (const struct json *p = json_first(list); p != NULL && rc == 0;
	     p = json_next(p)) {
		const struct json *m = json_get(p, "mirror");
		struct status_counts n = { 0 };

		rc = status_counts_load(
		    c, json_str_or(p, "full_name", "?"), &n, e);
		out_cell(t, json_str_or(p, "full_name", NULL));
		if (strcmp(json_str_or(json_get(p, "repository"), "health", ""),
			"corrupt") == 0)
			out_cell_state(t, "corrupt");
		else if (json_bool_or(m, "stale", false))
			out_cell_state(t, "stale");
		else if (json_count(json_get(m, "waiting")) > 0)
			out_cell_state(t, "waiting");
		else
			out_cell_state(t, json_str_or(m, "state", NULL));
		out_cell(t, out_ago(json_str_or(m, "last_ok_at", NULL), buf));
		status_cell_sandbox(t, json_get(p, "sandbox"));
		out_cell_state(t, verdict_word(json_get(p, "prove")));
		out_cell(t, status_number(n.issues, buf));
		out_cell(t, status_number(n.pulls, buf));
		out_cell(t, status_number(n.runs, buf));
	}
	(void)printf("\n");
	out_table_print(t, c);
	if (json_count(list) == 0)
		(void)printf("no project yet: coffer create URL\n");
	return rc;
}

static int
status_json_projects(
    struct cli *c, const struct json *list, struct jw *w, struct err *e)
{
	int rc = 0;

	jw_array(w, "projects");
	for (const struct json *p = json_first(list); p != NULL && rc == 0;
	     p = json_next(p)) {
		AUTO_STR struct str one = STR_INIT;
		struct status_counts n = { 0 };

		rc = status_counts_load(
		    c, json_str_or(p, "full_name", "?"), &n, e);
		json_print(p, &one);
		jw_object(w, NULL);
		jw_raw(w, "project", str_view(&one));
		jw_i64(w, "open_issues", n.issues);
		jw_i64(w, "open_pulls", n.pulls);
		jw_i64(w, "running_runs", n.runs);
		jw_end(w);
	}
	jw_end(w);
	return rc;
}

static int
status_all(struct cli *c)
{
	AUTO_STR struct str out = STR_INIT;
	struct status_row rows[STATUS_SERVICES];
	struct err e = ERR_INIT;
	struct json *list;
	struct jw w;
	int rc;

	status_services_load(c, rows);
	list = target_list(c, &e);
	rc = list == NULL ? -1 : 0;
	if (!c->g.json) {
		(void)printf("home %s\naddress %s\n\n", c->home, c->url);
		status_print_services(c, rows);
		if (list != NULL)
			rc = status_print_projects(c, list, &e);
	} else {
		jw_init(&w, &out);
		jw_object(&w, NULL);
		jw_str(&w, "home", c->home);
		jw_str(&w, "url", c->url);
		status_json_services(&w, rows);
		if (list != NULL)
			rc = status_json_projects(c, list, &w, &e);
		jw_end(&w);
		out_json_line(&out);
	}
	json_free(list);
	return rc == -1 ? cli_fail(c, &e, "status") : CLI_OK;
}

static void
status_print_repository(const struct cli *c, const struct json *r)
{
	const char *why = json_str_or(r, "error", NULL);
	const char *health = json_str_or(r, "health", "unknown");
	char ago[32];

	if (why == NULL)
		why = json_str_or(r, "problem", NULL);
	(void)printf("  disk      ");
	out_paint(c, stdout,
	    strcmp(health, "corrupt") == 0 ? OUT_BAD : OUT_PLAIN, health);
	if (json_i64_or(r, "size", 0) > 0)
		(void)printf(", %" PRId64 " KiB in %" PRId64 " packs",
		    json_i64_or(r, "size", 0) / 1024,
		    json_i64_or(r, "packs", 0));
	if (json_str_or(r, "checked_at", NULL) != NULL)
		(void)printf(", checked %s",
		    out_ago(json_str_or(r, "checked_at", NULL), ago));
	else
		(void)printf(", not checked yet");
	if (why != NULL) {
		(void)printf(": ");
		out_text(stdout, why);
	}
	(void)printf("\n");
}

static void
status_print_verdict(const struct cli *c, const struct json *project)
{
	struct verdict v;

	verdict_of_project(c->home, project, &v);
	(void)printf("  barriers  ");
	if (v.j == NULL)
		(void)printf("not tried: coffer prove");
	else
		verdict_show(c, &v);
	(void)printf("\n");
	verdict_release(&v);
}

/* What it is made with, and what of. */
static void
status_print_driver(const struct json *sandbox, const struct json *settings)
{
	static const char *const keys[] = { "runtime", "profile", "branch",
		"gpus", NULL };
	const char *driver = json_str_or(sandbox, "driver", "");

	if (driver[0] == '\0')
		driver = json_str_or(settings, "driver", "");
	(void)printf("  driver    ");
	out_text(stdout, driver[0] != '\0' ? driver : "-");
	for (size_t i = 0; keys[i] != NULL; i++) {
		const char *v = json_str_or(settings, keys[i], "");

		if (v[0] == '\0')
			continue;
		(void)printf(", %s ", keys[i]);
		out_text(stdout, v);
	}
	(void)printf("\n");
}

static void
status_print_project(
    const struct cli *c, const struct json *p, const struct status_counts *n)
{
	const struct json *m = json_get(p, "mirror");
	const struct json *s = json_get(p, "sandbox");
	const struct json *set = json_get(p, "settings");
	const char *branch = json_str_or(p, "default_branch", "");
	char a[32], b[32], d[32];

	out_paint(c, stdout, OUT_BOLD, json_str_or(p, "full_name", "?"));
	(void)printf("\n  upstream  ");
	out_text(stdout, json_str_or(p, "upstream", "-"));
	(void)printf("\n  clone     ");
	out_text(stdout, json_str_or(p, "clone_url", "-"));
	(void)printf("\n  default   ");
	out_text(stdout, branch[0] != '\0' ? branch : "-");
	(void)printf("\n  mirror    ");
	out_paint(c, stdout, out_state_colour(json_str_or(m, "state", "")),
	    json_str_or(m, "state", "-"));
	(void)printf(", %" PRId64 " refs, %s", json_i64_or(m, "refs", 0),
	    out_ago(json_str_or(m, "last_ok_at", NULL), a));
	if (json_str_or(m, "last_error", "")[0] != '\0') {
		(void)printf(": ");
		out_text(stdout, json_str_or(m, "last_error", ""));
	}
	(void)printf("\n");
	mirror_show(c, p);
	status_print_repository(c, json_get(p, "repository"));
	(void)printf("  sandbox   ");
	out_paint(c, stdout, out_state_colour(json_str_or(s, "state", "")),
	    json_str_or(s, "state", "-"));
	(void)printf(" (wanted: ");
	out_text(stdout, json_str_or(s, "want", "-"));
	(void)printf(")");
	if (json_str_or(s, "cause", "")[0] != '\0') {
		(void)printf(" ");
		out_paint(c, stdout, OUT_WARN, json_str_or(s, "cause", ""));
		(void)printf(":");
	}
	(void)printf(" ");
	out_text(stdout, json_str_or(s, "reason", ""));
	(void)printf("\n");
	if (json_get(s, "served") != NULL &&
	    !json_bool_or(s, "served", false)) {
		out_paint(c, stdout, OUT_WARN,
		    "            no coffer-agentd is heard of: that is how it "
		    "was");
		(void)printf("\n");
	}
	sandbox_use_line(p);
	status_print_driver(s, set);
	(void)printf("  network   ");
	out_text(stdout, json_str_or(set, "network", "-"));
	if (json_bool_or(s, "lockdown", false)) {
		(void)printf(", ");
		out_paint(c, stdout, OUT_BAD, "lockdown");
		out_fmt(stdout, " (coffer net %s unlock)",
		    json_str_or(p, "name", ""));
	}
	(void)printf("\n");
	status_print_verdict(c, p);
	(void)printf("  agent     ");
	out_text(stdout, json_str_or(set, "agent", "-"));
	(void)printf("\n  open      %s issues, %s pull requests, %s runs "
		     "running\n",
	    status_number(n->issues, a), status_number(n->pulls, b),
	    status_number(n->runs, d));
}

static int
status_one(struct cli *c, const char *name)
{
	AUTO_STR struct str out = STR_INIT, one = STR_INIT;
	struct status_counts n = { 0 };
	struct err e = ERR_INIT;
	struct json *p = target_load(c, name, &e);
	struct jw w;

	if (p == NULL)
		return cli_fail(c, &e, "status %s", name);
	if (status_counts_load(c, json_str_or(p, "full_name", "?"), &n, &e) ==
	    -1) {
		json_free(p);
		return cli_fail(c, &e, "status %s", name);
	}
	if (!c->g.json) {
		status_print_project(c, p, &n);
	} else {
		json_print(p, &one);
		jw_init(&w, &out);
		jw_object(&w, NULL);
		jw_raw(&w, "project", str_view(&one));
		jw_i64(&w, "open_issues", n.issues);
		jw_i64(&w, "open_pulls", n.pulls);
		jw_i64(&w, "running_runs", n.runs);
		jw_end(&w);
		out_json_line(&out);
	}
	json_free(p);
	return CLI_OK;
}

static int
status_run(struct cli *c, const void *args, int argc, char **argv)
{
	const struct status_args *a = args;

	if (a->diff && (argc == 0 || a->watch))
		return cli_usage("status: --diff wants a project");
	if (a->diff)
		return status_diff(c, argv[0]);
	if (a->watch)
		return sandbox_use_watch(c, argc == 0 ? NULL : argv[0],
		    a->every_ms > 0 ? a->every_ms : STATUS_EVERY_MS, a->times);
	return argc == 0 ? status_all(c) : status_one(c, argv[0]);
}

#define STATUS(field) offsetof(struct status_args, field)

static const struct command_option status_options[] = {
	{ 'w', OPT_FLAG, "watch", STATUS(watch), NULL,
	    "the sandboxes and what they use, again and again" },
	{ 'd', OPT_FLAG, "diff", STATUS(diff), NULL,
	    "what changed in its session's clones, as the sandbox says" },
	{ 0, OPT_MS, "every", STATUS(every_ms), "TIME",
	    "between two looks (default 2s)" },
	{ 0, OPT_U64, "times", STATUS(times), "N",
	    "so many looks (default: for ever)" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

const struct command cmd_status[] = {
	{ .name = "status",
	    .group = "Service",
	    .summary = "services and projects",
	    .usage = "[PROJECT] [--watch] [--diff]",
	    .max = 1,
	    .args_size = sizeof(struct status_args),
	    .options = status_options,
	    .run = status_run },
	{ .name = "project show",
	    .group = "Projects",
	    .summary = "a project: mirror, upstream, sandbox",
	    .usage = "PROJECT",
	    .min = 1,
	    .max = 1,
	    .args_size = sizeof(struct status_args),
	    .options = status_options,
	    .run = status_run },
	{ .name = NULL },
};
