#include "agentd/sandbox/engine_driver.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agentd/sandbox/cgroup.h"
#include "agentd/sandbox/driver_end.h"
#include "agentd/sandbox/engine.h"
#include "agentd/sandbox/engine_conf.h"
#include "agentd/sandbox/engine_create.h"
#include "agentd/sandbox/engine_exec.h"
#include "agentd/sandbox/engine_holder.h"
#include "agentd/sandbox/engine_image.h"
#include "agentd/sandbox/engine_places.h"
#include "agentd/sandbox/rootfs.h"
#include "agentd/sandbox/seccomp.h"
#include "agentd/sandbox/seq.h"
#include "agentd/sandbox/share_look.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/io/timer.h"
#include "lib/wire/json.h"

enum {
	ENGINE_PAUSE_RETRY_MS = 100,
	ENGINE_PAUSE_LIMIT_MS = 10 * 1000
};

static char *
engine_shim_program(const struct sandbox_host *h)
{
	const char *slash = strrchr(h->shim, '/');

	return xasprintf(
	    "%.*s/coffer-engine-shim", (int)(slash - h->shim), h->shim);
}

/* Podman takes the profile's path, not its text. */
static int
engine_write_seccomp(const struct sandbox_host *h, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;
	AUTO_FREE char *dir = path_join(h->home, "run/engine");
	AUTO_FREE char *path = engine_seccomp_path(h);
	struct jw w;

	if (!engine_facts(h->engine)->podman)
		return 0;
	jw_init(&w, &text);
	seccomp_write(&w, NULL);
	if (path_mkdirs(dir, 0711, e) == -1)
		return -1;
	return path_write_atomic(path, text.p, text.len, 0600, e);
}

static int
engine_probe(const struct sandbox_host *h, struct err *e)
{
	AUTO_FREE char *shim = engine_shim_program(h);

	if (geteuid() != 0)
		return err_set(e, ERR_DENIED,
		    "the engine driver needs root; see coffer up");
	if (access(shim, X_OK) == -1)
		return err_sys(e, ERR_NOTFOUND,
		    "%s, which is installed with this program", shim);
	if (h->engine == NULL)
		return err_set(e, ERR_INVALID, "no engine_socket is set");
	if (engine_learn(h->engine, e) == -1 ||
	    engine_write_seccomp(h, e) == -1)
		return -1;
	return host_check(h, e);
}

/* ---- start ---- */

struct engine_start {
	const struct sandbox_host *h;
	char *id;
	char *dir;
	char *root;  /* NULL: the host's system */
	char *netns; /* NULL: none */
	char *places_dir;
	char **shares;
	struct engine_conf conf;
	struct engine_create create;
	char image[128];
	char net[128];
	struct err bad; /* of the preparation */
	struct seq *seq;
};

/*
 * Docker hands GPUs out by this hook, and says so only when it is too late;
 * Podman 4 takes the question by Docker's API and forgets it.
 */
static int
engine_check_gpus(const struct sandbox_host *h, struct err *e)
{
	static const char *const hooks[] = {
		"/usr/bin/nvidia-container-runtime-hook",
		"/usr/local/bin/nvidia-container-runtime-hook", NULL
	};

	if (engine_facts(h->engine)->podman)
		return err_set(e, ERR_INVALID,
		    "Podman gives no GPUs by Docker's API: they are for Docker "
		    "with the NVIDIA container toolkit");
	for (size_t i = 0; hooks[i] != NULL; i++) {
		if (access(hooks[i], X_OK) == 0)
			return 0;
	}
	return err_set(e, ERR_NOTFOUND,
	    "no GPUs: %s is not there; install the NVIDIA container toolkit",
	    hooks[0]);
}

/* Its root would have all capabilities, in a user namespace of sysbox's: that
 * is another kind of container than what is made here. */
