#include "server/jobs/pack_sweep.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/view.h"
#include "lib/io/child.h"
#include "lib/io/loop.h"
#include "lib/io/timer.h"
#include "server/git/git_env.h"

enum {
	PACKSWEEP_EVERY_MS = 20 * 1000,
	PACKSWEEP_LEAST_MS = 1000,
	PACKSWEEP_LIMIT_MS = 10 * 60 * 1000,
	PACKSWEEP_OUTPUT_MAX = 4096
};

struct pack_sweep {
	struct pack_sweep_spec spec;
	struct timer *timer;
	struct child *child;
	char *last; /* what the last one said */
};

/* Its line is numbers behind names; still it is another process's. */
static void
packsweep_log(struct pack_sweep *s, const struct child_exit *x)
{
	struct view line = view_trim(
	    (struct view){ .p = x->out, .len = x->outlen });
	AUTO_FREE char *text = view_dup(line);

	for (char *p = text; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	if (s->last != NULL && strcmp(s->last, text) == 0)
		return;
	if (s->last != NULL ||
	    strstr(text, "bytes=0 found=0 removed=0 ") != text)
		log_info("packs sweep %s", text);
	free(s->last);
	s->last = STEAL(text);
}

static void
packsweep_on_exit(const struct child_exit *x, void *arg)
{
	struct pack_sweep *s = arg;
	struct err e = ERR_INIT;

	s->child = NULL;
	if (child_check(x, "sweep of packs", &e) == -1)
		log_warn("packs sweep-failed err=%s", log_val(e.msg));
	else
		packsweep_log(s, x);
	timer_set(s->timer, s->spec.every_ms);
}

static void
packsweep_start(void *arg)
{
	struct pack_sweep *s = arg;
	AUTO_FREE char *max = xasprintf("%" PRIu64, s->spec.max);
	AUTO_FREE char *age = xasprintf("%" PRId64, s->spec.age_ms);
	const char *argv[] = { gitenv_packs_program(s->spec.env), "--sweep",
		gitenv_packs(s->spec.env), gitenv_repos(s->spec.env), max, age,
		NULL };
	static const char *const envp[] = { "LC_ALL=C", NULL };
	const struct child_spec spec = { .argv = argv,
		.envp = envp,
		.in = CHILD_NULL,
		.out = CHILD_COLLECT,
		.err = CHILD_COLLECT,
		.max_output = PACKSWEEP_OUTPUT_MAX,
		.limit_ms = PACKSWEEP_LIMIT_MS,
		.on_exit = packsweep_on_exit,
		.arg = s };
	struct err e = ERR_INIT;

	if (child_start(s->spec.loop, &spec, &s->child, &e) == 0)
		return;
	log_warn("packs sweep-failed err=%s", log_val(e.msg));
	s->child = NULL;
	timer_set(s->timer, s->spec.every_ms);
}

struct pack_sweep *
packsweep_new(const struct pack_sweep_spec *spec)
{
	struct pack_sweep *s;

	if (gitenv_packs_program(spec->env) == NULL)
		return NULL;
	s = xcalloc(1, sizeof(*s));
	s->spec = *spec;
	if (s->spec.every_ms == 0)
		s->spec.every_ms = spec->age_ms < PACKSWEEP_EVERY_MS
		    ? spec->age_ms
		    : PACKSWEEP_EVERY_MS;
	if (s->spec.every_ms < PACKSWEEP_LEAST_MS)
		s->spec.every_ms = PACKSWEEP_LEAST_MS;
	s->timer = timer_new(spec->loop, packsweep_start, s);
	timer_set(s->timer, 0);
	return s;
}

void
packsweep_free(struct pack_sweep *s)
{
	if (s == NULL)
		return;
	if (s->child != NULL)
		child_forget(s->child);
	timer_free(s->timer);
	free(s->last);
	free(s);
}
