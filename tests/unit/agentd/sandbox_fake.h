/*
 * sandbox_fake: the sandboxes of projects without any: what a test links
 * instead of agentd/sandbox/sandbox.c.  One state for all projects.
 */
#ifndef TESTS_UNIT_AGENTD_SANDBOX_FAKE_H
#define TESTS_UNIT_AGENTD_SANDBOX_FAKE_H

#include <stdio.h>
#include <stdlib.h>

#include "agentd/sandbox/sandbox.h"
#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/io/loop.h"

struct sandboxes {
	struct loop *loop;
	enum sandbox_state state;
	int starts, stops, destroys, attached;
	int renewals, pauses, judged, failing; /* so many starts fail */
	bool refuses;                          /* sandbox_judge */
	bool kept; /* the last start kept the session's token */
	bool up;   /* a session lives, whatever the state */
	bool full; /* sandbox_drop_token finds no room */
	bool idle; /* sandbox_look finds nothing */
	bool slow; /* a start waits for sandbox_fake_tell(late) */
	struct sandbox_fake_done *late;
	int64_t generation; /* of the one there is; -1: none */
	const char *runtime;
	char branch[64], mode[8], gitconfig[512]; /* of the last start */
	int attach_fd; /* sandbox_attach hands it out, then -1; -1: none */
	struct driver_exec_spec exec;
};

struct sandbox_fake_done {
	struct sandboxes *m;
	enum sandbox_state then;
	bool fails;
	sandbox_done_fn *done;
	void *arg;
};

static inline void
sandbox_fake_tell(void *arg)
{
	struct sandbox_fake_done *d = arg;
	struct err e = ERR_INIT;

	if (d->fails)
		(void)err_set(&e, ERR_IO, "no loop device");
	else
		d->m->state = d->then;
	d->done(d->fails ? &e : NULL, d->arg);
	free(d);
}

static inline void
sandbox_fake_later(struct sandboxes *m, enum sandbox_state then, bool fails,
    sandbox_done_fn *done, void *arg)
{
	struct sandbox_fake_done *d = xcalloc(1, sizeof(*d));

	*d = (struct sandbox_fake_done){ m, then, fails, done, arg };
	m->late = d;
	if (!m->slow || then != SANDBOX_RUNNING)
		loop_defer(m->loop, sandbox_fake_tell, d);
}

void
sandbox_start(struct sandboxes *m, const struct sandbox_project *p,
    sandbox_done_fn *done, void *arg)
{
	m->starts++;
	(void)snprintf(m->mode, sizeof(m->mode), "%s", p->mode);
	m->kept = p->gitconfig == NULL;
	(void)snprintf(m->gitconfig, sizeof(m->gitconfig), "%s",
	    p->gitconfig != NULL ? p->gitconfig : "");
	sandbox_fake_later(m, SANDBOX_RUNNING, m->failing > 0, done, arg);
	if (m->failing > 0)
		m->failing--;
}

void
sandbox_recreate(struct sandboxes *m, const struct sandbox_project *p,
    sandbox_done_fn *done, void *arg)
{
	m->renewals++;
	m->generation = p->generation;
	(void)snprintf(m->gitconfig, sizeof(m->gitconfig), "%s",
	    p->gitconfig != NULL ? p->gitconfig : "");
	sandbox_fake_later(m, SANDBOX_RUNNING, false, done, arg);
}

void
sandbox_judge(struct sandboxes *m, const struct sandbox_project *p,
    sandbox_done_fn *done, void *arg)
{
	(void)p;
	m->judged++;
	sandbox_fake_later(m, m->state, m->refuses, done, arg);
}

void
sandbox_pause(struct sandboxes *m, int64_t id, bool frozen,
    sandbox_done_fn *done, void *arg)
{
	(void)id;
	m->pauses++;
	sandbox_fake_later(
	    m, frozen ? SANDBOX_PAUSED : SANDBOX_RUNNING, false, done, arg);
}

int
sandbox_set_branch(
    struct sandboxes *m, int64_t id, const char *branch, struct err *e)
{
	(void)id;
	(void)e;
	(void)snprintf(m->branch, sizeof(m->branch), "%s", branch);
	return 0;
}

int64_t
sandbox_generation(const struct sandboxes *m, int64_t id)
{
	(void)id;
	return m->generation;
}

const char *
sandbox_cause(const struct sandboxes *m, int64_t id)
{
	(void)id;
	return m->refuses ? "refused" : "";
}

const char *
sandbox_root(const struct sandboxes *m, int64_t id)
{
	(void)m;
	(void)id;
	return NULL;
}

const char *
sandbox_runtime(const struct sandboxes *m, int64_t id)
{
	(void)id;
	return m->runtime;
}

const char *
sandbox_gpus(const struct sandboxes *m, int64_t id)
{
	(void)m;
	(void)id;
	return NULL;
}

const char *const *
sandbox_shares(const struct sandboxes *m, int64_t id)
{
	static const char *const none[] = { NULL };

	(void)m;
	(void)id;
	return none;
}

const char *
sandbox_state_name(enum sandbox_state s)
{
	return s == SANDBOX_PAUSED ? "paused" : "running";
}

void
sandbox_stop(struct sandboxes *m, int64_t id, sandbox_done_fn *done, void *arg)
{
	(void)id;
	m->stops++;
	sandbox_fake_later(m, SANDBOX_STOPPED, false, done, arg);
}

void
sandbox_destroy(
    struct sandboxes *m, int64_t id, sandbox_done_fn *done, void *arg)
{
	(void)id;
	m->destroys++;
	sandbox_fake_later(m, SANDBOX_STOPPED, false, done, arg);
}

enum sandbox_state
sandbox_state(const struct sandboxes *m, int64_t id)
{
	(void)id;
	return m->state;
}

int
sandbox_netns(
    struct sandboxes *m, int64_t id, char out[HOST_NAME_MAX], struct err *e)
{
	if (m->state != SANDBOX_RUNNING)
		return err_set(e, ERR_NOTFOUND, "not running");
	(void)snprintf(out, HOST_NAME_MAX, "coffer-0000-p%lld", (long long)id);
	return 0;
}

const char *
sandbox_gitconfig(const struct sandboxes *m, int64_t id)
{
	(void)id;
	return m->gitconfig;
}

const char sandbox_attach_script[] = "exec bash -l";

struct driver_exec *
sandbox_attach(struct sandboxes *m, int64_t id,
    const struct driver_exec_spec *x, int *fd, struct err *e)
{
	(void)id;
	m->attached++;
	if (m->attach_fd == -1) {
		(void)err_set(e, ERR_NOTFOUND, "no session");
		return NULL;
	}
	m->exec = *x;
	*fd = m->attach_fd;
	m->attach_fd = -1;
	return (struct driver_exec *)(void *)m;
}

#include "tests/unit/agentd/look_fake.h"
#include "tests/unit/agentd/session_fake.h"
#endif