static int
engine_check_spec(
    const struct sandbox_host *h, const struct sandbox_spec *s, struct err *e)
{
	if (s->runtime != NULL && !engine_has_runtime(h->engine, s->runtime))
		return err_set(e, ERR_NOTFOUND,
		    "the engine at %s has no runtime %.60s: it names those "
		    "that it has by `docker info` or `podman info`",
		    engine_socket(h->engine), s->runtime);
	if (s->gpus != NULL && engine_check_gpus(h, e) == -1)
		return -1;
	if (s->docker)
		return err_set(e, ERR_INVALID,
		    "an engine in the sandbox: the driver engine cannot make "
		    "containers of sysbox-runc in this version");
	return 0;
}

static int
engine_check(
    const struct sandbox_host *h, const struct sandbox_spec *s, struct err *e)
{
	struct sandbox_spec seen = *s;
	char netns[HOST_NAME_MAX];

	/* The holder's uids are those of its project. */
	host_project_netns(h, host_uid_base_project(s->uid_base), netns);
	if (s->net == SPEC_NET_JOIN && s->netns != NULL &&
	    strcmp(s->netns, netns) != 0)
		return err_set(e, ERR_INVALID,
		    "the namespace %.60s is of another project than the uids",
		    s->netns);
	if (engine_uid_range(engine_facts(h->engine), s->uid_base) == 0)
		return err_set(e, ERR_LIMIT,
		    "project %lld has no uids with this engine: it takes none "
		    "from 2^31 on",
		    (long long)host_uid_base_project(s->uid_base));
	if (engine_check_spec(h, s, e) == -1)
		return -1;
	/* Its image may be one that the engine has. */
	seen.root = NULL;
	if (spec_validate(s, h->home, e) == -1 ||
	    spec_check_sources(&seen, e) == -1)
		return -1;
	return 0;
}

static int
engine_prepare(
    struct engine_start *o, const struct sandbox_spec *s, struct err *e)
{
	const struct engine_facts *f = engine_facts(o->h->engine);
	AUTO_FREE char *started = path_join(o->dir, "started");
	struct engine_places p = { .n = 0 };
	const struct engine_places_who who = {
		.agent = engine_agent_uid(f, s->uid_base),
		.root = engine_root_uid(f, s->uid_base),
		.uid_base = s->uid_base,
		.range = engine_uid_range(f, s->uid_base),
	};
	int r;

	if (engine_check(o->h, s, e) == -1 ||
	    path_mkdirs(o->dir, 0711, e) == -1)
		return -1;
	if (shim_alive(o->dir))
		return err_set(
		    e, ERR_EXISTS, "a sandbox is running in %s", o->dir);
	(void)unlink(started);
	if (engine_places_unmount(o->places_dir, e) == -1)
		return -1;
	r = engine_places_make(o->h, s, &who, o->places_dir, &p, e);
	if (r == 0)
		engine_create_init(&o->create,
		    &(struct engine_create_spec){ .h = o->h,
			.spec = s,
			.places = &p,
			.places_dir = o->places_dir,
			.dir = o->dir,
			.own_name = f->podman || s->net == SPEC_NET_OFF });
	engine_places_release(&p);
	return r;
}

static int
engine_start_prepared(struct seq *s, void *ctx, struct err *e)
{
	struct engine_start *o = ctx;

	o->seq = s;
	if (o->bad.code == ERR_NONE)
		return SEQ_DONE;
	*e = o->bad;
	return -1;
}

static void
engine_start_on_image(const char *id, const struct err *e, void *arg)
{
	struct engine_start *o = arg;

	if (id != NULL)
		(void)snprintf(o->image, sizeof(o->image), "%s", id);
	seq_resume(e, o->seq);
}

static int
engine_start_image(struct seq *s, void *ctx, struct err *e)
{
	struct engine_start *o = ctx;

	(void)s;
	(void)e;
	engine_image_get(o->h, o->root, engine_start_on_image, o);
	return SEQ_WAIT;
}

static void
engine_start_on_net(const char *net, const struct err *e, void *arg)
{
	struct engine_start *o = arg;

	if (net != NULL)
		(void)snprintf(o->net, sizeof(o->net), "%s", net);
	seq_resume(e, o->seq);
}

