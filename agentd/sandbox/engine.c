#include "agentd/sandbox/engine.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/num.h"
#include "lib/base/str.h"
#include "lib/io/timer.h"
#include "lib/net/fetch.h"
#include "lib/wire/json.h"

enum {
	ENGINE_REPLY_MAX = 4 << 20,
	ENGINE_SAID_MAX = 200,
	ENGINE_API_MINOR = 41, /* of version 1 */
	ENGINE_SEND_MS = 15 * 60 * 1000,
	/* Who waits gives up after 60 s, and should hear why. */
	ENGINE_NOW_MS = 10 * 1000,
	ENGINE_REMOVE_MS = 100,
	ENGINE_REMOVE_TRIES = 100
};

struct engine {
	struct loop *loop;
	struct net *net;
	char *socket;
	char *runtime;
	struct map *runtimes; /* by name, what the engine has; NULL: unasked */
	struct engine_facts facts;
};

struct engine_call {
	const struct engine *engine;
	struct fetch *fetch;
	engine_reply_fn *fn; /* NULL: cancelled */
	void *arg;
	int fd; /* of a file that is sent, else -1 */
	struct loop *loop;
	struct err e; /* of one that could not be sent */
};

static const char *const engine_sockets[] = { "/run/docker.sock",
	"/var/run/docker.sock", "/run/podman/podman.sock", NULL };

static const char *
engine_default_socket(void)
{
	for (size_t i = 0; engine_sockets[i] != NULL; i++) {
		if (access(engine_sockets[i], F_OK) == 0)
			return engine_sockets[i];
	}
	return engine_sockets[0];
}

struct engine *
engine_new(
    struct loop *l, const char *socket_path, const char *runtime, struct err *e)
{
	struct engine *g = xcalloc(1, sizeof(*g));

	g->loop = l;
	g->net = net_new(l, "coffer", e);
	if (g->net == NULL) {
		free(g);
		return NULL;
	}
	g->socket = xstrdup(
	    socket_path != NULL ? socket_path : engine_default_socket());
	g->runtime = runtime != NULL ? xstrdup(runtime) : NULL;
	return g;
}

void
engine_free(struct engine *g)
{
	if (g == NULL)
		return;
	net_free(g->net);
	free(g->socket);
	free(g->runtime);
	map_free(g->runtimes);
	free(g);
}

const char *
engine_socket(const struct engine *g)
{
	return g->socket;
}

const char *
engine_runtime(const struct engine *g)
{
	return g->runtime;
}

bool
engine_has_runtime(const struct engine *g, const char *name)
{
	return g->runtimes != NULL && map_get(g->runtimes, name) != NULL;
}

const struct engine_facts *
engine_facts(const struct engine *g)
{
	return &g->facts;
}

struct net *
engine_net(const struct engine *g)
{
	return g->net;
}

const char *
engine_said(const struct json *j)
{
	const char *s = json_str_or(
	    j, "message", "it failed and did not say why");
	size_t n = strlen(s);

	return n > ENGINE_SAID_MAX ? s + n - ENGINE_SAID_MAX : s;
}

/* What went wrong, in the engine's own words where it has any. */
static int
engine_judge(const struct engine *g, const struct fetch_reply *r,
    const struct json *j, struct err *e)
{
	static const struct {
		int status;
		enum err_code code;
	} rows[] = { { 400, ERR_INVALID }, { 403, ERR_DENIED },
		{ 404, ERR_NOTFOUND }, { 409, ERR_EXISTS } };
	enum err_code code = ERR_INTERNAL;

	if (r->error != 0)
		return err_set(e, ERR_IO, "the engine at %s: %s", g->socket,
		    r->error_text);
	if ((r->status >= 200 && r->status < 300) || r->status == 304)
		return 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].status == r->status)
			code = rows[i].code;
	}
	return err_set(e, code, "the engine: %s", engine_said(j));
}

static void
engine_on_done(const struct fetch_reply *r, void *arg)
{
	struct engine_call *c = arg;
	struct err e = ERR_INIT;
	struct err bad = ERR_INIT;
	struct engine_reply reply = { .status = r->status };
	struct json *j = NULL;

	if (c->fn == NULL)
		return;
	if (r->body.len > 0)
		j = json_parse(r->body, ENGINE_REPLY_MAX, &bad);
	reply.json = j;
	if (engine_judge(c->engine, r, j, &e) == -1)
		reply.e = &e;
	c->fn(&reply, c->arg);
	json_free(j);
}

static void
engine_on_free(void *arg)
{
	struct engine_call *c = arg;

	if (c->fd != -1)
		(void)close(c->fd);
	free(c);
}

static void
engine_on_unsent(void *arg)
{
	struct engine_call *c = arg;
	const struct engine_reply reply = { .e = &c->e };

	if (c->fn != NULL)
		c->fn(&reply, c->arg);
	engine_on_free(c);
}

static long
engine_read_file(void *p, size_t max, void *arg)
{
	const struct engine_call *c = arg;

	return (long)read(c->fd, p, max);
}

