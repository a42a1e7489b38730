#include <stdlib.h>

#include "agentd/runner/job_priv.h"
#include "agentd/sandbox/netns.h"
#include "agentd/sandbox/workspace.h"
#include "lib/base/alloc.h"

struct job_sweeping {
	const struct sandbox_host *host;
	int64_t id;
	sandbox_done_fn *done;
	void *arg;
};

static void
job_sweep_on_disk(const struct err *e, void *arg)
{
	struct job_sweeping *s = arg;

	s->done(e, s->arg);
	free(s);
}

static void
job_sweep_on_net(const struct err *e, void *arg)
{
	struct job_sweeping *s = arg;

	if (e != NULL) {
		job_sweep_on_disk(e, s);
		return;
	}
	workspace_remove(s->host, s->id, job_sweep_on_disk, s);
}

void
job_sweep(
    const struct sandbox_host *h, int slot, sandbox_done_fn *done, void *arg)
{
	struct job_sweeping *s = xcalloc(1, sizeof(*s));
	char name[HOST_NAME_MAX];

	s->host = h;
	s->id = job_slot_id(slot);
	s->done = done;
	s->arg = arg;
	host_project_netns(h, s->id, name);
	if (netns_exists(name))
		netns_project_down(h, s->id, job_sweep_on_net, s);
	else
		workspace_remove(h, s->id, job_sweep_on_disk, s);
}
