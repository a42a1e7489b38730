#include "agentd/sandbox/netns_priv.h"
#include "agentd/sandbox/routerctl.h"
#include "agentd/sandbox/sandbox_priv.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/wire/json.h"

enum {
	SANDBOX_AGAIN_MS = 100
};

static void
sandbox_on_told(const struct json *reply, const struct err *e, void *arg)
{
	(void)reply;
	(void)arg;
	if (e != NULL)
		log_warn("sandbox router-not-told reason=%s", log_val(e->msg));
}

static void
sandbox_tell(struct sandbox *b)
{
	struct sandboxes *m = b->m;
	char router[HOST_NAME_MAX], link[HOST_IF_MAX];

	if (b->state != SANDBOX_RUNNING)
		return;
	host_router_netns(m->h, router);
	host_project_link(m->h, b->id, link);
	if (netns_has_link(router, link)) {
		routerctl_project_set(m->router, b->id, b->session.p.mode,
		    b->session.p.policy, sandbox_on_told, NULL);
		return;
	}
	b->cause = "wiring";
	sandbox_set_state(b, SANDBOX_FAILED, "its link to the router is gone");
	if (m->on_lost != NULL)
		m->on_lost(
		    b->id, b->cause, "its link to the router is gone", m->arg);
}

static routerctl_fn sandbox_on_projects;

/* One that is busy may have told the router before: when it has done. */
void
sandbox_tell_again(void *arg)
{
	struct sandboxes *m = arg;
	size_t cursor = 0;
	bool busy = false;
	void *v;

	while (map_next(m->map, &cursor, NULL, &v)) {
		struct sandbox *b = v;

		if (!b->untold)
			continue;
		if (b->busy) {
			busy = true;
			continue;
		}
		b->untold = false;
		sandbox_tell(b);
	}
	if (m->unswept)
		routerctl_projects(m->router, sandbox_on_projects, m);
	m->unswept = false;
	if (busy)
		timer_set(m->again, SANDBOX_AGAIN_MS);
}

/*
 * What was stopped while the router was away is in its tables still.  The
 * runner's jobs are at the end of the ids.
 */
static void
sandbox_on_projects(const struct json *reply, const struct err *e, void *arg)
{
	struct sandboxes *m = arg;

	if (e != NULL) {
		sandbox_on_told(reply, e, NULL);
		return;
	}
	for (const struct json *p = json_first(json_get(reply, "projects"));
	     p != NULL; p = json_next(p)) {
		int64_t id = json_i64_or(p, "id", 0);
		const struct sandbox *b = sandbox_find(m, id);

		if (b != NULL && b->busy && b->state == SANDBOX_STOPPING)
			m->unswept = true;
		if (id < 1 || id > HOST_MAX_PROJECT - HOST_MAX_JOB_SLOT ||
		    (b != NULL && (b->busy || b->state != SANDBOX_STOPPED)))
			continue;
		log_info("sandbox router-forgets project=%lld", (long long)id);
		routerctl_project_del(m->router, id, sandbox_on_told, NULL);
	}
	if (m->unswept)
		timer_set(m->again, SANDBOX_AGAIN_MS);
}

void
sandboxes_tell_router(struct sandboxes *m)
{
	size_t cursor = 0;
	void *v;

	routerctl_projects(m->router, sandbox_on_projects, m);
	while (map_next(m->map, &cursor, NULL, &v))
		((struct sandbox *)v)->untold = true;
	sandbox_tell_again(m);
}
