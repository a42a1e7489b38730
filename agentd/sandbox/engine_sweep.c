#include "agentd/sandbox/engine_sweep.h"

#include <dirent.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/sandbox/engine.h"
#include "agentd/sandbox/engine_places.h"
#include "agentd/sandbox/netns.h"
#include "agentd/sandbox/seq.h"
#include "agentd/sandbox/shim_watch.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/path.h"
#include "lib/wire/json.h"

enum {
	ENGINE_SWEEP_AGE_S = 120,
	ENGINE_SWEEP_MAX = 4096
};

struct engine_sweep {
	const struct sandbox_host *h;
	char *gone[ENGINE_SWEEP_MAX]; /* ids */
	size_t n, next;
	struct map *kept; /* names of those that stay */
	struct seq *seq;
};

/* "/coffer-INST-..." without the slash. */
static const char *
engine_sweep_name(const struct json *container)
{
	const char *name = json_string(
	    json_at(json_get(container, "Names"), 0));

	return name == NULL ? "" : name + (name[0] == '/');
}

static bool
engine_sweep_is_used(
    const struct engine_sweep *w, const struct json *c, const char *name)
{
	const struct json *labels = json_get(c, "Labels");
	const char *dir = json_str_or(labels, "coffer.dir", "");
	const char *project = strrchr(name, '-');
	int64_t age = clock_now_ms() / 1000 - json_i64_or(c, "Created", 0);
	AUTO_FREE char *netns = NULL;

	if (strcmp(json_str_or(labels, "coffer.role", ""), "holder") == 0) {
		netns = xasprintf(
		    "coffer-%s%s", w->h->inst, project != NULL ? project : "-");
		return netns_exists(netns);
	}
	return shim_alive(dir) ||
	    (age >= 0 && age < ENGINE_SWEEP_AGE_S &&
		strcmp(json_str_or(c, "State", ""), "created") == 0);
}

static void
engine_sweep_on_list(const struct engine_reply *r, void *arg)
{
	struct engine_sweep *w = arg;

	for (const struct json *c = r->e == NULL ? json_first(r->json) : NULL;
	     c != NULL; c = json_next(c)) {
		const char *name = engine_sweep_name(c);
		const char *id = json_str_or(c, "Id", "");

		if (engine_sweep_is_used(w, c, name))
			(void)map_put(w->kept, name, w);
		else if (w->n < ENGINE_SWEEP_MAX &&
		    strspn(id, "0123456789abcdef") == 64) {
			log_info("engine sweep container=%s", log_val(name));
			w->gone[w->n++] = xstrdup(id);
		}
	}
	seq_resume(r->e, w->seq);
}

static int
engine_sweep_list(struct seq *s, void *ctx, struct err *e)
{
	struct engine_sweep *w = ctx;
	/* {"label":["coffer.inst=INST"]} */
	AUTO_FREE char *path = xasprintf(
	    "/containers/json?all=1&filters="
	    "%%7B%%22label%%22%%3A%%5B%%22coffer.inst%%3D%s%%22%%5D%%7D",
	    w->h->inst);

	(void)e;
	w->seq = s;
	(void)engine_ask(
	    w->h->engine, "GET", path, NULL, 0, engine_sweep_on_list, w);
	return SEQ_WAIT;
}

static void
engine_sweep_next(const struct err *e, void *arg)
{
	struct engine_sweep *w = arg;

	if (e != NULL)
		log_warn("engine sweep why=%s", log_val(e->msg));
	if (w->next < w->n)
		engine_remove(
		    w->h->engine, w->gone[w->next++], engine_sweep_next, w);
	else
		seq_resume(NULL, w->seq);
}

static int
engine_sweep_containers(struct seq *s, void *ctx, struct err *e)
{
	struct engine_sweep *w = ctx;

	(void)s;
	(void)e;
	if (w->n == 0)
		return SEQ_DONE;
	engine_sweep_next(NULL, w);
	return SEQ_WAIT;
}

/* ID.cgroup, of a shim that did not end by itself. */
static void
engine_sweep_file(const struct engine_sweep *w, const char *name)
{
	AUTO_FREE char *at = engine_places_dir(w->h, name);
	AUTO_FREE char *id = xstrndup(name, strcspn(name, "."));

	if (strcmp(name + strlen(id), ".cgroup") == 0 &&
	    map_get(w->kept, id) == NULL)
		(void)unlink(at);
}

/* One folder of HOME/run/engine: places, or an image that was being made. */
static void
engine_sweep_place(const struct engine_sweep *w, const char *name)
{
	AUTO_FREE char *at = engine_places_dir(w->h, name);
	struct err bad = ERR_INIT;
	struct stat st;
	int r;

	if (lstat(at, &st) == -1 ||
	    st.st_ctime + ENGINE_SWEEP_AGE_S > clock_now_ms() / 1000 ||
	    map_get(w->kept, name) != NULL)
		return;
	if (!S_ISDIR(st.st_mode)) {
		engine_sweep_file(w, name);
		return;
	}
	r = name[0] == '.' ? path_rmtree(at, &bad)
			   : engine_places_unmount(at, &bad);
	if (r == -1)
		log_warn("engine sweep why=%s", log_val(bad.msg));
}

static int
engine_sweep_places(struct seq *s, void *ctx, struct err *e)
{
	struct engine_sweep *w = ctx;
	AUTO_FREE char *dir = path_join(w->h->home, "run/engine");
	DIR *d = opendir(dir);
	const struct dirent *ent;

	(void)s;
	(void)e;
	/* cppcheck-suppress readdirCalled ; the stream is our own */
	while (d != NULL && (ent = readdir(d)) != NULL) {
		if (strcmp(ent->d_name, ".") != 0 &&
		    strcmp(ent->d_name, "..") != 0)
			engine_sweep_place(w, ent->d_name);
	}
	if (d != NULL)
		(void)closedir(d);
	return SEQ_DONE;
}

static const struct seq_step engine_sweep_steps[] = {
	{ "list the containers", engine_sweep_list, NULL },
	{ "remove old containers", engine_sweep_containers, NULL },
	{ "remove old places", engine_sweep_places, NULL },
};

static void
engine_sweep_release(void *ctx)
{
	struct engine_sweep *w = ctx;

	for (size_t i = 0; i < w->n; i++)
		free(w->gone[i]);
	map_free(w->kept);
	free(w);
}

void
engine_sweep(const struct sandbox_host *h, sandbox_done_fn *done, void *arg)
{
	struct engine_sweep *w = xcalloc(1, sizeof(*w));

	w->h = h;
	w->kept = map_new();
	seq_start(&(struct seq_spec){ .loop = h->loop,
	    .steps = engine_sweep_steps,
	    .n = h->engine == NULL
		? 0
		: sizeof(engine_sweep_steps) / sizeof(engine_sweep_steps[0]),
	    .ctx = w,
	    .release = engine_sweep_release,
	    .done = done,
	    .arg = arg });
}