static int
engine_start_net(struct seq *s, void *ctx, struct err *e)
{
	struct engine_start *o = ctx;

	(void)s;
	(void)e;
	(void)snprintf(o->net, sizeof(o->net), "none");
	if (o->netns == NULL)
		return SEQ_DONE;
	engine_net_find(o->h, o->netns, engine_start_on_net, o);
	return SEQ_WAIT;
}

static void
engine_start_on_created(const struct engine_reply *r, void *arg)
{
	struct engine_start *o = arg;
	const char *id = json_str_or(r->json, "Id", "");
	struct err e = ERR_INIT;

	if (r->e == NULL &&
	    (strlen(id) != 64 || strspn(id, "0123456789abcdef") != 64))
		(void)err_set(
		    &e, ERR_PROTO, "the engine: a container without an id");
	else if (r->e == NULL)
		o->conf.container = xstrdup(id);
	seq_resume(e.code != ERR_NONE ? &e : r->e, o->seq);
}

static int
engine_start_create(struct seq *s, void *ctx, struct err *e)
{
	struct engine_start *o = ctx;
	AUTO_FREE char *path = engine_create_path(o->h, o->id);
	AUTO_STR struct str body = STR_INIT;

	(void)s;
	engine_create_end(&o->create, o->image, o->net, &body);
	if (!str_ok(&o->create.config) || !str_ok(&o->create.host))
		return err_set(e, ERR_LIMIT, "the sandbox's config is too big");
	(void)engine_ask(
	    o->h->engine, "POST", path, &body, 0, engine_start_on_created, o);
	explicit_bzero(body.p, body.len);
	return SEQ_WAIT;
}

static int
engine_start_uncreate(struct seq *s, void *ctx, struct err *e)
{
	struct engine_start *o = ctx;

	(void)e;
	engine_remove(o->h->engine, o->conf.container, seq_resume, s);
	return SEQ_WAIT;
}

static int
engine_start_look(struct seq *s, void *ctx, struct err *e)
{
	const struct engine_start *o = ctx;

	(void)e;
	share_look(o->h, (const char *const *)o->shares, seq_resume, s);
	return SEQ_WAIT;
}

static int
engine_start_shim(struct seq *s, void *ctx, struct err *e)
{
	struct engine_start *o = ctx;
	AUTO_FREE char *shim = engine_shim_program(o->h);
	AUTO_STR struct str text = STR_INIT;
	const char *const argv[] = { shim, o->dir, NULL };

	engine_conf_write(&o->conf, &text);
	if (rootfs_put(o->dir, "/engine.json", text.p, text.len, e) == -1)
		return -1;
	return seq_cmd(s, argv, (struct view){ .p = NULL }, false, e);
}

static const struct seq_step engine_start_steps[] = {
	{ "prepare the sandbox", engine_start_prepared, NULL },
	{ "look at what is shared", engine_start_look, NULL },
	{ "image", engine_start_image, NULL },
	{ "network", engine_start_net, NULL },
	{ "make the sandbox", engine_start_create, engine_start_uncreate },
	{ "start the sandbox", engine_start_shim, NULL },
};

static void
engine_start_free(struct engine_start *o)
{
	engine_create_release(&o->create);
	engine_conf_release(&o->conf);
	free(o->id);
	free(o->dir);
	free(o->root);
	free(o->netns);
	free(o->places_dir);
	share_list_free(o->shares);
	free(o);
}

struct engine_started {
	struct engine_start *o;
	sandbox_done_fn *done;
	void *arg;
};

static void
engine_start_done(const struct err *e, void *arg)
{
	struct engine_started *d = arg;
	struct err bad = ERR_INIT;

	if (e != NULL)
		(void)engine_places_unmount(d->o->places_dir, &bad);
	d->done(e, d->arg);
	engine_start_free(d->o);
	free(d);
}

