/*
 * look_fake: what a look into one of sandbox_fake's sandboxes sees: some work,
 * or none when it is idle.
 */
#ifndef TESTS_UNIT_AGENTD_LOOK_FAKE_H
#define TESTS_UNIT_AGENTD_LOOK_FAKE_H

#include "agentd/sandbox/look.h"
#include "lib/io/loop.h"

struct sandbox_fake_look {
	struct sandboxes *m;
	look_done_fn *done;
	void *arg;
};

static inline void
sandbox_fake_looked(void *arg)
{
	struct sandbox_fake_look *l = arg;
	struct look seen = { .n = 1, .files = 2 };

	if (l->m->idle)
		seen = (struct look){ .n = 0 };
	(void)snprintf(seen.clones[0].path, LOOK_TEXT, "app");
	seen.clones[0].unpushed = 3;
	l->done(NULL, &seen, l->arg);
	free(l);
}

void
sandbox_look(struct sandboxes *m, int64_t id, look_done_fn *done, void *arg)
{
	struct sandbox_fake_look *l = xcalloc(1, sizeof(*l));

	(void)id;
	*l = (struct sandbox_fake_look){ m, done, arg };
	loop_defer(m->loop, sandbox_fake_looked, l);
}

#endif
