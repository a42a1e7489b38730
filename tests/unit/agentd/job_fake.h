/* job_fake: disks, links and the router for tests of jobs, without any. */
#ifndef TESTS_UNIT_AGENTD_JOB_FAKE_H
#define TESTS_UNIT_AGENTD_JOB_FAKE_H

#include "agentd/run/workdir.h"
#include "agentd/sandbox/netns.h"
#include "agentd/sandbox/routerctl.h"
#include "agentd/sandbox/workspace.h"
#include "tests/unit/agentd/driver_fake.h"

static int fix_links, fix_modes, fix_disks;

int
workdir_make(
    const struct sandbox_host *h, int64_t project, int64_t run, struct err *e)
{
	(void)h;
	(void)project;
	(void)run;
	(void)e;
	return 0;
}

void
workdir_path(const struct sandbox_host *h, int64_t project, int64_t run,
    const char *leaf, char *out, size_t max)
{
	(void)snprintf(out, max, "%s/%lld/%lld/%s", h->home, (long long)project,
	    (long long)run, leaf);
}

void
workspace_up(const struct sandbox_host *h, int64_t id, uint64_t size_mib,
    sandbox_done_fn *done, void *arg)
{
	(void)id;
	(void)size_mib;
	fix_disks++;
	fake_later(h->loop, NULL, done, arg);
}

void
workspace_remove(
    const struct sandbox_host *h, int64_t id, sandbox_done_fn *done, void *arg)
{
	(void)id;
	fake_later(h->loop, NULL, done, arg);
}

void
netns_project_up(
    const struct sandbox_host *h, int64_t id, sandbox_done_fn *done, void *arg)
{
	(void)id;
	fix_links++;
	fake_later(h->loop, NULL, done, arg);
}

void
netns_project_down(
    const struct sandbox_host *h, int64_t id, sandbox_done_fn *done, void *arg)
{
	(void)id;
	fix_links--;
	fake_later(h->loop, NULL, done, arg);
}

bool
netns_exists(const char *name)
{
	(void)name;
	return fix_links > 0;
}

void
routerctl_project_set(struct routerctl *c, int64_t id, const char *mode,
    const char *policy, routerctl_fn *fn, void *arg)
{
	(void)c;
	(void)id;
	(void)policy;
	assert_string_equal(mode, "web");
	fix_modes++;
	fn(NULL, NULL, arg);
}

void
routerctl_project_del(
    struct routerctl *c, int64_t id, routerctl_fn *fn, void *arg)
{
	(void)c;
	(void)id;
	fix_modes--;
	fn(NULL, NULL, arg);
}

#endif
