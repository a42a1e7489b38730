/*
 * driver_fake: a driver without containers.  start makes the folder as a shim
 * would and, by plan, ends at once or stays alive until test_end or a kill;
 * the FIFOs are held open by the test itself.  Keeps what was asked for.
 */
#ifndef TESTS_UNIT_AGENTD_DRIVER_FAKE_H
#define TESTS_UNIT_AGENTD_DRIVER_FAKE_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/sandbox/driver.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/io/loop.h"
#include "tests/unit/agentd/shim_fake.h"

struct fake_started {
	struct err e;
	sandbox_done_fn *done;
	void *arg;
};

static inline void
fake_tell(void *arg)
{
	struct fake_started *s = arg;

	s->done(s->e.code == ERR_NONE ? NULL : &s->e, s->arg);
	free(s);
}

static inline void
fake_later(struct loop *l, const char *fail, sandbox_done_fn *done, void *arg)
{
	struct fake_started *s = xcalloc(1, sizeof(*s));

	s->done = done;
	s->arg = arg;
	if (fail != NULL)
		(void)err_set(&s->e, ERR_IO, "%s", fail);
	loop_defer(l, fake_tell, s);
}

static inline int
fake_probe(const struct sandbox_host *h, struct err *e)
{
	(void)h;
	(void)e;
	return 0;
}

static inline void
fake_note(const struct sandbox_spec *s, const char *dir, struct str *line)
{
	struct fake_driver *d = &fake_driver_state;

	str_addf(line, "%s net=%d", fake_phase(dir), (int)s->net);
	for (size_t i = 0; i < s->n_mounts; i++)
		str_addf(line, " %s:%s", s->mounts[i].target,
		    s->mounts[i].ro ? "ro" : "rw");
	if (s->runtime != NULL)
		str_addf(line, " runtime=%s", s->runtime);
	str_addc(line, '\n');
	str_reset(&d->gitconfig);
	if (s->n_files > 0)
		str_add(&d->gitconfig, s->files[0].text);
	d->wall_ms = s->limits.wall_ms;
}

static inline void
fake_start(const struct sandbox_host *h, const struct sandbox_spec *s,
    const char *dir, sandbox_done_fn *done, void *arg)
{
	const struct fake_plan *p = fake_plan(fake_phase(dir));
	const struct shim_exit good = { .started_at = 1, .ended_at = 2 };
	AUTO_STR struct str line = STR_INIT;
	struct fake_live *l;
	struct err e = ERR_INIT;

	fake_note(s, dir, &line);
	if (!s->hold)
		str_add(&fake_driver_state.started, str_cstr(&line));
	if (p != NULL && p->fail != NULL) {
		fake_later(h->loop, p->fail, done, arg);
		return;
	}
	if (path_mkdirs(dir, 0711, &e) == -1)
		abort();
	fake_put(dir, "shim.json", "{}", 2);
	if (p != NULL && p->output != NULL)
		fake_put(dir, "out.log", p->output, strlen(p->output));
	else
		fake_put(dir, "out.log", "", 0);
	if (!s->hold)
		fake_put(dir, "started", "", 0);
	if (s->hold || (p != NULL && p->stays)) {
		l = &fake_driver_state.live[fake_driver_state.n_live++];
		(void)snprintf(l->dir, sizeof(l->dir), "%s", dir);
		l->alive = fake_fifo(dir, "alive");
		l->ctl = fake_fifo(dir, "ctl");
		l->line = s->hold ? xstrdup(str_cstr(&line)) : NULL;
	} else {
		fake_write_exit(dir, p != NULL ? &p->exit : &good);
	}
	fake_later(h->loop, NULL, done, arg);
}

static inline int
fake_go(const char *dir, struct err *e)
{
	const char *phase = fake_phase(dir);
	const struct fake_plan *p = fake_plan(phase);
	const struct shim_exit good = { .started_at = 1, .ended_at = 2 };
	struct fake_live *l = fake_held(phase);

	if (l == NULL && fake_live(phase) != NULL)
		return 0;
	if (l == NULL)
		return err_set(e, ERR_NOTFOUND, "%s is gone", dir);
	str_add(&fake_driver_state.started, l->line);
	fake_let_go(l);
	fake_put(dir, "started", "", 0);
	if (p == NULL || !p->stays)
		fake_end(phase, p != NULL ? &p->exit : &good);
	return 0;
}

static inline int
fake_kill(const char *dir, bool now, struct err *e)
{
	struct shim_exit x = {
		.exit_code = -1, .signal = 15, .stopped = true, .started_at = 1
	};

	(void)e;
	str_addf(&fake_driver_state.killed, "%s%s\n", fake_phase(dir),
	    now ? " now" : "");
	if (fake_held(fake_phase(dir)) != NULL) {
		fake_let_go(fake_held(fake_phase(dir)));
		x.started_at = 0;
	}
	if (!fake_driver_state.deaf && fake_live(fake_phase(dir)) != NULL)
		fake_end(fake_phase(dir), &x);
	return 0;
}

static inline void
fake_destroy(const struct sandbox_host *h, const char *id, const char *dir,
    sandbox_done_fn *done, void *arg)
{
	static const char *const names[] = { "alive", "ctl", "shim.json",
		"started", NULL };

	(void)id;
	if (fake_held(fake_phase(dir)) != NULL) {
		fake_let_go(fake_held(fake_phase(dir)));
		fake_end(fake_phase(dir), NULL);
	}
	for (size_t i = 0; names[i] != NULL; i++) {
		AUTO_FREE char *path = path_join(dir, names[i]);

		(void)unlink(path);
	}
	fake_driver_state.destroyed++;
	fake_later(h->loop, NULL, done, arg);
}

static const struct driver fake_driver = {
	.name = "fake",
	.probe = fake_probe,
	.start = fake_start,
	.go = fake_go,
	.kill = fake_kill,
	.destroy = fake_destroy,
};

static inline void
fake_driver_reset(void)
{
	struct fake_driver *d = &fake_driver_state;

	for (unsigned i = 0; i < d->n_live; i++) {
		free(d->live[i].line);
		if (d->live[i].alive != -1) {
			(void)close(d->live[i].alive);
			(void)close(d->live[i].ctl);
		}
	}
	str_release(&d->started);
	str_release(&d->gitconfig);
	str_release(&d->killed);
	*d = (struct fake_driver){ .destroyed = 0 };
}

#endif
