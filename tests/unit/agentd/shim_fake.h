/*
 * shim_fake: the folder of a container as its shim would leave it, without a
 * shim: the FIFOs of one that lives are held open by the test itself.
 */
#ifndef TESTS_UNIT_AGENTD_SHIM_FAKE_H
#define TESTS_UNIT_AGENTD_SHIM_FAKE_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/sandbox/shim.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

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
	char *line; /* held: of `started`, when it is let go */
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

		if (l->alive != -1 && l->line == NULL &&
		    strcmp(fake_phase(l->dir), phase) == 0)
			return l;
	}
	return NULL;
}

static inline struct fake_live *
fake_held(const char *phase)
{
	for (unsigned i = 0; i < fake_driver_state.n_live; i++) {
		struct fake_live *l = &fake_driver_state.live[i];

		if (l->alive != -1 && l->line != NULL &&
		    strcmp(fake_phase(l->dir), phase) == 0)
			return l;
	}
	return NULL;
}

static inline void
fake_let_go(struct fake_live *l)
{
	free(l->line);
	l->line = NULL;
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

#endif