static struct engine_call *
engine_call_new(
    const struct engine *g, struct loop *l, engine_reply_fn *fn, void *arg)
{
	struct engine_call *c = xcalloc(1, sizeof(*c));

	c->engine = g;
	c->loop = l;
	c->fn = fn;
	c->arg = arg;
	c->fd = -1;
	return c;
}

static void
engine_call_send(struct engine_call *c, struct net *n, struct fetch_spec *spec)
{
	spec->unix_socket = c->engine->socket;
	if (spec->max_reply == 0)
		spec->max_reply = ENGINE_REPLY_MAX;
	spec->on_done = engine_on_done;
	spec->on_free = engine_on_free;
	spec->arg = c;
	if (fetch_start(n, spec, &c->fetch, &c->e) == -1)
		loop_defer(c->loop, engine_on_unsent, c);
}

static char *
engine_url(const char *path)
{
	if (strncmp(path, "/libpod/", 8) == 0)
		return xasprintf("http://engine/v4.0.0%s", path);
	return xasprintf("http://engine/v1.%d%s", ENGINE_API_MINOR, path);
}

struct engine_call *
engine_ask(struct engine *g, const char *method, const char *path,
    const struct str *body, int64_t limit_ms, engine_reply_fn *fn, void *arg)
{
	static const char *const typed[] = { "Content-Type: application/json",
		NULL };
	struct engine_call *c = engine_call_new(g, g->loop, fn, arg);
	AUTO_FREE char *url = engine_url(path);
	struct fetch_spec spec = {
		.method = method,
		.url = url,
		.limit_ms = limit_ms,
	};

	if (body != NULL) {
		spec.headers = typed;
		spec.body = str_view(body);
	}
	engine_call_send(c, g->net, &spec);
	return c;
}

struct engine_call *
engine_send_file(struct engine *g, const char *path, int fd, int64_t size,
    engine_reply_fn *fn, void *arg)
{
	static const char *const typed[] = { "Content-Type: application/x-tar",
		NULL };
	struct engine_call *c = engine_call_new(g, g->loop, fn, arg);
	AUTO_FREE char *url = engine_url(path);
	struct fetch_spec spec = {
		.method = "POST",
		.url = url,
		.headers = typed,
		.read_body = engine_read_file,
		.read_len = size,
		.limit_ms = ENGINE_SEND_MS,
	};

	c->fd = fd;
	engine_call_send(c, g->net, &spec);
	return c;
}

void
engine_call_cancel(struct engine_call *c)
{
	if (c == NULL)
		return;
	c->fn = NULL;
	if (c->fetch != NULL)
		fetch_cancel(c->fetch);
}

/* ---- to remove one ---- */

struct engine_removal {
	struct engine *engine;
	char *path;
	unsigned tries;
	struct timer *timer;
	engine_done_fn *done;
	void *arg;
};

/* Docker says that it is at it already, Podman that something is busy. */
static void
engine_on_removed(const struct engine_reply *r, void *arg)
{
	struct engine_removal *m = arg;
	const struct err *e = r->status == 404 ? NULL : r->e;

	if (e != NULL && r->status != 0 && ++m->tries < ENGINE_REMOVE_TRIES) {
		timer_set(m->timer, ENGINE_REMOVE_MS);
		return;
	}
	m->done(e, m->arg);
	timer_free(m->timer);
	free(m->path);
	free(m);
}

static void
engine_remove_try(void *arg)
{
	struct engine_removal *m = arg;

	(void)engine_ask(
	    m->engine, "DELETE", m->path, NULL, 0, engine_on_removed, m);
}

void
engine_remove(
    struct engine *g, const char *container, engine_done_fn *done, void *arg)
{
	struct engine_removal *m = xcalloc(1, sizeof(*m));

	m->engine = g;
	m->path = xasprintf("/containers/%s?force=1&v=1", container);
	m->timer = timer_new(g->loop, engine_remove_try, m);
	m->done = done;
	m->arg = arg;
	engine_remove_try(m);
}

struct engine_now {
	engine_reply_fn *fn;
	void *arg;
	struct loop *loop;
};

static void
engine_on_now(const struct engine_reply *r, void *arg)
{
	struct engine_now *n = arg;

	n->fn(r, n->arg);
	loop_stop(n->loop);
}

void
engine_ask_now(const struct engine *g, const char *method, const char *path,
    engine_reply_fn *fn, void *arg)
{
	struct err e = ERR_INIT;
	struct engine_now now = { .fn = fn, .arg = arg };
	struct engine twin = *g;
	struct engine_reply failed = { .e = &e };

	now.loop = loop_new(&e);
	twin.loop = now.loop;
	twin.net = now.loop == NULL ? NULL : net_new(now.loop, "coffer", &e);
	if (twin.net != NULL) {
		(void)engine_ask(&twin, method, path, NULL, ENGINE_NOW_MS,
		    engine_on_now, &now);
		if (loop_run(now.loop, &e) == -1)
			fn(&failed, arg);
		net_free(twin.net);
	} else {
		fn(&failed, arg);
	}
	if (now.loop != NULL)
		loop_free(now.loop);
}

