#include <dirent.h>

#include <inttypes.h>

#include "agentd/sandbox/netns.h"
#include "agentd/sandbox/sandbox_priv.h"
#include "agentd/sandbox/workspace.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/base/path.h"

enum {
	SANDBOX_ADOPT_AT_ONCE = 4
};

struct sandbox_adopt {
	struct sandboxes *m;
	int64_t *ids;
	size_t n;
	size_t next;
	size_t running; /* operations */
	bool turning;   /* sandbox_adopt_more is deferred */
	struct err first;
	sandbox_done_fn *done;
	void *arg;
};

static void sandbox_adopt_more(void *arg);

static void
sandbox_adopt_note(struct sandbox_adopt *a, const struct err *e)
{
	if (e == NULL)
		return;
	log_error("sandbox not-adopted reason=%s", log_val(e->msg));
	if (a->first.code == ERR_NONE)
		a->first = *e;
}

static void
sandbox_adopt_on_done(const struct err *e, void *arg)
{
	struct sandbox_adopt *a = arg;

	sandbox_adopt_note(a, e);
	a->running--;
	if (a->turning)
		return;
	a->turning = true;
	loop_defer(a->m->h->loop, sandbox_adopt_more, a);
}

/* Did a stop that a crash cut short leave something of it up? */
static bool
sandbox_has_rest(const struct sandboxes *m, int64_t id)
{
	AUTO_FREE char *dir = session_dir(m->h, id);
	char netns[HOST_NAME_MAX];

	host_project_netns(m->h, id, netns);
	return shim_alive(dir) || netns_exists(netns) ||
	    workspace_is_mounted(m->h, id);
}

static void
sandbox_adopt_one(struct sandbox_adopt *a, int64_t id)
{
	struct session s = { .wanted = false };
	struct err e = ERR_INIT;
	struct sandbox *b;

	if (session_load(a->m->h, id, &s, &e) == -1) {
		sandbox_adopt_note(a, &e);
		return;
	}
	b = sandbox_get(a->m, id);
	if (b->busy || b->state != SANDBOX_STOPPED) {
		session_release(&s);
		return;
	}
	session_release(&b->session);
	b->session = s;
	if (workspace_recover(a->m->h, id, s.p.generation, &e) == -1)
		sandbox_adopt_note(a, &e);
	if (!s.wanted && !sandbox_has_rest(a->m, id))
		return;
	/* Its token is dead: it begins with another. */
	if (s.wanted && s.p.gitconfig[0] == '\0' && !sandbox_session_is_good(b))
		return;
	a->running++;
	if (s.wanted)
		sandbox_bring_up(b, sandbox_adopt_on_done, a);
	else
		sandbox_take_down(b, false, sandbox_adopt_on_done, a);
}

static void
sandbox_adopt_more(void *arg)
{
	struct sandbox_adopt *a = arg;

	a->turning = false;
	while (a->next < a->n && a->running < SANDBOX_ADOPT_AT_ONCE)
		sandbox_adopt_one(a, a->ids[a->next++]);
	if (a->running > 0 || a->next < a->n)
		return;
	a->done(a->first.code != ERR_NONE ? &a->first : NULL, a->arg);
	free(a->ids);
	free(a);
}

static void
sandbox_adopt_list(struct sandbox_adopt *a)
{
	AUTO_FREE char *dir = path_join(a->m->h->home, "sandboxes");
	DIR *d = opendir(dir);
	const struct dirent *ent;
	size_t cap = 0;

	/* cppcheck-suppress readdirCalled ; the stream is our own */
	while (d != NULL && (ent = readdir(d)) != NULL) {
		AUTO_FREE char *state = xasprintf(
		    "%s/%s/state.json", dir, ent->d_name);
		struct err e = ERR_INIT;
		int64_t id;

		if (num_i64(ent->d_name, 1, HOST_MAX_PROJECT, &id, &e) == -1 ||
		    access(state, F_OK) == -1)
			continue;
		if (a->n == cap) {
			cap = cap == 0 ? 64 : cap * 2;
			a->ids = xrealloc(a->ids, cap * sizeof(*a->ids));
		}
		a->ids[a->n++] = id;
	}
	if (d != NULL)
		(void)closedir(d);
}

void
sandboxes_adopt(struct sandboxes *m, sandbox_done_fn *done, void *arg)
{
	struct sandbox_adopt *a = xcalloc(1, sizeof(*a));

	a->m = m;
	a->done = done;
	a->arg = arg;
	sandbox_adopt_list(a);
	a->turning = true;
	loop_defer(m->h->loop, sandbox_adopt_more, a);
}
