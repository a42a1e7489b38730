#include "agentd/sandbox/routerctl.h"

#include <stdlib.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/net/ctl.h"
#include "lib/wire/json.h"

enum {
	ROUTERCTL_AWAY_MS = 10 * 1000, /* a request waits for the router */
	ROUTERCTL_FOLLOW_MS = 10 * 1000,
	ROUTERCTL_FOLLOW_MAX = 200 /* entries */
};

struct routerctl {
	struct ctl *ctl;
};

struct routerctl *
routerctl_new(struct loop *l, const char *socket_path)
{
	struct routerctl *c = xcalloc(1, sizeof(*c));

	c->ctl = ctl_new(l, "coffer-router", socket_path);
	return c;
}

void
routerctl_keep(struct routerctl *c, loop_fn *fn, void *arg)
{
	ctl_keep(c->ctl, fn, arg);
}

bool
routerctl_is_there(const struct routerctl *c)
{
	return ctl_is_connected(c->ctl);
}

void
routerctl_free(struct routerctl *c)
{
	if (c == NULL)
		return;
	ctl_free(c->ctl);
	free(c);
}

static void
routerctl_send(
    struct routerctl *c, struct str *out, routerctl_fn *fn, void *arg)
{
	ctl_send_for(c->ctl, ROUTERCTL_AWAY_MS, out, fn, arg);
}

void
routerctl_hello(struct routerctl *c, routerctl_fn *fn, void *arg)
{
	struct str out;
	struct jw w;

	ctl_open(&w, &out, "hello");
	jw_end(&w);
	routerctl_send(c, &out, fn, arg);
}

void
routerctl_project_set(struct routerctl *c, int64_t id, const char *mode,
    const char *policy, routerctl_fn *fn, void *arg)
{
	struct err ignored = ERR_INIT;
	struct json *more = NULL;
	struct str out;
	struct jw w;

	ctl_open(&w, &out, "project.set");
	jw_i64(&w, "id", id);
	jw_str(&w, "mode", mode);
	if (policy != NULL && policy[0] != '\0')
		more = json_parse(view_of(policy), 0, &ignored);
	for (const struct json *m = json_first(more); m != NULL;
	     m = json_next(m)) {
		AUTO_STR struct str text = STR_INIT;

		json_print(m, &text);
		jw_raw(&w, json_key(m), str_view(&text));
	}
	json_free(more);
	jw_end(&w);
	routerctl_send(c, &out, fn, arg);
}

void
routerctl_project_del(
    struct routerctl *c, int64_t id, routerctl_fn *fn, void *arg)
{
	struct str out;
	struct jw w;

	ctl_open(&w, &out, "project.del");
	jw_i64(&w, "id", id);
	jw_end(&w);
	routerctl_send(c, &out, fn, arg);
}

void
routerctl_projects(struct routerctl *c, routerctl_fn *fn, void *arg)
{
	struct str out;
	struct jw w;

	ctl_open(&w, &out, "projects");
	jw_end(&w);
	routerctl_send(c, &out, fn, arg);
}

void
routerctl_host_set(struct routerctl *c, const char *const *addresses, size_t n,
    routerctl_fn *fn, void *arg)
{
	struct str out;
	struct jw w;

	ctl_open(&w, &out, "host.set");
	jw_array(&w, "addresses");
	for (size_t i = 0; i < n; i++)
		jw_str(&w, NULL, addresses[i]);
	jw_end(&w);
	jw_end(&w);
	routerctl_send(c, &out, fn, arg);
}

void
routerctl_log(
    struct routerctl *c, int64_t id, int limit, routerctl_fn *fn, void *arg)
{
	struct str out;
	struct jw w;

	ctl_open(&w, &out, "log");
	jw_i64(&w, "id", id);
	jw_i64(&w, "limit", limit);
	jw_end(&w);
	routerctl_send(c, &out, fn, arg);
}

void
routerctl_follow(
    struct routerctl *c, int64_t since, routerctl_fn *fn, void *arg)
{
	struct str out;
	struct jw w;

	ctl_open(&w, &out, "log");
	jw_i64(&w, "limit", ROUTERCTL_FOLLOW_MAX);
	jw_i64(&w, "since", since);
	jw_i64(&w, "wait", ROUTERCTL_FOLLOW_MS);
	jw_end(&w);
	ctl_send(c->ctl, &out, fn, arg);
}