/* ---- what is it ---- */

struct engine_learning {
	struct engine *g;
	struct err e;
	bool bad;
};

static void
engine_learn_fail(struct engine_learning *n, const struct err *e)
{
	n->bad = true;
	n->e = *e;
}

static void
engine_on_version(const struct engine_reply *r, void *arg)
{
	struct engine_learning *n = arg;
	const char *api = json_str_or(r->json, "ApiVersion", "");
	const char *dot = strchr(api, '.');
	struct err bad = ERR_INIT;
	uint64_t minor = 0;

	if (r->e != NULL) {
		engine_learn_fail(n, r->e);
		return;
	}
	(void)snprintf(n->g->facts.version, sizeof(n->g->facts.version), "%s",
	    json_str_or(r->json, "Version", "unknown"));
	for (const struct json *c = json_first(json_get(r->json, "Components"));
	     c != NULL; c = json_next(c)) {
		if (strcmp(json_str_or(c, "Name", ""), "Podman Engine") == 0)
			n->g->facts.podman = true;
	}
	if (strncmp(api, "1.", 2) != 0 || dot == NULL ||
	    num_u64(dot + 1, 0, 1000, &minor, &bad) == -1 ||
	    minor < ENGINE_API_MINOR) {
		(void)err_set(&bad, ERR_INVALID,
		    "the engine at %s speaks API %.16s: 1.%d or later is "
		    "needed (Docker 20.10, Podman 4)",
		    n->g->socket, api, ENGINE_API_MINOR);
		engine_learn_fail(n, &bad);
	}
}

static bool
engine_has_option(const struct json *info, const char *name)
{
	for (const struct json *o =
		 json_first(json_get(info, "SecurityOptions"));
	     o != NULL; o = json_next(o)) {
		const char *v = json_string(o);
		size_t n = strlen(name);

		if (v != NULL && strncmp(v, name, n) == 0 &&
		    (v[n] == '\0' || v[n] == ','))
			return true;
	}
	return false;
}

/* With userns-remap Docker's folder ends with /UID.GID of the range. */
static int
engine_learn_remap(struct engine *g, const struct json *info, struct err *e)
{
	const char *dir = json_str_or(info, "DockerRootDir", "");
	const char *last = strrchr(dir, '/');
	AUTO_FREE char *uid = NULL;
	uint64_t n = 0;

	if (g->facts.podman || !engine_has_option(info, "name=userns"))
		return 0;
	uid = xstrndup(last == NULL ? "" : last + 1,
	    last == NULL ? 0 : strcspn(last + 1, "."));
	if (num_u64(uid, 1, UINT32_MAX - 65536, &n, e) == -1)
		return err_wrap(
		    e, "userns-remap: no range in the folder %.80s", dir);
	g->facts.remap = (uint32_t)n;
	return 0;
}

static void
engine_learn_runtimes(struct engine *g, const struct json *info)
{
	map_free(g->runtimes);
	g->runtimes = map_new();
	for (const struct json *r = json_first(json_get(info, "Runtimes"));
	     r != NULL; r = json_next(r))
		(void)map_put(g->runtimes, json_key(r), g);
}

static int
engine_learn_fit(struct engine *g, const struct json *info, struct err *e)
{
	engine_learn_runtimes(g, info);
	if (!engine_has_option(info, "name=seccomp"))
		return err_set(e, ERR_DENIED,
		    "the engine at %s has no seccomp: a sandbox would not be "
		    "one",
		    g->socket);
	if (engine_has_option(info, "name=rootless"))
		return err_set(e, ERR_DENIED,
		    "the engine at %s is rootless: it cannot join the "
		    "router's network",
		    g->socket);
	if (g->runtime != NULL && !engine_has_runtime(g, g->runtime))
		return err_set(e, ERR_NOTFOUND,
		    "the engine at %s has no runtime %.60s", g->socket,
		    g->runtime);
	return engine_learn_remap(g, info, e);
}

static void
engine_on_info(const struct engine_reply *r, void *arg)
{
	struct engine_learning *n = arg;
	struct err e = ERR_INIT;

	if (r->e != NULL)
		engine_learn_fail(n, r->e);
	else if (engine_learn_fit(n->g, r->json, &e) == -1)
		engine_learn_fail(n, &e);
}

int
engine_learn(struct engine *g, struct err *e)
{
	struct engine_learning n = { .g = g };

	memset(&g->facts, 0, sizeof(g->facts));
	engine_ask_now(g, "GET", "/version", engine_on_version, &n);
	if (!n.bad)
		engine_ask_now(g, "GET", "/info", engine_on_info, &n);
	if (n.bad) {
		*e = n.e;
		return -1;
	}
	log_info("engine socket=%s kind=%s version=%s userns=%s",
	    log_val(g->socket), g->facts.podman ? "podman" : "docker",
	    log_val(g->facts.version),
	    g->facts.podman           ? "by-project"
		: g->facts.remap != 0 ? "remap"
				      : "none");
	return 0;
}