static void
engine_start(const struct sandbox_host *h, const struct sandbox_spec *s,
    const char *dir, sandbox_done_fn *done, void *arg)
{
	struct engine_start *o = xcalloc(1, sizeof(*o));
	struct engine_started *d = xcalloc(1, sizeof(*d));

	o->h = h;
	o->id = xstrdup(s->id);
	o->dir = xstrdup(dir);
	o->root = s->root != NULL ? xstrdup(s->root) : NULL;
	o->places_dir = engine_places_dir(h, s->id);
	o->shares = share_list(s);
	if (s->net == SPEC_NET_JOIN && s->netns != NULL)
		o->netns = xstrdup(s->netns);
	o->conf = (struct engine_conf){
		.socket = xstrdup(engine_socket(h->engine)),
		.places = xstrdup(o->places_dir),
		.stdin_path = s->stdin_path != NULL ? xstrdup(s->stdin_path)
						    : NULL,
		.owner = engine_facts(h->engine)->podman
		    ? s->uid_base + HOST_AGENT_UID
		    : 0,
		.limit = spec_limits_of(s).output,
		.tail = spec_limits_of(s).output_end,
		.wall_ms = spec_limits_of(s).wall_ms,
		.split = s->split_stderr,
		.hold = s->hold,
		.init = s->init,
	};
	(void)engine_prepare(o, s, &o->bad);
	*d = (struct engine_started){ .o = o, .done = done, .arg = arg };
	seq_start(&(struct seq_spec){ .loop = h->loop,
	    .steps = engine_start_steps,
	    .n = sizeof(engine_start_steps) / sizeof(engine_start_steps[0]),
	    .ctx = o,
	    .done = engine_start_done,
	    .arg = d });
}

/* ---- orders ---- */

struct engine_pause {
	struct engine *engine;
	struct timer *timer;
	char *id;
	bool frozen;
	int64_t until; /* clock_mono_ms */
	struct err e;  /* of the order */
	sandbox_done_fn *done;
	void *arg;
};

static void
engine_pause_end(struct engine_pause *p, const struct err *e)
{
	p->done(e, p->arg);
	timer_free(p->timer);
	free(p->id);
	free(p);
}

/* The freezer of cgroup v1 may not get to its end, and the runtime gives up
 * early: once more, while it runs. */
static void
engine_on_pause_seen(const struct engine_reply *r, void *arg)
{
	struct engine_pause *p = arg;
	const struct json *state = json_get(r->json, "State");
	bool paused = json_bool_or(state, "Paused", !p->frozen);

	if (r->e == NULL && paused == p->frozen)
		engine_pause_end(p, NULL);
	else if (r->e == NULL && json_bool_or(state, "Running", false) &&
	    clock_mono_ms() < p->until)
		timer_set(p->timer, ENGINE_PAUSE_RETRY_MS);
	else
		engine_pause_end(p, &p->e);
}

/* An engine refuses to do what is so already. */
static void
engine_on_paused(const struct engine_reply *r, void *arg)
{
	struct engine_pause *p = arg;
	AUTO_FREE char *path = xasprintf("/containers/%s/json", p->id);

	if (r->e == NULL) {
		engine_pause_end(p, NULL);
		return;
	}
	p->e = *r->e;
	(void)engine_ask(
	    p->engine, "GET", path, NULL, 0, engine_on_pause_seen, p);
}

static void
engine_pause_try(void *arg)
{
	struct engine_pause *p = arg;
	AUTO_FREE char *path = xasprintf(
	    "/containers/%s/%s", p->id, p->frozen ? "pause" : "unpause");

	(void)engine_ask(p->engine, "POST", path, NULL, 0, engine_on_paused, p);
}

static void
engine_pause(const struct sandbox_host *h, const char *id, bool frozen,
    sandbox_done_fn *done, void *arg)
{
	struct engine_pause *p = xcalloc(1, sizeof(*p));

	p->engine = h->engine;
	p->timer = timer_new(h->loop, engine_pause_try, p);
	p->id = xstrdup(id);
	p->frozen = frozen;
	p->until = clock_mono_ms() + ENGINE_PAUSE_LIMIT_MS;
	p->done = done;
	p->arg = arg;
	engine_pause_try(p);
}

/* ---- destroy ---- */

struct engine_destroy {
	const struct sandbox_host *h;
	char *id;
	char *dir;
};

static int
engine_destroy_shim(struct seq *s, void *ctx, struct err *e)
{
	const struct engine_destroy *o = ctx;

	return driver_end_shim(s, o->dir, e);
}

