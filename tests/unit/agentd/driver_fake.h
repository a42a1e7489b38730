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

enum {
	FAKE_PHASES = 6,
	FAKE_STARTS_MAX = 32
};

/* How a phase ends; NULL name ends the list. */
struct fake_plan {
	const char *phase;
	const char *fail; /* start itself fails so */
	const char *output;
	bool stays; /* until it is ended */
	struct shim_exit exit;
};

struct fake_live {
	char dir[400];
	int alive, ctl;
};

struct fake_driver {
	struct fake_plan plan[FAKE_PHASES];
	struct fake_live live[FAKE_STARTS_MAX];
	unsigned n_live;
	struct str started; /* one line per start: phase, mounts, net */
	struct str gitconfig;
	struct str killed;
	bool deaf; /* kill is not heard */
	unsigned destroyed;
	int64_t wall_ms; /* of the last one */
};

extern struct fake_driver fake_driver_state;

static inline const char *
fake_phase(const char *dir)
{
	return strrchr(dir, '/') + 1;
}

static inline struct fake_plan *
fake_plan(const char *phase)
{
	for (int i = 0; i < FAKE_PHASES; i++) {
		struct fake_plan *p = &fake_driver_state.plan[i];

		if (p->phase != NULL && strcmp(p->phase, phase) == 0)
			return p;
	}
	return NULL;
}

static inline void
fake_put(const char *dir, const char *leaf, const char *text, size_t n)
{
	AUTO_FREE char *path = path_join(dir, leaf);
	struct err e = ERR_INIT;

	if (path_write_atomic(path, text, n, 0600, &e) == -1) {
		fprintf(stderr, "%s\n", e.msg);
		abort();
	}
}

static inline void
fake_write_exit(const char *dir, const struct shim_exit *x)
{
	AUTO_STR struct str text = STR_INIT;

	shim_exit_write(x, &text);
	fake_put(dir, "exit.json", str_cstr(&text), text.len);
}

static inline int
fake_fifo(const char *dir, const char *leaf)
{
	AUTO_FREE char *path = path_join(dir, leaf);

	(void)mkfifo(path, 0600);
	return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

static inline struct fake_live *
fake_live(const char *phase)
{
	for (unsigned i = 0; i < fake_driver_state.n_live; i++) {
		struct fake_live *l = &fake_driver_state.live[i];

		if (l->alive != -1 && strcmp(fake_phase(l->dir), phase) == 0)
			return l;
	}
	return NULL;
}

/* x NULL: it vanishes without a trace, as in a reboot. */
static inline void
fake_end(const char *phase, const struct shim_exit *x)
{
	struct fake_live *l = fake_live(phase);

	if (l == NULL)
		abort();
	if (x != NULL)
		fake_write_exit(l->dir, x);
	(void)close(l->alive);
	(void)close(l->ctl);
	l->alive = l->ctl = -1;
}

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
fake_note(const struct sandbox_spec *s, const char *dir)
{
	struct fake_driver *d = &fake_driver_state;

	str_addf(&d->started, "%s net=%d", fake_phase(dir), (int)s->net);
	for (size_t i = 0; i < s->n_mounts; i++)
		str_addf(&d->started, " %s:%s", s->mounts[i].target,
		    s->mounts[i].ro ? "ro" : "rw");
	str_addc(&d->started, '\n');
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
	struct fake_live *l;
	struct err e = ERR_INIT;

	fake_note(s, dir);
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
	fake_put(dir, "started", "", 0);
	if (p != NULL && p->stays) {
		l = &fake_driver_state.live[fake_driver_state.n_live++];
		(void)snprintf(l->dir, sizeof(l->dir), "%s", dir);
		l->alive = fake_fifo(dir, "alive");
		l->ctl = fake_fifo(dir, "ctl");
	} else {
		fake_write_exit(dir, p != NULL ? &p->exit : &good);
	}
	fake_later(h->loop, NULL, done, arg);
}

static inline int
fake_kill(const char *dir, bool now, struct err *e)
{
	const struct shim_exit x = {
		.exit_code = -1, .signal = 15, .stopped = true, .started_at = 1
	};

	(void)e;
	str_addf(&fake_driver_state.killed, "%s%s\n", fake_phase(dir),
	    now ? " now" : "");
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
	.kill = fake_kill,
	.destroy = fake_destroy,
};

static inline void
fake_driver_reset(void)
{
	struct fake_driver *d = &fake_driver_state;

	for (unsigned i = 0; i < d->n_live; i++) {
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
