/* workdir_fake: runs' folders in a workspace, without a workspace. */
#ifndef TESTS_UNIT_AGENTD_WORKDIR_FAKE_H
#define TESTS_UNIT_AGENTD_WORKDIR_FAKE_H

#include "agentd/run/workdir.h"
#include "tests/unit/agentd/driver_fake.h"

/* What the agent left behind; of the fakes below. */
static const char *fix_message;
static const char *fix_form; /* review.json or result.json; NULL: none */
static int fix_removed;

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
	(void)snprintf(out, max, "%s/sandboxes/%lld/ws/runs/%lld/%s", h->home,
	    (long long)project, (long long)run, leaf);
}

int
workdir_out(const struct sandbox_host *h, int64_t project, int64_t run,
    const char *leaf, size_t max, struct str *text, struct err *e)
{
	(void)h;
	(void)project;
	(void)run;
	(void)max;
	if (strcmp(leaf, "message.md") != 0) {
		str_add(text, fix_form == NULL ? "" : fix_form);
		return 0;
	}
	if (fix_message == NULL)
		return err_set(e, ERR_DENIED, "message.md: not a regular file");
	str_add(text, fix_message);
	return 0;
}

void
workdir_remove(const struct sandbox_host *h, int64_t project, int64_t run,
    sandbox_done_fn *done, void *arg)
{
	(void)project;
	(void)run;
	fix_removed++;
	fake_later(h->loop, NULL, done, arg);
}

/* Nothing is kept from run to run. */
int
workdir_keep_make(const struct sandbox_host *h, int64_t project,
    const char *name, sandbox_done_fn *pruned, struct err *e)
{
	(void)h;
	(void)project;
	(void)name;
	(void)pruned;
	return err_set(e, ERR_NOTFOUND, "no workspace");
}

int
workdir_keep_look(const struct sandbox_host *h, int64_t project,
    const char *name, const char *id, struct err *e)
{
	(void)h;
	(void)project;
	(void)name;
	(void)id;
	return err_set(e, ERR_NOTFOUND, "no workspace");
}

void
workdir_keep_remove(const struct sandbox_host *h, int64_t project,
    const char *name, sandbox_done_fn *done, void *arg)
{
	(void)project;
	(void)name;
	fake_later(h->loop, NULL, done, arg);
}

#endif