/* Before the container: the engine may be away, and mounts must not stay. */
static int
engine_destroy_places(struct seq *s, void *ctx, struct err *e)
{
	const struct engine_destroy *o = ctx;
	AUTO_FREE char *places = engine_places_dir(o->h, o->id);

	(void)s;
	return engine_places_unmount(places, e);
}

static int
engine_destroy_container(struct seq *s, void *ctx, struct err *e)
{
	struct engine_destroy *o = ctx;

	(void)e;
	engine_remove(o->h->engine, o->id, seq_resume, s);
	return SEQ_WAIT;
}

static int
engine_destroy_files(struct seq *s, void *ctx, struct err *e)
{
	const struct engine_destroy *o = ctx;
	AUTO_FREE char *places = engine_places_dir(o->h, o->id);
	AUTO_FREE char *cgroup = xasprintf("%s.cgroup", places);

	(void)s;
	(void)unlink(cgroup);
	return driver_end_files(o->dir, "engine.json", e);
}

static void
engine_destroy_release(void *ctx)
{
	struct engine_destroy *o = ctx;

	free(o->id);
	free(o->dir);
	free(o);
}

static const struct seq_step engine_destroy_steps[] = {
	{ "end the sandbox", engine_destroy_shim, NULL },
	{ "unmount its places", engine_destroy_places, NULL },
	{ "remove the sandbox", engine_destroy_container, NULL },
	{ "remove its files", engine_destroy_files, NULL },
};

static void
engine_destroy(const struct sandbox_host *h, const char *id, const char *dir,
    sandbox_done_fn *done, void *arg)
{
	struct engine_destroy *o = xcalloc(1, sizeof(*o));

	o->h = h;
	o->id = xstrdup(id);
	o->dir = xstrdup(dir);
	seq_start(&(struct seq_spec){ .loop = h->loop,
	    .steps = engine_destroy_steps,
	    .n = sizeof(engine_destroy_steps) / sizeof(engine_destroy_steps[0]),
	    .ctx = o,
	    .release = engine_destroy_release,
	    .done = done,
	    .arg = arg });
}

/* ---- use and state ---- */

/* The shim wrote down where its cgroup is. */
static int
engine_use(const struct sandbox_host *h, const char *id, struct cgroup_use *out,
    struct err *e)
{
	AUTO_FREE char *places = engine_places_dir(h, id);
	AUTO_FREE char *path = xasprintf("%s.cgroup", places);
	AUTO_STR struct str cgroup = STR_INIT;

	if (path_read(path, 4096, &cgroup, e) == -1)
		return -1;
	cgroup_read_use(str_cstr(&cgroup), out);
	return out->pids == -1 && out->memory == -1
	    ? err_set(e, ERR_NOTFOUND, "%s does not run", id)
	    : 0;
}

struct engine_question {
	char *out;
	struct err e;
	int r;
};

static void
engine_on_state(const struct engine_reply *r, void *arg)
{
	struct engine_question *q = arg;

	q->r = r->e == NULL ? 0 : -1;
	if (r->e != NULL)
		q->e = *r->e;
	else
		(void)snprintf(q->out, 16, "%s",
		    json_str_or(json_get(r->json, "State"), "Status", ""));
}

int
engine_state(
    const struct sandbox_host *h, const char *id, char out[16], struct err *e)
{
	AUTO_FREE char *path = xasprintf("/containers/%s/json", id);
	struct engine_question q = { .r = 0 };

	q.out = out;
	engine_ask_now(h->engine, "GET", path, engine_on_state, &q);
	if (q.r == -1) {
		*e = q.e;
		return err_wrap(e, "sandbox %s", id);
	}
	return 0;
}

const struct driver engine_driver = {
	.name = "engine",
	.probe = engine_probe,
	.start = engine_start,
	.exec = engine_exec,
	.exec_resize = engine_exec_resize,
	.exec_kill = engine_exec_kill,
	.go = driver_end_go,
	.kill = driver_end_kill,
	.pause = engine_pause,
	.use = engine_use,
	.check = engine_check_spec,
	.destroy = engine_destroy,
};
