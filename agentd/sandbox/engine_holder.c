#include "agentd/sandbox/engine_holder.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agentd/sandbox/engine.h"
#include "agentd/sandbox/engine_create.h"
#include "agentd/sandbox/engine_image.h"
#include "agentd/sandbox/netns.h"
#include "agentd/sandbox/seq.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

struct engine_holder {
	const struct sandbox_host *h;
	int64_t id;
	char netns[HOST_NAME_MAX];
	char name[HOST_NAME_MAX]; /* of the container */
	bool keep;                /* one that is good */
	bool good;                /* it holds what has the name */
	char image[128];
	int64_t pid;
	struct seq *seq;
};

/* Is the namespace of the process the one that has the name? */
static bool
engine_holder_is(const char *netns, int64_t pid)
{
	AUTO_FREE char *named = xasprintf("/run/netns/%s", netns);
	AUTO_FREE char *own = xasprintf("/proc/%" PRId64 "/ns/net", pid);
	struct stat a;
	struct stat b;

	return pid > 1 && stat(named, &a) == 0 && stat(own, &b) == 0 &&
	    a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

static int64_t
engine_holder_pid(const struct json *container)
{
	const struct json *state = json_get(container, "State");

	return json_bool_or(state, "Running", false)
	    ? json_i64_or(state, "Pid", 0)
	    : 0;
}

static void
engine_holder_on_seen(const struct engine_reply *r, void *arg)
{
	struct engine_holder *o = arg;

	o->good = r->e == NULL && o->keep &&
	    engine_holder_is(o->netns, engine_holder_pid(r->json));
	seq_resume(r->e != NULL && r->status != 404 ? r->e : NULL, o->seq);
}

static int
engine_holder_look(struct seq *s, void *ctx, struct err *e)
{
	struct engine_holder *o = ctx;
	AUTO_FREE char *path = xasprintf("/containers/%s/json", o->name);

	(void)e;
	o->seq = s;
	(void)engine_ask(
	    o->h->engine, "GET", path, NULL, 0, engine_holder_on_seen, o);
	return SEQ_WAIT;
}

static int
engine_holder_remove(struct seq *s, void *ctx, struct err *e)
{
	struct engine_holder *o = ctx;

	(void)e;
	o->seq = s;
	if (o->good)
		return SEQ_DONE;
	engine_remove(o->h->engine, o->name, seq_resume, s);
	return SEQ_WAIT;
}

static int
engine_holder_unname(struct seq *s, void *ctx, struct err *e)
{
	struct engine_holder *o = ctx;
	const char *const argv[] = { "/usr/sbin/ip", "netns", "delete",
		o->netns, NULL };

	if (o->good || !netns_exists(o->netns))
		return SEQ_DONE;
	return seq_cmd(s, argv, (struct view){ .p = NULL }, false, e);
}

static void
engine_holder_on_image(const char *id, const struct err *e, void *arg)
{
	struct engine_holder *o = arg;

	if (id != NULL)
		(void)snprintf(o->image, sizeof(o->image), "%s", id);
	seq_resume(e, o->seq);
}

static int
engine_holder_image(struct seq *s, void *ctx, struct err *e)
{
	struct engine_holder *o = ctx;

	(void)s;
	(void)e;
	if (o->good)
		return SEQ_DONE;
	engine_image_get(o->h, NULL, engine_holder_on_image, o);
	return SEQ_WAIT;
}

static void
engine_holder_on_step(const struct engine_reply *r, void *arg)
{
	struct engine_holder *o = arg;

	seq_resume(r->e, o->seq);
}

static int
engine_holder_create(struct seq *s, void *ctx, struct err *e)
{
	struct engine_holder *o = ctx;
	AUTO_FREE char *path = engine_create_path(o->h, o->name);
	AUTO_STR struct str body = STR_INIT;

	(void)s;
	(void)e;
	if (o->good)
		return SEQ_DONE;
	engine_create_holder(o->h, o->id, o->name, o->image, &body);
	(void)engine_ask(
	    o->h->engine, "POST", path, &body, 0, engine_holder_on_step, o);
	return SEQ_WAIT;
}

/* Whatever of it is there goes again. */
static int
engine_holder_undo(struct seq *s, void *ctx, struct err *e)
{
	struct engine_holder *o = ctx;

	return engine_holder_remove(s, o, e);
}

static int
engine_holder_start(struct seq *s, void *ctx, struct err *e)
{
	struct engine_holder *o = ctx;
	AUTO_FREE char *path = xasprintf("/containers/%s/start", o->name);

	(void)s;
	(void)e;
	if (o->good)
		return SEQ_DONE;
	(void)engine_ask(
	    o->h->engine, "POST", path, NULL, 0, engine_holder_on_step, o);
	return SEQ_WAIT;
}

static void
engine_holder_on_started(const struct engine_reply *r, void *arg)
{
	struct engine_holder *o = arg;
	struct err e = ERR_INIT;

	o->pid = engine_holder_pid(r->json);
	if (r->e == NULL && o->pid <= 1)
		(void)err_set(
		    &e, ERR_INTERNAL, "container %s ended at once", o->name);
	seq_resume(e.code != ERR_NONE ? &e : r->e, o->seq);
}

static int
engine_holder_ask(struct seq *s, void *ctx, struct err *e)
{
	struct engine_holder *o = ctx;
	AUTO_FREE char *path = xasprintf("/containers/%s/json", o->name);

	(void)s;
	(void)e;
	if (o->good)
		return SEQ_DONE;
	(void)engine_ask(
	    o->h->engine, "GET", path, NULL, 0, engine_holder_on_started, o);
	return SEQ_WAIT;
}

static int
engine_holder_name(struct seq *s, void *ctx, struct err *e)
{
	struct engine_holder *o = ctx;
	AUTO_FREE char *pid = xasprintf("%" PRId64, o->pid);
	const char *const argv[] = { "/usr/sbin/ip", "netns", "attach",
		o->netns, pid, NULL };

	if (o->good)
		return SEQ_DONE;
	return seq_cmd(s, argv, (struct view){ .p = NULL }, false, e);
}

static const struct seq_step engine_holder_up[] = {
	{ "look for the holder", engine_holder_look, NULL },
	{ "remove an old holder", engine_holder_remove, NULL },
	{ "remove an old namespace", engine_holder_unname, NULL },
	{ "image of the holder", engine_holder_image, NULL },
	{ "make the holder", engine_holder_create, engine_holder_undo },
	{ "start the holder", engine_holder_start, NULL },
	{ "ask for the holder", engine_holder_ask, NULL },
	{ "name its namespace", engine_holder_name, engine_holder_unname },
};
static const struct seq_step engine_holder_down[] = {
	{ "remove the holder", engine_holder_remove, NULL },
};

bool
engine_holds_networks(const struct sandbox_host *h)
{
	return h->engine != NULL;
}

static void
engine_holder_run(const struct sandbox_host *h, int64_t id, bool keep,
    const struct seq_step *steps, size_t n, sandbox_done_fn *done, void *arg)
{
	struct engine_holder *o = xcalloc(1, sizeof(*o));

	o->h = h;
	o->id = id;
	o->keep = keep;
	host_project_netns(h, id, o->netns);
	(void)snprintf(o->name, sizeof(o->name), "coffer-%s-holder-p%" PRId64,
	    h->inst, id);
	seq_start(&(struct seq_spec){ .loop = h->loop,
	    .steps = steps,
	    .n = n,
	    .ctx = o,
	    .release = free,
	    .done = done,
	    .arg = arg });
}

void
engine_net_up(const struct sandbox_host *h, int64_t id, bool keep,
    sandbox_done_fn *done, void *arg)
{
	engine_holder_run(h, id, keep, engine_holder_up,
	    sizeof(engine_holder_up) / sizeof(engine_holder_up[0]), done, arg);
}

void
engine_net_down(
    const struct sandbox_host *h, int64_t id, sandbox_done_fn *done, void *arg)
{
	engine_holder_run(h, id, false, engine_holder_down, 1, done, arg);
}

/* ---- to join it ---- */

struct engine_net_search {
	const struct sandbox_host *h;
	char netns[HOST_NAME_MAX];
	engine_net_fn *fn;
	void *arg;
};

static void
engine_net_on_seen(const struct engine_reply *r, void *arg)
{
	struct engine_net_search *n = arg;
	const char *id = json_str_or(r->json, "Id", "");
	struct err e = ERR_INIT;
	char net[96];

	(void)snprintf(net, sizeof(net), "container:%.64s", id);
	if (r->e != NULL && r->status != 404)
		e = *r->e;
	else if (!engine_holder_is(n->netns, engine_holder_pid(r->json)))
		(void)err_set(&e, ERR_NOTFOUND,
		    "nobody holds the namespace %s: stop and start the "
		    "sandbox",
		    n->netns);
	n->fn(e.code == ERR_NONE ? net : NULL, e.code == ERR_NONE ? NULL : &e,
	    n->arg);
	free(n);
}

void
engine_net_find(const struct sandbox_host *h, const char *netns,
    engine_net_fn *fn, void *arg)
{
	struct engine_net_search *n = xcalloc(1, sizeof(*n));
	const char *project = strrchr(netns, '-');
	AUTO_FREE char *path = xasprintf("/containers/coffer-%s-holder%s/json",
	    h->inst, project != NULL ? project : "-");

	n->h = h;
	n->fn = fn;
	n->arg = arg;
	(void)snprintf(n->netns, sizeof(n->netns), "%s", netns);
	(void)engine_ask(
	    h->engine, "GET", path, NULL, 0, engine_net_on_seen, n);
}
